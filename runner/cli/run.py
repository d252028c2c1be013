"""``runner run``."""

import contextlib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from runner.cli import logs, options
from runner.cli.edge import say
from runner.cli.options import json_option, sandbox_option, workplace
from runner.cli.root import Globals
from runner.core.errors import UsageError
from runner.core.events import RunEvent
from runner.core.money import Budget
from runner.core.plan import Plan
from runner.core.safe_text import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command("run", short_help="Make what is missing; run it again to resume.")
@click.argument("manifest", type=click.Path())
@click.option("--budget", type=options.budget, help="Replaces the manifest's cap (4000, 40usd) from now on.")
@click.option("--fit", is_flag=True, help="Spend what the budget allows, in order, instead of refusing.")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many new submissions in this call.")
@click.option("--only", metavar="KEY=VALUE,...", help="Submit only these jobs, e.g. mode=fun,prompt=animals.")
@click.option(
    "--deadline",
    type=options.duration_s,
    metavar="DURATION",
    help="Stop submitting then (2h); finish what runs.",
)
@click.option(
    "--canary/--no-canary",
    default=None,
    help="Send the first job of each mode (and of those with images) alone before the rest, whatever the number of "
    "jobs, or none; by default as limits.canary says.",
)
@click.option("--yes", is_flag=True, help="Spend without a budget, unasked.")
@click.option(
    "--accept-base-url",
    is_flag=True,
    help="The service has moved: pay this batch at the manifest's base_url.",
)
@click.option(
    "--sandbox-options", metavar="K=V,...", default="", help="Of the embedded service, e.g. faults=1%,seed=7."
)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, manifest: str, **given: Any) -> None:
    """Make what MANIFEST asks for and is missing: submit, poll, download. The same command resumes it."""
    from runner.app import preflight, running  # noqa: PLC0415 - heavy imports inside the command
    from runner.app.planning import Wishes  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.filters import parse_only  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.summary import advice, status_text  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    wanted = preflight.RunWishes(
        wishes=Wishes(asked.budget, parse_only(asked.only), asked.limit, examples=0),
        fit=asked.fit,
        deadline_s=asked.deadline,
        accept_base_url=asked.accept_base_url,
        confirm=lambda plan: asked.yes or _ask(plan),
        sandbox_options=asked.sandbox_options,
        canary=asked.canary,
    )
    tell = _teller(ctx.find_root().obj, as_json=asked.as_json)
    finished = running.run(workplace(ctx, sandbox=asked.sandbox), manifest, wanted, tell)
    if not asked.as_json:
        _print(for_terminal(status_text(finished.standing), keep_newlines=True))
    for line in (*finished.reasons, *finished.notes, *advice(finished.standing)):
        say(line)
    ctx.exit(finished.exit_code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name; ``deadline`` in seconds."""

    budget: Budget | None
    fit: bool
    limit: int | None
    only: str | None
    deadline: float | None
    canary: bool | None
    yes: bool
    accept_base_url: bool
    sandbox_options: str
    sandbox: bool
    as_json: bool


def _ask(plan: Plan) -> bool:
    from runner.report.payload import dollars  # noqa: PLC0415 - heavy imports inside the command

    cost = f"up to {plan.needed} credits (about {dollars(plan.quoted, plan.needed)})"
    if not sys.stdin.isatty():
        raise UsageError(f"there is no budget, and nobody to ask: give --budget, or --yes to spend {cost}")
    return click.confirm(f"This spends {cost}. Continue?", err=True)


def _teller(settings: Globals, *, as_json: bool) -> "Callable[[RunEvent], None]":
    from runner.report.progress import Lines, json_line, names_a_lost_task  # noqa: PLC0415 - heavy imports inside the command

    lines = Lines(say, verbose=settings.verbosity > 0)

    def tell(event: RunEvent) -> None:
        logs.note(event)
        if as_json:
            _print(json_line(event, datetime.now(UTC)))
        if names_a_lost_task(event) or (not as_json and settings.verbosity >= 0):
            lines(event)

    return tell


def _print(text: str) -> None:
    """A line on stdout; a reader that has gone (`| head`) ends no run."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)  # noqa: T201 - this is the terminal
