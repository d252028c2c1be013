"""What a provider may answer, as values; `match` over them is exhaustive (mypy checks it).

The meaning of each is the contract's: a *refusal* is a proof that nothing was accepted, *not sent* is a proof
that no byte left, and everything that proves neither is *unknown*, which keeps its credits reserved.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from runner.core.money import Credits

TaskId = NewType("TaskId", str)
"""The service's name of an accepted generation: 1 to 200 of ``A-Z a-z 0-9 . _ : -``."""

_TASK_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")


def task_id_of(value: object) -> TaskId | None:
    """``value`` as a task's id, ``None`` if it cannot be one."""
    return TaskId(value) if isinstance(value, str) and _TASK_ID.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What an answer said about the rate limit.

    ``remaining`` requests are left (``None``: not said) until ``reset_after_s`` seconds from the answer's arrival
    (``None``: not said), clamped to 0..900.
    """

    remaining: int | None = None
    reset_after_s: float | None = None


SILENT = Announcement()


class RefusalKind(StrEnum):
    """Why a request was refused for sure."""

    REQUEST = "request"  # this request is wrong: the job failed, the others go on
    ACCOUNT = "account"  # the token or the account: nobody goes on
    CREDIT = "credit"  # no credits left: nobody submits any more
    ADDRESS = "address"  # nothing at this address: nobody submits any more


class ErrorClass(StrEnum):
    """The classes of failure that ``jobs --json`` shows as ``error_class``."""

    AUTH = "auth"
    CREDIT = "credit"
    VALIDATION = "validation"
    MODERATION = "moderation"
    SERVICE = "service"
    UNKNOWN = "unknown"
    LOST = "lost"
    NO_OUTPUT = "no_output"
    DOWNLOAD = "download"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What is asked of a provider; ``images`` are http(s) URLs in order, none for text-to-video."""

    prompt: str
    mode: str
    ratio: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took the job and named its task; it will charge for it."""

    task_id: TaskId
    limits: Announcement = SILENT


@dataclass(frozen=True, slots=True)
class Refused:
    """The service said no, and nothing was accepted."""

    kind: RefusalKind
    message: str
    error_class: ErrorClass
    limits: Announcement = SILENT


@dataclass(frozen=True, slots=True)
class Throttled:
    """Refused for a passing reason (429, maintenance): everybody waits ``after_s`` seconds (``None``: not said)."""

    message: str
    after_s: float | None = None
    limits: Announcement = SILENT

    @property
    def has_requests_left(self) -> bool:
        """Whether the same answer announces that more requests may be made: it is about something else."""
        return self.limits.remaining is not None and self.limits.remaining > 0


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not one byte of the request left this machine. ``stops_run``: trying again is wrong (a bad certificate)."""

    reason: str
    stops_run: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may or may not have been accepted.

    ``candidate`` is a task id that could be read in the answer's bytes; the service knowing it proves acceptance.
    ``stops_run``: the answer shows that nobody should submit any more (a redirect: wrong ``base_url``).
    """

    reason: str
    candidate: TaskId | None = None
    stops_run: bool = False
    limits: Announcement = SILENT


SubmitOutcome = Accepted | Refused | Throttled | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class Echo:
    """What the service says the request was; ``None`` where it does not say."""

    prompt: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """The task is known and not at its end. ``word`` is set where the service's word is not one we know."""

    word: str | None = None
    echo: Echo = field(default_factory=Echo)
    limits: Announcement = SILENT


@dataclass(frozen=True, slots=True)
class Completed:
    """The task is done. ``urls`` may be empty (not there yet, or unreadable); ``charged`` is ``None`` if unreadable."""

    urls: tuple[str, ...]
    charged: Credits | None = None
    echo: Echo = field(default_factory=Echo)
    limits: Announcement = SILENT


@dataclass(frozen=True, slots=True)
class Failed:
    """The task failed at the service. ``charged`` is ``None`` where nothing readable is reported (it counts as spent)."""

    message: str
    error_class: ErrorClass = ErrorClass.SERVICE
    charged: Credits | None = None
    echo: Echo = field(default_factory=Echo)
    limits: Announcement = SILENT


@dataclass(frozen=True, slots=True)
class NotFound:
    """The service does not know the task (404)."""

    message: str
    limits: Announcement = SILENT


@dataclass(frozen=True, slots=True)
class NothingLearned:
    """The question got no usable answer; the task is where it was. ``reached`` is False where no answer came at all."""

    reason: str
    reached: bool = True
    limits: Announcement = SILENT


StatusOutcome = Running | Completed | Failed | NotFound | NothingLearned | Throttled | Refused


@dataclass(frozen=True, slots=True)
class Probe:
    """How the service answers a question that costs nothing; ``served_at`` is its clock (epoch seconds), if it says."""

    outcome: StatusOutcome
    served_at: float | None
