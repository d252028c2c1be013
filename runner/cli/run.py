"""``runner run``."""

import contextlib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from runner.cli import completing, logs, options
from runner.cli.edge import say
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.errors import UsageError
from runner.core.events import RunEvent
from runner.core.money import Budget
from runner.core.plan import Plan
from runner.core.safe_text import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.app.comparison import Wishes
    from runner.app.reviewing import Reviewed


@click.command("run", short_help="Make what is missing; run it again to resume.")
@click.argument("manifest", type=click.Path(), required=False)
@click.option("--budget", type=options.budget, help="Replaces the manifest's cap (4000, 40usd) from now on.")
@click.option("--fit", is_flag=True, help="Spend what the budget allows, in order, instead of refusing.")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many new submissions in this call.")
@click.option(
    "--only",
    metavar="KEY=VALUE,...",
    shell_complete=completing.conditions,
    help="Submit only these jobs, e.g. mode=fun,prompt=animals.",
)
@click.option(
    "--deadline",
    type=options.duration_s,
    metavar="DURATION",
    help="Stop submitting then (2h); finish what runs.",
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    type=click.Path(),
    help="Run this saved plan (`runner plan -o FILE`), or refuse if anything moved since.",
)
@click.option(
    "--canary/--no-canary",
    default=None,
    help="Send the first job of each mode (and of those with images) alone before the rest, whatever the number of "
    "jobs, or none; by default as limits.canary says.",
)
@click.option("--allow-code", is_flag=True, help="Let the functions run that the manifest's steps name.")
@click.option("--yes", is_flag=True, help="Spend without a budget, unasked.")
@click.option(
    "--accept-base-url",
    is_flag=True,
    help="The service has moved: pay this batch at the manifest's base_url.",
)
@click.option(
    "--sandbox-options", metavar="K=V,...", default="", help="Of the embedded service, e.g. faults=1%,seed=7."
)
@click.option(
    "--engine",
    metavar="ADDRESS",
    help="Let workers download: of a Dask scheduler (tcp://host:8786, tls://host:8786) or a Ray cluster (ray, "
    "ray://auto, ray://host:6379); by default as transfers.engine says, else this process.",
)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, manifest: str | None, **given: Any) -> None:
    """Make what MANIFEST asks for and is missing: submit, poll, download. The same command resumes it.

    MANIFEST may be left out with --plan, whose plan names it.
    """
    from runner.app import preflight, running  # noqa: PLC0415 - heavy imports inside the command
    from runner.app.stopping import BySignals  # noqa: PLC0415 - heavy imports inside the command
    from runner.cli.display import display  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.closing import made_line, what_is_left  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.next_steps import after_run  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.summary import status_text  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    reviewed = _reviewed(asked)
    wanted = preflight.RunWishes(
        wishes=_wishes(asked, reviewed),
        fit=asked.fit if reviewed is None else reviewed.plan.options.fit,
        deadline_s=asked.deadline,
        accept_base_url=asked.accept_base_url,
        confirm=lambda plan: asked.yes or _ask(plan),
        sandbox_options=asked.sandbox_options,
        reviewed=reviewed,
        canary=asked.canary,
        allow_code=asked.allow_code,
        engine=asked.engine,
    )
    path = manifest if reviewed is None else manifest or reviewed.plan.manifest
    if path is None:
        raise click.UsageError("Missing argument 'MANIFEST' (or --plan FILE, whose plan names it).", ctx)
    with display(ctx.find_root().obj, as_json=asked.as_json) as shown:
        tell = _teller(shown.tell, as_json=asked.as_json)
        place = workplace(ctx, sandbox=asked.sandbox)
        finished = running.run(place, path, wanted, tell, BySignals(shown.leave), shown.watcher)
    if not asked.as_json:
        _print(for_terminal(status_text(finished.standing), keep_newlines=True))
        say(made_line(finished.standing, finished.made))
    call = place.call(finished.standing.batch.name, path)
    left = what_is_left(finished.standing, finished.troubles, call, finished.reasons)
    if not left and not asked.as_json and finished.exit_code == 0 and finished.made.files:
        left = after_run(call)
    for line in (*finished.reasons, *finished.notes, *left):
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
    plan_file: str | None
    canary: bool | None
    allow_code: bool
    yes: bool
    accept_base_url: bool
    sandbox_options: str
    engine: str | None
    sandbox: bool
    as_json: bool


def _reviewed(asked: _Asked) -> "Reviewed | None":
    if asked.plan_file is None:
        return None
    from runner.app import reviewing  # noqa: PLC0415 - only where a plan is given

    return reviewing.read(asked.plan_file)


def _wishes(asked: _Asked, reviewed: "Reviewed | None") -> "Wishes":
    """Those of the plan, where there is one; the options that are given again must agree with it."""
    from runner.app import comparison, reviewing  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.filters import parse_only  # noqa: PLC0415 - heavy imports inside the command

    only = parse_only(asked.only)
    if reviewed is None:
        return comparison.Wishes(asked.budget, only, asked.limit, examples=0)
    given = reviewing.Given(only or None, asked.limit, asked.budget, asked.fit)
    return reviewing.wishes_of(reviewed, given, sandbox=asked.sandbox)


def _ask(plan: Plan) -> bool:
    from runner.report.payload import dollars  # noqa: PLC0415 - heavy imports inside the command

    cost = f"up to {plan.needed} credits (about {dollars(plan.quoted, plan.needed)})"
    if not sys.stdin.isatty():
        raise UsageError(
            f"there is no budget, and nobody to ask: write `budget` into the manifest, give --budget, or --yes to spend "
            f"{cost}; nothing was sent"
        )
    return click.confirm(f"This spends {cost}. Continue?", err=True)


def _teller(show: "Callable[[RunEvent], None]", *, as_json: bool) -> "Callable[[RunEvent], None]":
    from runner.report.progress import json_line  # noqa: PLC0415 - heavy imports inside the command

    def tell(event: RunEvent) -> None:
        logs.note(event)
        if as_json:
            _print(json_line(event, datetime.now(UTC)))
        show(event)

    return tell


def _print(text: str) -> None:
    """A line on stdout; a reader that has gone (`| head`) ends no run."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)  # noqa: T201 - this is the terminal
