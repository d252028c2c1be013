"""The books: one row a POST, and the changes that move a job and its credits in one transaction.

Each function is one change for a ``Writer``. Who calls them in which order is the engine's business; that a job goes
only along the table of ``core.lifecycle`` and that credits follow it is decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, literal, select, update

from runner.core.lifecycle import Event, after
from runner.core.model import AttemptOutcome, JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass, TaskId
from runner.store.schema import attempt, batch, file, job


class DuplicateTaskError(Exception):
    """The service named a task that belongs to another attempt: it deduplicates, or repeats its ids."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A durable right to one POST: the row of the attempt, and the credits it holds."""

    attempt: int
    price: Credits


_PRICE = func.max(batch.c.price_credits, batch.c.highest_charge)

_RESERVE = insert(attempt).from_select(
    ["batch", "job", "outcome", "credits", "submitted_at"],
    select(
        batch.c.id,
        bindparam("job_pk"),
        literal(AttemptOutcome.SUBMITTING.value, literal_execute=True),
        _PRICE,
        bindparam("now"),
    ).where(
        batch.c.id == bindparam("batch_pk"),
        # The guard stands in the statement that spends, so that no other order of reads and writes can get past it.
        (batch.c.budget.is_(None)) | (batch.c.spent + batch.c.reserved + _PRICE <= batch.c.budget),
    ),
)


def reserve(connection: Connection, batch_pk: int, job_pk: int, now: str) -> Reservation | None:
    """Hold the price of one generation for a pending job; ``None`` (and no change) if the budget has no room.

    The price is the highest of the quoted one and of what the service ever charged for one. Raises
    ``IllegalTransitionError`` if the job is not pending, ``IntegrityError`` if it has a live attempt.
    """
    made = connection.execute(_RESERVE, {"batch_pk": batch_pk, "job_pk": job_pk, "now": now})
    if made.rowcount == 0:
        return None
    move(connection, job_pk, Event.RESERVED, error=None, error_class=None, overdue=0)
    number = connection.execute(select(func.last_insert_rowid())).scalar_one()
    held = connection.execute(select(attempt.c.credits).where(attempt.c.id == number)).scalar_one()
    return Reservation(int(number), Credits(int(held)))


def accept(connection: Connection, attempt_pk: int, task_id: TaskId) -> None:
    """The service took the job: keep its task id. Raises ``DuplicateTaskError`` if another attempt has it."""
    known = connection.execute(
        select(attempt.c.id).where(
            attempt.c.batch == select(attempt.c.batch).where(attempt.c.id == attempt_pk).scalar_subquery(),
            attempt.c.task_id == task_id,
            attempt.c.id != attempt_pk,
        )
    ).first()
    if known is not None:
        raise DuplicateTaskError(
            f"the service answered with task {task_id}, which belongs to an earlier submission"
        )
    job_pk = _rebook(connection, attempt_pk, AttemptOutcome.RUNNING, task_id=task_id, candidate=None)
    state = connection.execute(select(job.c.state).where(job.c.id == job_pk)).scalar_one()
    event = Event.FOUND if state == JobState.UNKNOWN else Event.ACCEPTED
    move(connection, job_pk, event, error=None, error_class=None)


def give_back(connection: Connection, attempt_pk: int, outcome: AttemptOutcome, note: str, now: str) -> None:
    """Nothing was accepted (``NOT_SENT`` or ``REFUSED`` for a passing reason): the job is pending again, for 0 credits."""
    job_pk = _rebook(connection, attempt_pk, outcome, credits=0, note=note, settled_at=now)
    move(connection, job_pk, Event.RETURNED)


def reject(connection: Connection, attempt_pk: int, error: str, error_class: ErrorClass, now: str) -> None:
    """Refused for good: the job failed, for 0 credits."""
    job_pk = _rebook(connection, attempt_pk, AttemptOutcome.REFUSED, credits=0, note=error, settled_at=now)
    move(connection, job_pk, Event.REJECTED, error=error, error_class=error_class)


def lose_sight(connection: Connection, attempt_pk: int, reason: str, candidate: TaskId | None) -> None:
    """Nobody can say whether it was accepted: its credits stay reserved, and it is not repeated by itself."""
    job_pk = _rebook(connection, attempt_pk, AttemptOutcome.UNKNOWN, note=reason, candidate=candidate)
    move(connection, job_pk, Event.LOST_SIGHT, error=reason, error_class=ErrorClass.UNKNOWN)


def recover(connection: Connection, batch_pk: int) -> int:
    """Turn every ``submitting`` that a dead process left behind into ``unknown``; returns how many there were.

    Called with the batch's lock held and before any network call: with the lock, nobody else can be submitting.
    """
    reason = "the process ended while the submission was under way"
    stale = attempt.c.batch == batch_pk, attempt.c.outcome == AttemptOutcome.SUBMITTING
    left = connection.execute(
        update(job)
        .where(job.c.batch == batch_pk, job.c.state == JobState.SUBMITTING)
        .values(
            state=after(JobState.SUBMITTING, Event.LOST_SIGHT), error=reason, error_class=ErrorClass.UNKNOWN
        )
    ).rowcount
    connection.execute(update(attempt).where(*stale).values(outcome=AttemptOutcome.UNKNOWN, note=reason))
    return int(left)


def complete(
    connection: Connection, attempt_pk: int, charged: Credits | None, urls: Sequence[str], now: str
) -> Credits:
    """The service finished the task: book its charge and note the files to fetch; returns the credits booked.

    On success 0 or nothing readable is booked as the price that was held; a charge above every price seen raises the
    price of later reservations.
    """
    booked = _settle(connection, attempt_pk, AttemptOutcome.COMPLETED, charged or None, None, now)
    job_pk = _job_of(connection, attempt_pk)
    move(connection, job_pk, Event.COMPLETED, error=None, error_class=None, overdue=0)
    renew_urls(connection, attempt_pk, urls)
    return booked


def renew_urls(connection: Connection, attempt_pk: int, urls: Sequence[str]) -> None:
    """Note where the files of a finished task can be had now; files that are already placed keep what they have."""
    job_pk = _job_of(connection, attempt_pk)
    known = set(connection.execute(select(file.c.position).where(file.c.attempt == attempt_pk)).scalars())
    for position, url in enumerate(urls, start=1):
        if position in known:
            here = update(file).where(file.c.attempt == attempt_pk, file.c.position == position)
            connection.execute(here.values(url=url))
        else:
            row = {"job": job_pk, "attempt": attempt_pk, "position": position, "url": url, "state": "wanted"}
            connection.execute(insert(file).values(row))


def fail(
    connection: Connection,
    attempt_pk: int,
    charged: Credits | None,
    error: str,
    error_class: ErrorClass,
    now: str,
) -> Credits:
    """The service failed the task, or finished it without a file: book it as spent unless 0 was reported for a failure.

    Returns the credits booked.
    """
    booked = _settle(connection, attempt_pk, AttemptOutcome.FAILED, charged, error, now)
    move(
        connection,
        _job_of(connection, attempt_pk),
        Event.FAILED,
        error=error,
        error_class=error_class,
        overdue=0,
    )
    return booked


def note_trouble(
    connection: Connection,
    job_pk: int,
    error: str | None,
    error_class: ErrorClass | None,
    *,
    overdue: bool = False,
) -> None:
    """Show what keeps a running or fetching job from ending, without moving it."""
    values = {"error": error, "error_class": error_class, "overdue": int(overdue)}
    connection.execute(update(job).where(job.c.id == job_pk).values(values))


def pin_origin(connection: Connection, batch_pk: int, origin: str) -> None:
    """Remember which service this batch is paid at; the first POST sets it, ``--accept-base-url`` changes it."""
    connection.execute(update(batch).where(batch.c.id == batch_pk).values(api_origin=origin))


def move(connection: Connection, job_pk: int, event: Event, **also: str | int | None) -> None:
    """Move a job along the table; raises ``IllegalTransitionError`` where the table has no such step."""
    state = connection.execute(select(job.c.state).where(job.c.id == job_pk)).scalar_one()
    to = after(JobState(state), event)
    connection.execute(update(job).where(job.c.id == job_pk).values(state=to, **also))


def _settle(
    connection: Connection,
    attempt_pk: int,
    outcome: AttemptOutcome,
    charged: Credits | None,
    note: str | None,
    now: str,
) -> Credits:
    held = connection.execute(select(attempt.c.credits).where(attempt.c.id == attempt_pk)).scalar_one()
    booked = Credits(int(held) if charged is None else charged)
    _rebook(connection, attempt_pk, outcome, credits=booked, note=note, settled_at=now)
    if charged is not None:
        owner = select(attempt.c.batch).where(attempt.c.id == attempt_pk).scalar_subquery()
        dearer = update(batch).where(batch.c.id == owner, batch.c.highest_charge < charged)
        connection.execute(dearer.values(highest_charge=charged))
    return booked


def _rebook(
    connection: Connection, attempt_pk: int, outcome: AttemptOutcome, **also: str | int | None
) -> int:
    connection.execute(update(attempt).where(attempt.c.id == attempt_pk).values(outcome=outcome, **also))
    return _job_of(connection, attempt_pk)


def _job_of(connection: Connection, attempt_pk: int) -> int:
    return int(connection.execute(select(attempt.c.job).where(attempt.c.id == attempt_pk)).scalar_one())
