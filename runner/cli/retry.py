"""``runner retry``."""

from dataclasses import dataclass
from typing import Any

import click

from runner.cli import completing
from runner.cli.options import json_option, sandbox_option, sandbox_options_option, workplace


@click.command("retry", short_help="Put failed jobs back to pending, for a further paid attempt.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--failed", is_flag=True, help="Every failed job.")
@click.option(
    "--job", "jobs", metavar="ID", multiple=True, help="This failed job; its id or the beginning of it."
)
@sandbox_options_option
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, batch: str, **given: Any) -> None:
    """Let failed jobs of BATCH be paid for once more at the next `run`, within the budget.

    Nothing is spent here. The service is asked about each known task first: what it has completed after all is fetched
    instead of paid for again.
    """
    from runner.app.retrying import RetryWishes, retry  # noqa: PLC0415 - heavy imports inside the command
    from runner.cli.decided import conclude, show_decision  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    if not asked.failed and not asked.jobs:
        raise click.UsageError("say which jobs: --failed for all of them, or --job ID", ctx)
    decided = retry(
        workplace(ctx, sandbox=asked.sandbox),
        batch,
        RetryWishes(asked.jobs, asked.sandbox_options),
        lambda decision: show_decision(decision, as_json=asked.as_json),
    )
    conclude(ctx, decided, "there is no failed job", as_json=asked.as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    failed: bool
    jobs: tuple[str, ...]
    sandbox_options: str
    sandbox: bool
    as_json: bool
