"""``runner verify``."""

from functools import partial
from typing import TYPE_CHECKING

import click

from runner.cli import completing
from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, sandbox_options_option, workplace
from runner.core.counting import noun

if TYPE_CHECKING:
    from runner.app.file_findings import Finding
    from runner.app.verifying import Verified


@click.command("verify", short_help="Check every file against its recorded size and SHA-256.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--repair", is_flag=True, help="Fetch again what is gone or damaged, free of charge.")
@sandbox_options_option
@sandbox_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, *, batch: str, repair: bool, sandbox_options: str, sandbox: bool, as_json: bool
) -> None:
    """Check the files of BATCH against what is recorded of them. Exit 1 if any is gone or damaged.

    --repair downloads those again; what stands in their place is kept in removed/, never overwritten.
    """
    from runner.app import mending, verifying  # noqa: PLC0415 - heavy imports inside the command

    where, tell = workplace(ctx, sandbox=sandbox), partial(_show, as_json=as_json)
    if repair:
        verified = mending.repair(where, batch, sandbox_options, tell)
    else:
        verified = verifying.verify(where, batch, tell)
    repairing = None if repair else where.call(verified.batch, "").of_batch("verify", "--repair")
    _conclude(verified, repairing, as_json=as_json)
    ctx.exit(verified.exit_code)


def _show(finding: "Finding", *, as_json: bool) -> None:
    if as_json:
        words = {"path": finding.path, "job_id": finding.job_id}
        show_json(words | {"state": finding.state.value, "reason": finding.reason})
    else:
        show(f"{finding.state.value:<10}  {finding.path}  {finding.reason}")


def _conclude(verified: "Verified", repairing: str | None, *, as_json: bool) -> None:
    counts = {"files": verified.files, "bytes": verified.bytes, "damaged": verified.damaged}
    if as_json:
        show_json({"batch": verified.batch} | counts | {"remaining": verified.remaining})
    else:
        show(
            f"{verified.batch}: {verified.files} {noun(verified.files, 'file')} ({verified.bytes / 1e6:.1f} MB), {_result(verified)}"
        )
    for note in verified.notes:
        say(note)
    if verified.stopped is not None:
        say(f"stopped: {verified.stopped}")
    if verified.remaining and repairing is not None:
        say(f"`{repairing}` fetches {noun(verified.remaining, 'it', 'them')} again, free of charge")


def _result(verified: "Verified") -> str:
    if not verified.damaged:
        return "all as recorded"
    repaired = verified.damaged - verified.remaining
    return f"{verified.damaged} gone or damaged" + (f", {repaired} of them repaired" if repaired else "")
