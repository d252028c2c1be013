"""``runner retry``."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from runner.cli import completing
from runner.cli.edge import say
from runner.cli.options import error_class, json_option, sandbox_option, sandbox_options_option, workplace
from runner.core.counting import noun

if TYPE_CHECKING:
    from runner.app.retrying import Offer
    from runner.core.advice import Invocation
    from runner.core.outcomes import ErrorClass


@click.command("retry", short_help="Put failed jobs back to pending, for a further paid attempt.")
@click.argument("batch", shell_complete=completing.batches)
@click.option("--failed", is_flag=True, help="Every failed job.")
@click.option(
    "--class",
    "classes",
    type=error_class,
    metavar="CLASS",
    multiple=True,
    help="Every job that failed by this class (service, moderation ...); may be given several times.",
)
@click.option(
    "--job", "jobs", metavar="ID", multiple=True, help="This failed job; its id or the beginning of it."
)
@click.option(
    "--yes", is_flag=True, help="Do not ask, on a terminal, whether to go on at the price that is shown."
)
@sandbox_options_option
@sandbox_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, batch: str, **given: Any) -> None:
    """Let failed jobs of BATCH be paid for once more at the next `run`, within the budget.

    Nothing is spent here. The service is asked about each known task first: what it has completed after all is fetched
    instead of paid for again. What moderation refused would most likely be refused again: --class leaves it out.
    """
    from runner.app.retrying import RetryWishes, retry  # noqa: PLC0415 - heavy imports inside the command
    from runner.cli.decided import conclude, show_decision  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    if not asked.failed and not asked.jobs and not asked.classes:
        raise click.UsageError("say which jobs: --failed for all of them, --class CLASS, or --job ID", ctx)
    if asked.jobs and asked.classes:
        raise click.UsageError("--job names its job itself, whatever its class: leave out --class", ctx)
    place = workplace(ctx, sandbox=asked.sandbox)
    decided = retry(
        place,
        batch,
        RetryWishes(
            asked.jobs,
            asked.classes,
            confirm=lambda offer: _ask(offer, is_sure=asked.yes),
            sandbox_options=asked.sandbox_options,
        ),
        lambda decision: show_decision(decision, as_json=asked.as_json),
    )
    conclude(ctx, place, decided, _nothing(place.call(batch, batch), asked.classes), as_json=asked.as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    failed: bool
    classes: tuple["ErrorClass", ...]
    jobs: tuple[str, ...]
    yes: bool
    sandbox_options: str
    sandbox: bool
    as_json: bool


def _ask(offer: "Offer", *, is_sure: bool) -> bool:
    """On a terminal only: nothing is spent before the next `run`, which asks, or has a budget, in its turn."""
    from runner.report.payload import dollars  # noqa: PLC0415 - heavy imports inside the command

    if offer.moderated:
        say(
            f"{offer.moderated} of {offer.jobs} were refused by moderation, and most likely will be again: word the prompt "
            "differently, or leave them out with --class"
        )
    if is_sure or not sys.stdin.isatty():
        return True
    number = f"{offer.jobs} {noun(offer.jobs, 'job')}"
    cost = f"up to {offer.credits} credits (about {dollars(offer.price, offer.credits)})"
    return click.confirm(f"This puts back {number}, {cost} at the next run. Continue?", err=True)


def _nothing(call: "Invocation", classes: "tuple[ErrorClass, ...]") -> str:
    if not classes:
        return "there is no failed job"
    of_class = f"there is no failed job of class {' or '.join(classes)}"
    return f"{of_class}; `{call.of_batch('jobs', '--state', 'failed')}` lists those that have failed"
