"""What can come of fetching, placing and checking a file, as values; `match` over them is exhaustive."""

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its length in bytes and its SHA-256 as 64 lower-case hex digits."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The partial file is whole, checked and synced. ``extension`` (``.mp4``) comes from its bytes alone."""

    content: Content
    extension: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The URL is worth nothing any more (401, 403, 404, 410, or 400 saying so): ask the status for a fresh one."""

    status: int


@dataclass(frozen=True, slots=True)
class Broken:
    """It did not work this time and may the next; ``after_s`` seconds were asked for (``None``: not said)."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A URL that is not fetched, however often it is tried: for its scheme, address or size."""

    reason: str


@dataclass(frozen=True, slots=True)
class DiskFull:
    """No room (or quota, or file size) left at ``path``; ``needed_bytes`` are still to come (``None``: not known)."""

    path: str
    needed_bytes: int | None


@dataclass(frozen=True, slots=True)
class DiskFailed:
    """The disk did not do what it was told: nothing more should be written below this output directory."""

    reason: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The file stands under its final name, and the name is on the disk."""


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """Under the final name stands a file of the same length and SHA-256; nothing was written."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something else has the name, or it cannot be made; nothing was overwritten or deleted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Neither the source nor the target holds the content that was named: it has to be fetched again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Intact:
    """The file holds what the state says."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is nothing under that name."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """There is something under that name, and it is not what the state says."""

    reason: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It is not tried again in this run."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Whoever fetches is gone: nothing is fetched any more in this run."""

    reason: str


DiskTrouble = DiskFull | DiskFailed | Broken
FetchOutcome = Fetched | Expired | Refused | GivenUp | Unavailable | DiskTrouble
PlaceOutcome = Placed | AlreadyThere | Conflict | Absent | DiskTrouble
CheckOutcome = Intact | Missing | Damaged

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN})


def disk_trouble(error: OSError, path: str, needed_bytes: int | None = None) -> DiskTrouble:
    """What ``error``, raised by a call on ``path``, means for the run.

    Too many open files or too little memory pass by themselves (``Broken``); what is not known is taken for a disk
    that cannot be trusted (``DiskFailed``).
    """
    if error.errno in _FULL:
        return DiskFull(path, needed_bytes)
    if error.errno in _PASSING:
        return Broken(f"{path}: {error.strerror}")
    return DiskFailed(f"{path}: {error.strerror or error}")


class EndedError(Exception):
    """Carries an outcome from inside a fetch to its edge; never leaves this package."""

    def __init__(self, outcome: FetchOutcome) -> None:
        self.outcome = outcome
        super().__init__(str(outcome))
