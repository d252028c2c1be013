"""``runner plan``."""

from dataclasses import dataclass
from typing import Any

import click

from runner.cli import completing, options
from runner.cli.edge import say, show, show_json
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.money import Budget


@click.command("plan", short_help="Dry run: expand, price, compare with the state, check the budget.")
@click.argument("manifests", metavar="MANIFEST...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--budget", type=options.budget, help="Check against this cap (4000, 40usd); nothing is stored."
)
@click.option("--fit", is_flag=True, help="Allow that only a part of it fits.")
@click.option(
    "--only",
    metavar="KEY=VALUE,...",
    shell_complete=completing.conditions,
    help="Only these jobs, e.g. mode=fun,prompt=animals.",
)
@click.option("--limit", type=click.IntRange(min=0), help="At most so many submissions.")
@click.option(
    "--show", type=click.IntRange(min=0), default=3, show_default=True, help="How many example jobs."
)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, manifests: tuple[str, ...], **given: Any) -> None:
    """Say what MANIFEST would make and cost. No network, no token, nothing is written. Exit 3 if it does not fit."""
    from runner.app import planning  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.filters import parse_only  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.payload import plan_json  # noqa: PLC0415 - heavy imports inside the command
    from runner.report.summary import plan_text  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    wishes = planning.Wishes(
        asked.budget, parse_only(asked.only), asked.limit, 0 if asked.as_json else asked.show
    )
    plans = [planning.plan(workplace(ctx, sandbox=asked.sandbox), path, wishes) for path in manifests]
    for plan in plans:
        for warning in plan.warnings:
            say(f"warning: {warning}")
        if asked.as_json:
            show_json(plan_json(plan))
        else:
            show(plan_text(plan))
    ctx.exit(0 if asked.fit or all(plan.fits for plan in plans) else 3)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    budget: Budget | None
    fit: bool
    only: str | None
    limit: int | None
    show: int
    sandbox: bool
    as_json: bool
