"""An engine whose workers are functions of this process: for what has to be seen of ``proof`` and ``shipping`` alone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runner.transfers.engine import CallFailedError, EngineLostError, WorkersDiedError

VERSIONS = {"python": "3.11", "distributed": "2026.8.0"}


@dataclass
class EngineHere:
    """``workers`` change what they are called with; what is in ``deadly`` kills them, ``lost`` is why there are none."""

    workers: dict[str, Callable[..., Any]] = field(default_factory=lambda: {"tcp://one": _plainly})
    others: dict[str, dict[str, str]] = field(default_factory=dict)
    slots: int = 1
    deadly: str | None = None
    lost: str | None = None
    failing: str | None = None
    calls: list[tuple[str, ...]] = field(default_factory=list)

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        names = tuple(wanted.partial for wanted in arguments[1])
        self.calls.append(names)
        await asyncio.sleep(0)
        if self.lost is not None:
            raise EngineLostError(self.lost)
        if self.failing is not None:
            raise CallFailedError(self.failing)
        if self.deadly in names:
            raise WorkersDiedError("4 workers died")
        return await asyncio.to_thread(function, *arguments)

    async def everywhere(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        if self.lost is not None:
            raise EngineLostError(self.lost)
        return {name: worker(function, *arguments) for name, worker in self.workers.items()}

    async def versions(self) -> dict[str, dict[str, str]]:
        return {"": VERSIONS, "the scheduler": VERSIONS} | self.others

    async def watch(self) -> None:
        await asyncio.Event().wait()


def _plainly(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)
