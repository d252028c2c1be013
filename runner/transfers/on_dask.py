"""The engine Dask (``distributed``): a scheduler, workers, and this process as its client.

Three things that its documentation does not say (version 2026.8): a future that is awaited while the scheduler dies may never
end, so the client's status is watched beside it; a future that is kept makes a dead worker's finished work run again, so each
is released at once; and a worker that dies counts against everything that was assigned to it, also against what waited.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple, cast

import distributed  # type: ignore[import-not-found, unused-ignore]  # an extra
from distributed.client import FutureCancelledError  # type: ignore[import-not-found, unused-ignore]  # an extra
from distributed.scheduler import KilledWorker  # type: ignore[import-not-found, unused-ignore]  # an extra

from runner.core.errors import UsageError
from runner.transfers.engine import (
    ALONE_S,
    WORKERS_S,
    CallFailedError,
    EngineLostError,
    WorkersDiedError,
    first_line,
)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CONNECT_S = 10.0
_LOOK_EVERY_S = 0.2
_COUNT_EVERY_S = 1.0


class Dask:
    """A connected client. ``watch`` has to go on beside the calls."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._slots = 1

    @property
    def slots(self) -> int:
        return max(1, self._slots)

    async def call(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        if self._lost.done():
            raise EngineLostError(self._lost.result())
        key = f"runner-{secrets.token_hex(8)}"
        future = self._client.submit(function, *arguments, key=key, pure=False)
        try:
            return cast("T", await self._answer(future))
        finally:
            future.release()

    async def everywhere(
        self, function: Callable[[*Ts], T], *arguments: *Ts
    ) -> dict[str, T | CallFailedError]:
        try:
            answers: dict[str, Any] = await self._client.run(function, *arguments, on_error="return")
        except OSError as error:
            raise EngineLostError(str(error)) from error
        return {
            worker: _or_failed(answer)
            for worker, answer in answers.items()
            if not isinstance(answer, OSError)  # it died while it was asked; what is not there needs no proof
        }

    async def versions(self) -> dict[str, dict[str, str]]:
        found = await self._client.get_versions()
        workers = {f"the worker {address}": _versions(one) for address, one in found["workers"].items()}
        scheduler = {f"the scheduler {self._address}": _versions(found["scheduler"])}
        return {"": _versions(found["client"])} | scheduler | workers

    async def watch(self) -> None:
        """Note when the scheduler is gone, or when nobody works for it; ends only by cancellation."""
        loop = asyncio.get_running_loop()
        count_at, seen_at = loop.time(), loop.time()
        while not self._lost.done():
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._client.status != "running":
                self._lose(self._gone)
            elif loop.time() >= count_at:
                count_at = loop.time() + _COUNT_EVERY_S
                await self.count()
                seen_at = loop.time() if self._slots else seen_at
                if loop.time() - seen_at > ALONE_S:
                    self._lose(f"the scheduler at {self._address} has had no worker for {ALONE_S:.0f} s")

    async def count(self) -> None:
        """Learn how many slots there are now."""
        try:
            self._slots = sum((await asyncio.wait_for(self._client.nthreads(), CONNECT_S)).values())
        except (OSError, TimeoutError):
            return  # the status will tell

    async def wait_for_worker(self, patience_s: float) -> None:
        """Until there is one; raises ``TimeoutError``."""
        await self._client.wait_for_workers(1, timeout=patience_s)
        await self.count()

    async def _answer(self, future: Any) -> Any:
        async with asyncio.TaskGroup() as group:
            settling = group.create_task(_settled(future))
            either: set[asyncio.Future[Any]] = {settling, self._lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            settling.cancel()
        if self._lost.done():
            raise EngineLostError(self._lost.result())
        answer, error = settling.result()
        if error is None:
            return answer
        if isinstance(error, KilledWorker):
            raise WorkersDiedError(first_line(error)) from error
        if isinstance(error, FutureCancelledError):
            self._lose(self._gone)
            raise EngineLostError(self._lost.result()) from error
        raise CallFailedError(f"{type(error).__name__}: {first_line(error)}") from error

    @property
    def _gone(self) -> str:
        """Also where another one has come in its place: that one knows nothing of what was out."""
        return f"the scheduler at {self._address} is gone"

    def _lose(self, reason: str) -> None:
        if not self._lost.done():
            self._lost.set_result(reason)


@asynccontextmanager
async def connected(address: str, workers_s: float = WORKERS_S) -> AsyncIterator[Dask]:
    """A client of the scheduler at ``address`` that has a worker; who watches it is the caller. TLS is as Dask's own configuration says.

    Raises ``UsageError``.
    """
    _quieten()
    try:
        client = await distributed.Client(address, asynchronous=True, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TypeError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"--engine {address}: no scheduler can be reached there ({first_line(error)}); start one with `dask scheduler`, "
            "or leave --engine out; nothing was sent"
        ) from error
    try:
        engine = Dask(client, address)
        try:
            await engine.wait_for_worker(workers_s)
        except TimeoutError as error:
            raise UsageError(
                f"--engine {address}: the scheduler has had no worker for {workers_s:.0f} s; start some with "
                f"`dask worker {address}`; nothing was sent"
            ) from error
        yield engine
    finally:
        await client.close(timeout=2)


async def _settled(future: Any) -> tuple[Any, Exception | None]:
    """What came of it, as a value: a task of a group must not raise."""
    try:
        return await future.result(), None
    except Exception as error:  # noqa: BLE001 - whatever a function raised elsewhere
        return None, error


def _quieten() -> None:
    """Dask says on stderr what is said here in our own words, with tracebacks."""
    logger = logging.getLogger("distributed")
    logger.handlers.clear()
    logger.propagate = False
    logger.addHandler(logging.NullHandler())


def _or_failed(answer: Any) -> Any:
    if isinstance(answer, BaseException):
        return CallFailedError(f"{type(answer).__name__}: {first_line(answer)}")
    return answer


def _versions(found: Any) -> dict[str, str]:
    packages = found["packages"]
    python = ".".join(str(packages["python"]).split(".")[:2])  # what is pickled agrees within a minor version
    return {"python": python, "distributed": str(packages["distributed"])}
