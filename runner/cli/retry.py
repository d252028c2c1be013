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
    from runner.app.desk import Decided, Decision
    from runner.app.retrying import Offer
    from runner.app.workplace import Workplace
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
@click.option("--rejected", is_flag=True, help="Another take of every job whose videos were rejected.")
@click.option(
    "--job",
    "jobs",
    metavar="ID",
    multiple=True,
    help="This failed (or rejected) job; its id or the beginning of it.",
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

    --rejected adds another take of each rejected job instead, as a new job with the next number; the rejected files are kept
    until `runner prune --rejected`.
    """
    from runner.cli.decided import conclude  # noqa: PLC0415 - heavy imports inside the command

    asked = _Asked(**given)
    asked.refuse_nonsense(ctx)
    place = workplace(ctx, sandbox=asked.sandbox)
    decided = asked.decided(place, batch)
    conclude(ctx, place, decided, asked.nothing(place.call(batch, batch)), as_json=asked.as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options, by name."""

    failed: bool
    rejected: bool
    classes: tuple["ErrorClass", ...]
    jobs: tuple[str, ...]
    yes: bool
    sandbox_options: str
    sandbox: bool
    as_json: bool

    def refuse_nonsense(self, ctx: click.Context) -> None:
        if self.rejected and (self.failed or self.classes):
            raise click.UsageError(
                "--rejected is about jobs that are done: give --failed or --class in a call of their own", ctx
            )
        if not any((self.failed, self.rejected, self.jobs, self.classes)):
            which = "--failed for all of them, --class CLASS, --rejected, or --job ID"
            raise click.UsageError(f"say which jobs: {which}", ctx)
        if self.jobs and self.classes:
            raise click.UsageError("--job names its job itself, whatever its class: leave out --class", ctx)

    def decided(self, place: "Workplace", batch: str) -> "Decided":
        from runner.app.remaking import RemakeWishes, make_again  # noqa: PLC0415 - heavy imports inside the command
        from runner.app.retrying import RetryWishes, retry  # noqa: PLC0415 - heavy imports inside the command
        from runner.cli.decided import show_decision  # noqa: PLC0415 - heavy imports inside the command

        def tell(decision: "Decision") -> None:
            show_decision(decision, as_json=self.as_json)

        if self.rejected:
            return make_again(place, batch, RemakeWishes(self.jobs, self._confirm), tell)
        wishes = RetryWishes(self.jobs, self.classes, self._confirm, self.sandbox_options)
        return retry(place, batch, wishes, tell)

    def nothing(self, call: "Invocation") -> str:
        if self.rejected:
            return "there is no rejected job of which no other take was made yet"
        return _nothing(call, self.classes)

    def _confirm(self, offer: "Offer") -> bool:
        return _ask(offer, "adds" if self.rejected else "puts back", is_sure=self.yes)


def _ask(offer: "Offer", verb: str, *, is_sure: bool) -> bool:
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
    return click.confirm(f"This {verb} {number}, {cost} at the next run. Continue?", err=True)


def _nothing(call: "Invocation", classes: "tuple[ErrorClass, ...]") -> str:
    if not classes:
        return "there is no failed job"
    of_class = f"there is no failed job of class {' or '.join(classes)}"
    return f"{of_class}; `{call.of_batch('jobs', '--state', 'failed')}` lists those that have failed"
