"""What a coordinator and its driver say to each other over two pipes: pickled messages, each behind its length.

Calls and answers in them are pickled once more, and only who makes a call unpickles it.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto

_LENGTH_BYTES = 8


class Ending(StrEnum):
    """How a request ended that has no answer."""

    DIED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Make:
    """Make the call once, on some worker."""

    number: int
    call: bytes


@dataclass(frozen=True, slots=True)
class MakeEverywhere:
    """Make the call on each worker that is there."""

    number: int
    call: bytes


@dataclass(frozen=True, slots=True)
class AskVersions:
    """Say what everybody is made of."""

    number: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody waits for this call any more."""

    number: int


Request = Make | MakeEverywhere | AskVersions | Drop


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a request: of a call its pickled value, of the others a mapping by worker."""

    number: int
    value: object


@dataclass(frozen=True, slots=True)
class Ended:
    """A request without an answer, and why."""

    number: int
    ending: Ending
    reason: str


@dataclass(frozen=True, slots=True)
class Slots:
    """How many workers there are now; the first of these says that work can begin."""

    count: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The engine is gone, or never was; nothing comes after this."""

    reason: str


Report = Answered | Ended | Slots | Lost


def framed(message: Request | Report) -> bytes:
    """It as it goes over a pipe."""
    body = pickle.dumps(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class Unframer:
    """Bytes in, messages out. What it reads comes from a process that this program started, or that started it."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def fed(self, piece: bytes) -> Iterator[object]:
        """The messages that are whole with this piece."""
        self._kept += piece
        while len(self._kept) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._kept[:_LENGTH_BYTES], "big")
            if len(self._kept) < end:
                return
            body = bytes(self._kept[_LENGTH_BYTES:end])
            del self._kept[:end]
            yield pickle.loads(body)  # noqa: S301 - from our own process, over a pipe
