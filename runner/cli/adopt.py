"""``runner adopt``."""

from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.counting import noun
from runner.report.next_steps import row

if TYPE_CHECKING:
    from runner.app.adopting import Adopted
    from runner.app.desk import Decision
    from runner.core.advice import Invocation


@click.command("adopt", short_help="Take over the files of a tree whose state was lost.")
@click.argument("manifest", type=click.Path())
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, *, manifest: str, sandbox: bool, as_json: bool) -> None:
    """Take over what the output directory of MANIFEST holds, after hashing every file; free of charge.

    Exit 1 if something that the tree's metadata names could not be taken over.
    """
    from runner.app.adopting import adopt  # noqa: PLC0415 - heavy imports inside the command

    place = workplace(ctx, sandbox=sandbox)
    adopted = adopt(place, manifest, partial(_show, as_json=as_json))
    if as_json:
        counts = {name: getattr(adopted, name) for name in ("jobs", "files", "credits", "missed", "problems")}
        show_json(
            {"batch": adopted.batch} | counts | {"known": adopted.known, "strangers": adopted.strangers}
        )
    for line in _lines(adopted, place.call(adopted.batch, manifest)):
        (say if as_json else show)(line)
    ctx.exit(adopted.exit_code)


def _show(decision: "Decision", *, as_json: bool) -> None:
    if as_json:
        show_json({"job_id": decision.job_id, "state": decision.state.value, "note": decision.note})
    elif decision.is_left:
        show(f"{decision.job_id}  {decision.state.value:<8}  {decision.note}")


def _lines(adopted: "Adopted", call: "Invocation") -> list[str]:
    more = adopted.problems - len(adopted.shown)
    taken = (
        f"{_jobs(adopted.jobs)} taken over with {adopted.files} {noun(adopted.files, 'file')}; "
        f"{adopted.credits} credits count as spent"
    )
    notes = {
        f"{_jobs(adopted.known)} had {noun(adopted.known, 'its', 'their')} result already": adopted.known,
        f"{_jobs(adopted.missed)} {noun(adopted.missed, 'is paid for but lacks', 'are paid for but lack')} a file: "
        f"`{call.of_batch('retry', '--failed')}` asks for it, "
        "free of charge": adopted.missed,
        f"{_jobs(adopted.strangers)} of the tree {noun(adopted.strangers, 'is not in this manifest: its', 'are not in this manifest: their')} files stay": adopted.strangers,
        f"... and {more} more {noun(more, 'row or job', 'rows or jobs')} that cannot be used": more,
        f"the list as it was is kept in {adopted.kept}": adopted.kept is not None,
    }
    whole = row("next", "what is still to make, and what it costs:", call.of_manifest("plan"))
    lines = [*adopted.shown, f"{adopted.batch}: {taken}", *(note for note, holds in notes.items() if holds)]
    return [*lines, *whole]


def _jobs(number: int) -> str:
    return f"{number} {noun(number, 'job')}"
