"""``runner jobs``."""

import click

from runner.cli import completing
from runner.cli.edge import show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.model import JobState
from runner.core.records import JobRecord
from runner.core.safe_text import for_terminal

_PROMPT_CHARS = 48
_ERROR_CHARS = 120


@click.command("jobs", short_help="The jobs of a batch, a line each.")
@click.argument("batch", shell_complete=completing.batches)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in JobState]),
    help="Only these.",
)
@click.option("--prompt", metavar="ID", help="Only the jobs of this prompt.")
@sandbox_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    batch: str,
    states: tuple[str, ...],
    prompt: str | None,
    sandbox: bool,
    as_json: bool,
) -> None:
    """List the jobs of BATCH (its name, or the path of its manifest)."""
    from runner.app import inspecting  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.payload import job_json  # noqa: PLC0415 - heavy imports inside the command
    from runner.store.records import Selection  # noqa: PLC0415 - heavy imports inside the command

    only = {} if prompt is None else {"prompt": prompt}
    selection = Selection(states=tuple(JobState(state) for state in states), only=only)
    for record in inspecting.jobs(workplace(ctx, sandbox=sandbox), batch, selection):
        if as_json:
            show_json(job_json(record))
        else:
            show(_line(record))


def _line(record: JobRecord) -> str:
    job = record.job
    removed = " (removed)" if job.removed else ""
    error = "" if record.error is None else f"  ! {for_terminal(record.error, _ERROR_CHARS)}"
    prompt = for_terminal(job.prompt, _PROMPT_CHARS)
    return (
        f"{job.job_id}  {job.state.value:<10}{removed}  {job.path}  {job.mode} {job.ratio}  {prompt}{error}"
    )
