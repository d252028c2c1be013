"""What a person (or a policy written in the manifest) decides about a job; each function is one change."""

from sqlalchemy import Connection, select, update

from runner.core.lifecycle import Event
from runner.core.model import AttemptOutcome, JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass, TaskId
from runner.store.attempts import accept, move, renew_urls
from runner.store.schema import attempt, batch, job


def retry(connection: Connection, job_pk: int) -> None:
    """A failed job may be paid for once more: pending again. What the earlier attempt cost stays in the books."""
    move(connection, job_pk, Event.RETRIED, error=None, error_class=None, overdue=0)


def recovered(
    connection: Connection, attempt_pk: int, charged: Credits | None, urls: tuple[str, ...]
) -> None:
    """A task that was booked as failed turns out to be finished: fetch it instead of paying again.

    A charge of 0 that was booked for the failure is put at what the service reports now, or at the price.
    """
    one = connection.execute(select(attempt).where(attempt.c.id == attempt_pk)).one()
    price = connection.execute(select(batch.c.price_credits).where(batch.c.id == one.batch)).scalar_one()
    booked = max(one.credits, charged or price)
    connection.execute(
        update(attempt)
        .where(attempt.c.id == attempt_pk)
        .values(outcome=AttemptOutcome.COMPLETED, credits=booked)
    )
    move(connection, one.job, Event.RECOVERED, error=None, error_class=None)
    renew_urls(connection, attempt_pk, urls)


def write_off(connection: Connection, job_pk: int, now: str) -> None:
    """Accept the loss of an unknown submission: it counts as spent, and the job failed."""
    _settle_unknown(connection, job_pk, now, "the loss was accepted")
    message = "the outcome of the submission was unknown, and its loss was accepted"
    move(connection, job_pk, Event.WRITTEN_OFF, error=message, error_class=ErrorClass.LOST)


def release(connection: Connection, job_pk: int, now: str, by: str) -> None:
    """Allow a second payment for an unknown submission: the first counts as spent, the job is pending again."""
    _settle_unknown(connection, job_pk, now, f"submitted again by {by}")
    move(connection, job_pk, Event.RELEASED, error=None, error_class=None)


def attach(connection: Connection, job_pk: int, task_id: TaskId) -> None:
    """The unknown submission is this task; for a running job, trust that its task is its own.

    Raises ``DuplicateTaskError`` if another attempt of the batch has the task.
    """
    state = connection.execute(select(job.c.state).where(job.c.id == job_pk)).scalar_one()
    live = attempt.c.job == job_pk, attempt.c.outcome.in_((AttemptOutcome.UNKNOWN, AttemptOutcome.RUNNING))
    one = connection.execute(select(attempt.c.id).where(*live)).scalar_one()
    if state == JobState.UNKNOWN:
        accept(connection, one, task_id)
    connection.execute(update(attempt).where(attempt.c.id == one).values(trusted=1))
    connection.execute(update(job).where(job.c.id == job_pk).values(error=None, error_class=None, overdue=0))


def adopt(connection: Connection, job_pk: int, task_id: TaskId, charged: Credits, now: str) -> int:
    """Take over a paid result that the state does not know; returns the attempt, booked as completed and spent."""
    pending = connection.execute(select(job.c.batch, job.c.state).where(job.c.id == job_pk)).one()
    row = {"batch": pending.batch, "job": job_pk, "outcome": AttemptOutcome.COMPLETED, "credits": charged}
    row |= {"task_id": task_id, "note": "adopted from the tree", "submitted_at": now, "settled_at": now}
    made = connection.execute(attempt.insert().values(row).returning(attempt.c.id)).scalar_one()
    move(connection, job_pk, Event.ADOPTED)
    return int(made)


def _settle_unknown(connection: Connection, job_pk: int, now: str, note: str) -> None:
    unknown = attempt.c.job == job_pk, attempt.c.outcome == AttemptOutcome.UNKNOWN
    values = {"outcome": AttemptOutcome.LOST, "note": note, "settled_at": now}
    connection.execute(update(attempt).where(*unknown).values(values))
