"""The books: one row a POST, and the changes that move a job and its credits in one transaction.

Each function is one change for a ``Writer``. Who calls them in which order is the engine's business; that a job goes
only along the table of ``core.lifecycle`` and that credits follow it is decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Row, case, cast, func, insert, literal, select, update

from runner.core.account import Period
from runner.core.lifecycle import Event, after
from runner.core.model import AttemptOutcome, JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass, TaskId
from runner.store.dialects import larger_of
from runner.store.holds import refuse_if_fenced
from runner.store.prepared import Prepared, change_row, changed_row, parameter, value_of
from runner.store.schema import account, attempt, batch, file, job, spending


class DuplicateTaskError(Exception):
    """The service named a task that belongs to another attempt: it deduplicates, or repeats its ids."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A durable right to one POST: the row of the attempt, and the credits it holds."""

    attempt: int
    price: Credits


_PRICE = larger_of(batch.c.price_credits, batch.c.highest_charge)

# The same comparisons as `days_from` and `Account.has_room_for`.
_COUNTS_FROM = case(
    (account.c.per == Period.DAY.value, func.substr(parameter("now"), 1, 10)),
    (account.c.per == Period.MONTH.value, func.substr(parameter("now"), 1, 7)),
    else_="",
)
_BOOKED = (
    select(func.coalesce(func.sum(spending.c.spent + spending.c.reserved), 0))
    .where(spending.c.account == account.c.id, spending.c.day >= _COUNTS_FROM)
    .correlate(account)
    .scalar_subquery()
)
_ACCOUNT_IS_FULL = (
    select(account.c.id)
    .where(account.c.id == parameter("account_pk"), account.c.cap < _BOOKED + _PRICE)
    .correlate(batch)
    .exists()
)

_RESERVE = Prepared(
    insert(attempt)
    .from_select(
        ["batch", "job", "outcome", "credits", "submitted_at", "account"],
        select(
            batch.c.id,
            parameter("job_pk"),
            literal(AttemptOutcome.SUBMITTING.value, literal_execute=True),
            _PRICE,
            parameter("now"),
            cast(parameter("account_pk"), Integer),  # PostgreSQL takes an untyped NULL for a text
        ).where(
            batch.c.id == parameter("batch_pk"),
            # The guard stands in the statement that spends, so that no other order of reads and writes can get past it.
            (batch.c.budget.is_(None)) | (batch.c.spent + batch.c.reserved + _PRICE <= batch.c.budget),
            ~_ACCOUNT_IS_FULL,
        ),
    )
    .returning(attempt.c.id, attempt.c.credits)
)

_OTHER_OWNER = Prepared(
    select(attempt.c.id).where(
        attempt.c.batch
        == select(attempt.c.batch).where(attempt.c.id == parameter("attempt_pk")).scalar_subquery(),
        attempt.c.task_id == parameter("task_id"),
        attempt.c.id != parameter("attempt_pk"),
    )
)

_DEARER = Prepared(
    update(batch)
    .where(batch.c.id == parameter("batch_pk"), batch.c.highest_charge < parameter("charged"))
    .values(highest_charge=parameter("charged"))
)

_POSITIONS = Prepared(select(file.c.position).where(file.c.attempt == parameter("attempt_pk")))
_NEW_URL = Prepared(
    update(file)
    .where(file.c.attempt == parameter("attempt_pk"), file.c.position == parameter("at"))
    .values(url=parameter("new_url"))
)
_WANTED = Prepared(
    insert(file).values(
        {name: parameter(name) for name in ("job", "attempt", "position", "url")} | {"state": "wanted"}
    )
)


def reserve(
    connection: Connection, batch_pk: int, job_pk: int, now: str, account_pk: int | None = None
) -> Reservation | None:
    """Hold the price of one generation for a pending job; ``None`` (and no change) if the budget has no room.

    Or if the cap of the account that pays has none (``None``: nobody's cap). The price is the highest of the quoted one and
    of what the service ever charged for one. Raises ``IllegalTransitionError`` if the job is not pending, ``IntegrityError``
    if it has a live attempt, and ``FencedError`` for a process that has lost its batch.
    """
    refuse_if_fenced(connection)  # first: what it would find else is what its successor did
    made = _RESERVE.on(connection, batch_pk=batch_pk, job_pk=job_pk, now=now, account_pk=account_pk).first()
    if made is None:
        return None
    move(connection, job_pk, Event.RESERVED, error=None, error_class=None, overdue=0)
    return Reservation(made.id, Credits(made.credits))


def accept(connection: Connection, attempt_pk: int, task_id: TaskId) -> None:
    """The service took the job: keep its task id. Raises ``DuplicateTaskError`` if another attempt has it."""
    known = _OTHER_OWNER.on(connection, attempt_pk=attempt_pk, task_id=task_id).first()
    if known is not None:
        raise DuplicateTaskError(
            f"the service answered with task {task_id}, which belongs to an earlier submission"
        )
    job_pk = _rebook(connection, attempt_pk, AttemptOutcome.RUNNING, task_id=task_id, candidate=None).job
    state = JobState(value_of(connection, job.c.state, job_pk))
    event = Event.FOUND if state is JobState.UNKNOWN else Event.ACCEPTED
    _move_from(connection, job_pk, state, event, error=None, error_class=None)


def give_back(connection: Connection, attempt_pk: int, outcome: AttemptOutcome, note: str, now: str) -> None:
    """Nothing was accepted (``NOT_SENT`` or ``REFUSED`` for a passing reason): the job is pending again, for 0 credits."""
    job_pk = _rebook(connection, attempt_pk, outcome, credits=0, note=note, settled_at=now).job
    move(connection, job_pk, Event.RETURNED)


def reject(connection: Connection, attempt_pk: int, error: str, error_class: ErrorClass, now: str) -> None:
    """Refused for good: the job failed, for 0 credits."""
    job_pk = _rebook(
        connection, attempt_pk, AttemptOutcome.REFUSED, credits=0, note=error, settled_at=now
    ).job
    move(connection, job_pk, Event.REJECTED, error=error, error_class=error_class)


def lose_sight(connection: Connection, attempt_pk: int, reason: str, candidate: TaskId | None) -> None:
    """Nobody can say whether it was accepted: its credits stay reserved, and it is not repeated by itself."""
    job_pk = _rebook(connection, attempt_pk, AttemptOutcome.UNKNOWN, note=reason, candidate=candidate).job
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
    settled = _settle(connection, attempt_pk, AttemptOutcome.COMPLETED, charged or None, None, now)
    move(connection, settled.job, Event.COMPLETED, error=None, error_class=None, overdue=0)
    renew_urls(connection, attempt_pk, urls)
    return Credits(settled.credits)


def renew_urls(connection: Connection, attempt_pk: int, urls: Sequence[str]) -> None:
    """Note where the files of a finished task can be had now; files that are already placed keep what they have."""
    job_pk = value_of(connection, attempt.c.job, attempt_pk)
    known = set(_POSITIONS.on(connection, attempt_pk=attempt_pk).scalars())
    for position, url in enumerate(urls, start=1):
        if position in known:
            _NEW_URL.on(connection, attempt_pk=attempt_pk, at=position, new_url=url)
        else:
            _WANTED.on(connection, job=job_pk, attempt=attempt_pk, position=position, url=url)


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
    settled = _settle(connection, attempt_pk, AttemptOutcome.FAILED, charged, error, now)
    move(connection, settled.job, Event.FAILED, error=error, error_class=error_class, overdue=0)
    return Credits(settled.credits)


def note_trouble(
    connection: Connection,
    job_pk: int,
    error: str | None,
    error_class: ErrorClass | None,
    *,
    overdue: bool = False,
) -> None:
    """Show what keeps a running or fetching job from ending, without moving it."""
    change_row(connection, job, job_pk, error=error, error_class=error_class, overdue=int(overdue))


def pin_origin(connection: Connection, batch_pk: int, origin: str) -> None:
    """Remember which service this batch is paid at; the first POST sets it, ``--accept-base-url`` changes it."""
    change_row(connection, batch, batch_pk, api_origin=origin)


def move(connection: Connection, job_pk: int, event: Event, **also: str | int | None) -> None:
    """Move a job along the table; raises ``IllegalTransitionError`` where the table has no such step.

    A process that has lost its batch moves no job (``FencedError``). Only that a POST of its was accepted is kept.
    """
    refuse_if_fenced(connection)
    _move_from(connection, job_pk, JobState(value_of(connection, job.c.state, job_pk)), event, **also)


def _move_from(
    connection: Connection, job_pk: int, state: JobState, event: Event, **also: str | int | None
) -> None:
    change_row(connection, job, job_pk, state=after(state, event), **also)


def _settle(
    connection: Connection,
    attempt_pk: int,
    outcome: AttemptOutcome,
    charged: Credits | None,
    note: str | None,
    now: str,
) -> "Row[Any]":
    booked = value_of(connection, attempt.c.credits, attempt_pk) if charged is None else charged
    settled = _rebook(connection, attempt_pk, outcome, credits=booked, note=note, settled_at=now)
    if charged is not None:
        _DEARER.on(connection, batch_pk=settled.batch, charged=charged)
    return settled


def _rebook(
    connection: Connection, attempt_pk: int, outcome: AttemptOutcome, **also: str | int | None
) -> "Row[Any]":
    return changed_row(connection, attempt, attempt_pk, outcome=outcome, **also)
