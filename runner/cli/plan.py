"""``runner plan``."""

import re
from dataclasses import dataclass
from typing import Any

import click

from runner.cli import completing, options
from runner.cli.edge import say, show_json, show_styled
from runner.cli.options import json_option, sandbox_option, workplace
from runner.core.advice import Invocation
from runner.core.money import Budget
from runner.core.plan import Plan
from runner.core.safe_text import for_terminal

_COLOURS = {"+": "green", ">": "green", "~": "cyan", "!": "yellow", "x": "red", "-": "red"}


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
@click.option(
    "-o", "--out", metavar="FILE", type=click.Path(), help="Save the plan, for a `run --plan FILE`."
)
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, manifests: tuple[str, ...], **given: Any) -> None:
    """Say what MANIFEST would make and cost. No network, no token, nothing is written. Exit 3 if it does not fit."""
    asked = _Asked(**given)
    if asked.out is not None and len(manifests) > 1:
        raise click.UsageError("a saved plan is of one manifest: give -o with one MANIFEST", ctx)
    plans = [_planned(ctx, asked, path) for path in manifests]
    place = workplace(ctx, sandbox=asked.sandbox)
    for plan in plans:
        for warning in plan.warnings:
            say(f"warning: {warning}")
        _show(plan, as_json=asked.as_json)
        call = place.call(plan.batch, plan.manifest)
        if asked.out is not None:
            say(f"saved in {asked.out}; it is run with: {call.of_plan(asked.out)}")
        elif not asked.as_json:
            _show_next(plan, call, asked)
    ctx.exit(0 if asked.fit or all(plan.fits for plan in plans) else 3)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    budget: Budget | None
    fit: bool
    only: str | None
    limit: int | None
    show: int
    out: str | None
    sandbox: bool
    as_json: bool


def _planned(ctx: click.Context, asked: _Asked, path: str) -> Plan:
    from runner.app import planning  # noqa: PLC0415 - heavy imports inside the command
    from runner.app.comparison import Wishes  # noqa: PLC0415 - heavy imports inside the command
    from runner.core.filters import parse_only  # noqa: PLC0415 - heavy imports inside the command

    examples = 0 if asked.as_json else asked.show
    wishes = Wishes(asked.budget, parse_only(asked.only), asked.limit, examples, tally=not asked.as_json)
    where = workplace(ctx, sandbox=asked.sandbox)
    if asked.out is None:
        return planning.plan(where, path, wishes)
    from runner.app.reviewing import plan_and_save  # noqa: PLC0415 - only where a plan is saved

    return plan_and_save(where, path, wishes, fit=asked.fit, file=asked.out)


def _show_next(plan: Plan, call: Invocation, asked: _Asked) -> None:
    from runner.report.next_steps import after_plan  # noqa: PLC0415 - heavy imports inside the command

    options = {"--only": asked.only, "--limit": asked.limit, "--budget": asked.budget}
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    for line in after_plan(plan, call, [*given, "--fit"] if asked.fit else given):
        say(line)


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        from runner.report.payload import plan_json  # noqa: PLC0415 - heavy imports inside the command

        show_json(plan_json(plan))
        return
    from runner.report.priced_diff import plan_text  # noqa: PLC0415 - heavy imports inside the command

    # Coloured after it was stripped, so that the only escape sequences are ours; click takes them out again where
    # there is no terminal, or no colour is wanted.
    batch, _, rest = for_terminal(plan_text(plan), keep_newlines=True).partition("\n")
    diff, blank, tables = rest.partition("\n\n")
    show_styled(f"{batch}\n{_coloured(diff)}{blank}{tables}")


def _coloured(diff: str) -> str:
    def styled(found: re.Match[str]) -> str:
        return click.style(found[0], fg=_COLOURS[found[1]]) if found[1] in _COLOURS else found[0]

    return re.sub(r"([-+>~=!x]) [1-9][0-9]* [a-z]+( flight)?", styled, diff)
