"""Where a run stands at one moment, as a value: what a panel, or a line a minute, is made of."""

from dataclasses import dataclass
from enum import StrEnum

from runner.core.forecast import Span
from runner.core.money import Price
from runner.core.outcomes import ErrorClass
from runner.core.pacing import Requests
from runner.core.plan import Books
from runner.core.records import Counts


class Cause(StrEnum):
    """What a run waits for."""

    STOPPING = "stopping"  # the POSTs in the air, after a signal
    SERVICE = "service"  # it does not answer
    CANARY = "canary"  # the first job of each kind, alone
    RATE = "rate"  # the requests that may be made
    HOURLY = "hourly"  # the submissions that may be made in an hour
    BUDGET = "budget"  # credits that may come back
    SLOTS = "slots"  # the tasks that may run at once
    TASKS = "tasks"  # all is submitted
    DOWNLOADS = "downloads"  # all is made


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reason that holds now; ``seconds`` for how much longer as far as known, ``number`` of what."""

    cause: Cause
    seconds: float | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Transfers:
    """Downloads: how many are on their way, how fast (``None``: not measured yet), and what this run has placed."""

    active: int = 0
    bytes_per_s: float | None = None
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """One job's failure or trouble; the class is ``None`` where a task is merely late."""

    job_id: str
    error: str
    error_class: ErrorClass | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """One look at a run that is ``seconds`` old.

    ``finished`` is how many jobs this run brought to rest, ``unfinished`` how many it may still. ``per_minute`` is the
    rate of the last minutes and ``left`` the time that the rest will take, in seconds; ``None`` before there is
    evidence. ``failures`` has the newest last.
    """

    batch: str
    seconds: float
    jobs: Counts
    finished: int
    unfinished: int
    price: Price
    books: Books
    requests: Requests
    waiting: Waiting | None = None
    transfers: Transfers = Transfers()
    failures: tuple[Failure, ...] = ()
    per_minute: float | None = None
    left: Span | None = None
