"""What a person (or a policy written in the manifest) decides about a job; each function is one change."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, insert, select, update

from runner.core.lifecycle import Event
from runner.core.model import AttemptOutcome, JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.records import Claim
from runner.store.attempts import DuplicateTaskError, accept, complete, fail, move
from runner.store.dialects import larger_of
from runner.store.outputs import finish
from runner.store.prepared import change_row, value_of
from runner.store.schema import attempt, batch, file, job


def for_each(
    connection: Connection, job_pks: Sequence[int], change: Callable[[Connection, int], None]
) -> None:
    """One of the changes below for several jobs (a page), all of them or none."""
    for job_pk in job_pks:
        change(connection, job_pk)


def retry(connection: Connection, job_pk: int) -> None:
    """A failed job may be paid for once more: pending again. What the earlier attempt cost stays in the books."""
    move(connection, job_pk, Event.RETRIED, error=None, error_class=None, overdue=0)


def reopen(connection: Connection, attempt_pk: int) -> None:
    """A task that was booked as failed is at work after all: its job is running again, and its price held again.

    Held is what was booked for it, and at least the price of a reservation. That may put the books above the budget,
    which is the truth: the service can charge for it. Raises ``IllegalTransitionError`` if the job is not failed.
    """
    job_pk = _revive(connection, attempt_pk)
    move(connection, job_pk, Event.REOPENED, error=None, error_class=None, overdue=0)


def recovered(
    connection: Connection, attempt_pk: int, charged: Credits | None, urls: Sequence[str], now: str
) -> Credits:
    """A task that was booked as failed turns out to be finished: fetch it instead of paying again.

    It is booked as any finished task (see ``attempts.complete``); returns the credits booked.
    """
    reopen(connection, attempt_pk)
    return complete(connection, attempt_pk, charged, urls, now)


def write_off(connection: Connection, job_pk: int, now: str) -> None:
    """Accept the loss of an unknown submission: it counts as spent, and the job failed."""
    _settle_unknown(connection, job_pk, now, "the loss was accepted")
    message = "the outcome of the submission was unknown, and its loss was accepted"
    move(connection, job_pk, Event.WRITTEN_OFF, error=message, error_class=ErrorClass.LOST)


def release(connection: Connection, job_pk: int, now: str, by: str) -> None:
    """Allow a second payment for an unknown submission: the first counts as spent, the job is pending again."""
    _settle_unknown(connection, job_pk, now, f"submitted again by {by}")
    move(connection, job_pk, Event.RELEASED, error=None, error_class=None)


def attach(connection: Connection, pairs: Iterable[tuple[int, TaskId]]) -> None:
    """Each unknown submission (job, task) is this task; a running job's task is trusted to be its own.

    All of them or none. Raises ``DuplicateTaskError`` if another attempt of any batch has the task: one task is one
    payment and one result.
    """
    for job_pk, task_id in pairs:
        _attach(connection, job_pk, task_id)


def adopt(connection: Connection, job_pk: int, claim: Claim, now: str) -> None:
    """Take over a paid result that stands in the tree: booked as completed and spent, its files placed, the job done.

    The job is pending or failed. Raises ``DuplicateTaskError`` if the task belongs to another job.
    """
    claimed = _claimed(connection, job_pk, claim, now)
    complete(connection, claimed, claim.credits, (), now)
    for position, one in enumerate(claim.files, start=1):
        row = {"job": job_pk, "attempt": claimed, "position": position, "url": one.url, "state": "placed"}
        content = {"path": one.path, "bytes": one.bytes, "sha256": one.sha256}
        connection.execute(insert(file).values(row | content))
    finish(connection, job_pk, now)


def miss(connection: Connection, job_pk: int, claim: Claim, now: str) -> None:
    """Remember a payment whose files are not what the tree's metadata says: booked as spent, the job failed.

    A ``retry`` then asks for the task, and pays again only if it has nothing to give. The job must be pending. Raises
    ``DuplicateTaskError`` if the task belongs to another job.
    """
    error = "it is paid for, but its files are gone or changed; `runner retry` asks for them again, free of charge"
    fail(connection, _claimed(connection, job_pk, claim, now), claim.credits, error, ErrorClass.DOWNLOAD, now)


def _settle_unknown(connection: Connection, job_pk: int, now: str, note: str) -> None:
    unknown = attempt.c.job == job_pk, attempt.c.outcome == AttemptOutcome.UNKNOWN
    values = {"outcome": AttemptOutcome.LOST, "note": note, "settled_at": now}
    connection.execute(update(attempt).where(*unknown).values(values))


def _attach(connection: Connection, job_pk: int, task_id: TaskId) -> None:
    state = value_of(connection, job.c.state, job_pk)
    live = attempt.c.job == job_pk, attempt.c.outcome.in_((AttemptOutcome.UNKNOWN, AttemptOutcome.RUNNING))
    one = connection.execute(select(attempt.c.id).where(*live)).scalar_one()
    _refuse_second_owner(connection, task_id, one)
    if state == JobState.UNKNOWN:
        accept(connection, one, task_id)
    change_row(connection, attempt, one, trusted=1)
    change_row(connection, job, job_pk, error=None, error_class=None, overdue=0)


def _refuse_second_owner(connection: Connection, task_id: TaskId, owner: int | None) -> None:
    every_batch = attempt.c.batch.in_(select(batch.c.id))  # no condition, but what makes the index usable
    has_it = (
        select(job.c.job_id)
        .join(attempt, attempt.c.job == job.c.id)
        .where(every_batch, attempt.c.task_id == task_id)
    )
    if owner is not None:
        has_it = has_it.where(attempt.c.id != owner)
    found = connection.execute(has_it.limit(1)).scalar_one_or_none()
    if found is not None:
        raise DuplicateTaskError(f"task {task_id} belongs to job {found}")


def _claimed(connection: Connection, job_pk: int, claim: Claim, now: str) -> int:
    """The attempt of a claim's task; its job is running, as if this state had paid for it."""
    one = connection.execute(select(job.c.batch, job.c.state).where(job.c.id == job_pk)).one()
    has_it = attempt.c.job == job_pk, attempt.c.task_id == claim.task_id
    claimed = connection.execute(select(attempt.c.id).where(*has_it)).scalar_one_or_none()
    if claimed is None:
        _refuse_second_owner(connection, claim.task_id, None)
        row = {"batch": one.batch, "job": job_pk, "outcome": AttemptOutcome.RUNNING, "credits": 0}
        row |= {"task_id": claim.task_id, "submitted_at": now}
        claimed = connection.execute(insert(attempt).values(row).returning(attempt.c.id)).scalar_one()
    _revive(connection, claimed)
    move(connection, job_pk, Event.REOPENED if one.state == JobState.FAILED else Event.ADOPTED)
    return int(claimed)


def _revive(connection: Connection, attempt_pk: int) -> int:
    """Make an attempt running, for the price of a reservation at least; returns its job."""
    one = connection.execute(select(attempt).where(attempt.c.id == attempt_pk)).one()
    price = select(larger_of(batch.c.price_credits, batch.c.highest_charge)).where(batch.c.id == one.batch)
    held = max(one.credits, connection.execute(price).scalar_one())
    values = {"outcome": AttemptOutcome.RUNNING, "credits": held, "note": None, "settled_at": None}
    change_row(connection, attempt, attempt_pk, **values)
    return int(one.job)
