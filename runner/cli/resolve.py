"""``runner resolve``."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from runner.cli import completing
from runner.cli.options import json_option, sandbox_option, workplace


@click.command("resolve", short_help="Decide jobs whose submission has an unknown outcome.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--accept-loss", is_flag=True, help="Give them up: failed, and their credits count as spent.")
@click.option("--resubmit", is_flag=True, help="Pay once more at the next run; both submissions count.")
@click.option(
    "--task-id", "pairs", metavar="JOB=TASK", multiple=True, help="The submission became this task."
)
@click.option(
    "--job", "jobs", metavar="ID", multiple=True, help="Only this job; its id or the beginning of it."
)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, batch: str, **given: Any) -> None:
    """Say what became of submissions of BATCH whose outcome is unknown: of all, or of each --job.

    Nothing is sent. --task-id also confirms the task of a running job that shows another request than expected.
    """
    from runner.app import deciding  # noqa: PLC0415 - heavy imports inside the command
    from runner.cli.decided import conclude, show_decision  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    if asked.accept_loss + asked.resubmit + bool(asked.pairs) != 1:
        raise click.UsageError("give one of --accept-loss, --resubmit and --task-id JOB=TASK", ctx)
    if asked.pairs and asked.jobs:
        raise click.UsageError("--task-id names its job itself: leave out --job", ctx)
    tell = partial(show_decision, as_json=asked.as_json)
    where = workplace(ctx, sandbox=asked.sandbox)
    if asked.pairs:
        decided = deciding.attach(where, batch, asked.pairs, tell)
    else:
        ruling = deciding.Ruling.ACCEPT_LOSS if asked.accept_loss else deciding.Ruling.RESUBMIT
        decided = deciding.resolve(where, batch, ruling, asked.jobs, tell)
    conclude(ctx, where, decided, "there is no submission with an unknown outcome", as_json=asked.as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    accept_loss: bool
    resubmit: bool
    pairs: tuple[str, ...]
    jobs: tuple[str, ...]
    sandbox: bool
    as_json: bool
