"""Submitting a job: reserve, send, record what the answer proves."""

import asyncio
import contextlib
from collections.abc import Iterator

from runner.core.events import EventName
from runner.core.model import AttemptOutcome
from runner.core.outcomes import (
    Accepted,
    ErrorClass,
    GenerationRequest,
    NotFound,
    NothingLearned,
    NotSent,
    RefusalKind,
    Refused,
    SubmitOutcome,
    Throttled,
    Unknown,
)
from runner.core.records import StoredJob
from runner.core.steps import echo_agrees
from runner.engine.context import Context
from runner.engine.gate import NoSlotError, SubmissionOverError
from runner.store import attempts
from runner.store.attempts import DuplicateTaskError, Reservation

_CANDIDATE_ASKS = 3


async def submit(ctx: Context, job: StoredJob) -> bool:
    """Try until the job is no longer pending; ``False`` where it stays so (no room, no permission, never sent).

    Afterwards its new state is in the store. A slot must be held. Raises ``NoSlotError`` where it turned out to be one too
    many: to be given back, and waited for again.
    """
    if ctx.has_submitted_enough:
        return False
    # Counted before the first try, so that workers side by side cannot pass the bound together; and given back only
    # where nothing came of it, so that a job that has to wait is not overtaken by the end of the run.
    ctx.tally.submissions += 1
    is_submitted = False
    try:
        is_submitted = await _is_submitted(ctx, job)
    finally:
        ctx.tally.submissions -= not is_submitted
    return is_submitted


async def _is_submitted(ctx: Context, job: StoredJob) -> bool:
    tries = unreached = 0
    answers = ctx.halt.answers
    while tries < ctx.orders.retries.attempts:
        try:
            sent_at = await ctx.gate.to_submit()
        except SubmissionOverError:
            return False
        if ctx.halt.is_closed:  # since it was permitted
            ctx.gate.lost(sent_at)
            return False
        if ctx.holds_back(job):  # its prompt was paused since it was begun
            ctx.gate.lost(sent_at)
            ctx.hold_back(job)
            return False
        with _in_the_air(ctx):
            outcome = await _attempt(ctx, job, sent_at)
        match outcome:
            case None:
                return False
            case NotSent(stops_run=False):
                # A service that nobody reaches is waited for; only this job's own trouble uses up its tries.
                tries += ctx.halt.answers > answers
                unreached, answers = unreached + 1, ctx.halt.answers
                await ctx.back_off(unreached)
            case Throttled():
                if ctx.slots.overdrawn:
                    raise NoSlotError
            case NotSent() | Refused(kind=RefusalKind.ACCOUNT | RefusalKind.CREDIT | RefusalKind.ADDRESS):
                return False
            case Accepted() | Refused() | Unknown():
                return True
    ctx.tally.never_sent.add(job.job_id)
    return False


async def identify(ctx: Context, job: StoredJob) -> bool:
    """Ask about the task id that an unclear answer held; ``True`` if it is ours, and the job is then running."""
    if job.candidate is None or job.attempt is None:
        return False
    for ask in range(1, _CANDIDATE_ASKS + 1):
        outcome = await ctx.ask_at_once(job.candidate)
        match outcome:
            case NothingLearned() | Throttled() | NotFound():
                await ctx.back_off(ask)
            case Refused():
                return False
            case _:
                if not echo_agrees(outcome.echo, job.prompt, job.mode) or outcome.echo.prompt is None:
                    return False  # somebody else's task, or no evidence that it is ours
                try:
                    await ctx.record(attempts.accept, job.attempt, job.candidate)
                except DuplicateTaskError:
                    return False
                ctx.tell(EventName.SUBMITTED, job.job_id, task_id=job.candidate)
                return True
    return False


@contextlib.contextmanager
def _in_the_air(ctx: Context) -> Iterator[None]:
    """While this holds, stopping the run waits for the worker instead of cancelling it."""
    worker = asyncio.current_task()
    if worker is None:
        raise RuntimeError("submissions are made by tasks")
    ctx.in_air.add(worker)
    try:
        yield
    finally:
        ctx.in_air.discard(worker)


async def _attempt(ctx: Context, job: StoredJob, sent_at: float) -> SubmitOutcome | None:
    if not ctx.is_origin_pinned and ctx.orders.origin is not None:
        await ctx.record(attempts.pin_origin, ctx.orders.batch_pk, ctx.orders.origin)
        ctx.is_origin_pinned = True
    reservation = await ctx.record(
        attempts.reserve, ctx.orders.batch_pk, job.pk, ctx.stamp(), ctx.orders.account_pk
    )
    if reservation is None:
        ctx.gate.lost(sent_at)
        ctx.halt.budget_reached()
        return None
    if ctx.halt.quiet.is_set():  # it came while the reservation was being written; nothing was sent
        ctx.gate.lost(sent_at)
        await ctx.record(
            attempts.give_back, reservation.attempt, AttemptOutcome.NOT_SENT, "stopped", ctx.stamp()
        )
        return None
    request = GenerationRequest(job.prompt, job.mode, job.ratio, job.images)
    ctx.gate.leaves(sent_at)  # a slow disk may have held it for seconds
    try:
        outcome = await ctx.ports.provider.submit(request)
    except asyncio.CancelledError:
        # The grace of an interrupted run ran out: nobody can say what the service made of it.
        reason = "the run ended before the answer came"
        await asyncio.shield(ctx.record(attempts.lose_sight, reservation.attempt, reason, None))
        raise
    ctx.gate.heard(sent_at, outcome)
    _count(ctx, job, sent_at, outcome)
    try:
        await _record(ctx, job, reservation, outcome)
    except DuplicateTaskError as error:
        ctx.halt.service_refuses(str(error))
        await ctx.record(attempts.lose_sight, reservation.attempt, str(error), None)
        return Unknown(str(error))
    return outcome


def _count(ctx: Context, job: StoredJob, sent_at: float, outcome: SubmitOutcome) -> None:
    """Learn how many tasks the service lets run at once."""
    match outcome:
        case Accepted():
            ctx.slots.accepted(sent_at, job.job_id)
        case Throttled(has_requests_left=True):
            ctx.slots.refused(ctx.now(), sent_at)
            ctx.gate.send_back(ctx.slots.overdrawn)
        case _:
            pass


async def _record(ctx: Context, job: StoredJob, held: Reservation, outcome: SubmitOutcome) -> None:
    now = ctx.stamp()
    # Before the first wait: what is being reserved now looks here, and then it does not leave.
    _stop_if_told(ctx, outcome)
    match outcome:
        case Accepted(task_id=task_id):
            await _keep(ctx, job, held, outcome)
            ctx.tell(EventName.SUBMITTED, job.job_id, task_id=task_id, credits=held.price, prompt=job.prompt)
        case NotSent(reason=reason):
            await ctx.record(attempts.give_back, held.attempt, AttemptOutcome.NOT_SENT, reason, now)
        case Throttled(message=message):
            await ctx.record(attempts.give_back, held.attempt, AttemptOutcome.REFUSED, message, now)
        case Refused(kind=RefusalKind.REQUEST, message=message, error_class=error_class):
            await ctx.record(attempts.reject, held.attempt, message, error_class, now)
            ctx.tell(EventName.REFUSED, job.job_id, error=message, error_class=error_class)
        case Refused(message=message):
            await ctx.record(attempts.give_back, held.attempt, AttemptOutcome.REFUSED, message, now)
        case Unknown(reason=reason, candidate=candidate):
            await ctx.record(attempts.lose_sight, held.attempt, reason, candidate)
            ctx.tell(EventName.UNKNOWN, job.job_id, error=reason, error_class=ErrorClass.UNKNOWN)


def _stop_if_told(ctx: Context, outcome: SubmitOutcome) -> None:
    """End submission where the outcome says so, and note whether the service was reached."""
    if not isinstance(outcome, NotSent):
        ctx.halt.post_answered(unknown=isinstance(outcome, Unknown))
    match outcome:
        case NotSent(reason=reason, stops_run=True) | Unknown(reason=reason, stops_run=True):
            ctx.halt.service_refuses(reason)
        case NotSent(reason=reason):
            ctx.halt.unreached(ctx.now(), reason)
        case Accepted() | Throttled() | Refused(kind=RefusalKind.REQUEST):
            ctx.halt.reached()
        case Refused(message=message):
            ctx.halt.service_refuses(message)
        case Unknown():
            pass


async def _keep(ctx: Context, job: StoredJob, held: Reservation, outcome: Accepted) -> None:
    try:
        await ctx.record(attempts.accept, held.attempt, outcome.task_id)
    except DuplicateTaskError:
        raise
    except BaseException:
        # The state is in doubt, and this id is paid for: a person must get to see it.
        ctx.tell(
            EventName.STOPPING,
            job.job_id,
            task_id=outcome.task_id,
            error="accepted, but could not be recorded",
        )
        raise
