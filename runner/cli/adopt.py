"""``runner adopt``."""

from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace

if TYPE_CHECKING:
    from runner.app.adopting import Adopted
    from runner.app.desk import Decision


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

    adopted = adopt(workplace(ctx, sandbox=sandbox), manifest, partial(_show, as_json=as_json))
    if as_json:
        counts = {name: getattr(adopted, name) for name in ("jobs", "files", "credits", "missed", "problems")}
        show_json(
            {"batch": adopted.batch} | counts | {"known": adopted.known, "strangers": adopted.strangers}
        )
    for line in _lines(adopted):
        (say if as_json else show)(line)
    ctx.exit(adopted.exit_code)


def _show(decision: "Decision", *, as_json: bool) -> None:
    if as_json:
        show_json({"job_id": decision.job_id, "state": decision.state.value, "note": decision.note})
    elif decision.is_left:
        show(f"{decision.job_id}  {decision.state.value:<8}  {decision.note}")


def _lines(adopted: "Adopted") -> list[str]:
    more = adopted.problems - len(adopted.shown)
    taken = (
        f"{adopted.jobs} jobs taken over with {adopted.files} files; {adopted.credits} credits count as spent"
    )
    notes = {
        f"{adopted.known} jobs had their result already": adopted.known,
        f"{adopted.missed} jobs are paid for but lack a file: `runner retry {adopted.batch} --failed` asks for it, "
        "free of charge": adopted.missed,
        f"{adopted.strangers} jobs of the tree are not in this manifest: their files stay": adopted.strangers,
        f"... and {more} more rows or jobs that cannot be used": more,
        f"the list as it was is kept in {adopted.kept}": adopted.kept is not None,
    }
    return [*adopted.shown, f"{adopted.batch}: {taken}", *(note for note, holds in notes.items() if holds)]
