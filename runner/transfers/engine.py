"""What is asked of an engine, and how it fails."""

from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

WORKERS_S = 15.0
"""How long the first worker is waited for."""

ALONE_S = 60.0
"""How long an engine without any worker is borne with in a run."""


class EngineLostError(Exception):
    """The engine is gone, or nobody works there: nothing more can be called in this run. Its text is the reason."""


class WorkersDiedError(Exception):
    """Worker after worker died while it made the call: what was called may be what kills them."""


class CallFailedError(Exception):
    """The function did not return: it could not be loaded, or raised. Its text is for people."""


class Engine(Protocol):
    """Workers that call functions. Arguments and answers travel pickled, and functions by their names."""

    @property
    def slots(self) -> int:
        """How many calls are made at once now; it changes as workers come and go."""

    async def call(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What the function returns on some worker, which may have begun it on others before.

        Raises ``EngineLostError``, ``WorkersDiedError`` and ``CallFailedError``. Nothing of it is kept there afterwards.
        """

    async def everywhere(
        self, function: Callable[[*Ts], T], *arguments: *Ts
    ) -> dict[str, T | CallFailedError]:
        """What it returns on each worker that is there now, by the worker's address; those that go meanwhile are left out.

        Raises ``EngineLostError``.
        """

    async def watch(self) -> None:
        """Goes on beside the calls and notes what becomes of the engine; ends only by cancellation."""

    async def versions(self) -> dict[str, dict[str, str]]:
        """By worker, and for the scheduler: the versions of what the engine is made of and has to agree; ``""`` is this process."""


def first_line(error: BaseException) -> str:
    """What is said of an error that was raised elsewhere: its first line, or its class where it says nothing."""
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
