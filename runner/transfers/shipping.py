"""The engine's downloads, where workers make them: chunks go out, and what comes back is taken over.

A chunk is one call: at most 16 files, or as many as make 64 MB by the mean of what has come. Twice as many calls are out as
there are slots, so that no worker waits for the coordinator, and no more, so that what is wanted next is decided late.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.files.depot import Depot
from runner.files.handing import Handed, take_over
from runner.files.meter import Meter
from runner.files.outcomes import (
    AlreadyThere,
    Broken,
    Content,
    Fetched,
    FetchOutcome,
    GivenUp,
    Placed,
    PlaceOutcome,
    Unavailable,
)
from runner.files.upload import forget
from runner.transfers.bucket_errand import serve_bucket
from runner.transfers.engine import CallFailedError, Engine, EngineLostError, WorkersDiedError
from runner.transfers.errand import Answer, Placing, Terms, Wanted, fetch_all

FILES_MAX = 16
CHUNK_BYTES = 64 * 1000 * 1000
CALLS_A_SLOT = 2
_FIRST_BYTES = 16 * 1000 * 1000
"""What a file is taken to be before one has come."""


@dataclass(slots=True, eq=False)
class _Order:
    """One file that somebody waits for. ``is_suspect``: the workers of a chunk that it was in died."""

    wanted: Wanted | Placing
    outcome: "asyncio.Future[Any]"
    is_suspect: bool = False


class Shipped:
    """What the engine calls ``Files``. ``ship`` has to go on beside it."""

    def __init__(self, engine: Engine, depot: Depot, terms: Terms, tell: Callable[[str], None]) -> None:
        self._engine = engine
        self._depot = depot
        self._terms = terms
        self._tell = tell
        self._queue: deque[_Order] = deque()
        self._placings: deque[_Order] = deque()
        self._suspects: deque[_Order] = deque()
        self._waiting: dict[str, Handed] = {}
        self._changed = asyncio.Event()
        self._out = 0
        self._tries_suspect = False
        self._lost: str | None = None
        self._errand: Callable[[Terms, tuple[Any, ...]], tuple[Answer, ...]] = (
            fetch_all if depot.is_local else serve_bucket
        )
        self._came, self._came_bytes = 0, 0
        self.meter = Meter()
        """Of what was taken over: a file's bytes count when it is there."""

    @property
    def at_once(self) -> int:
        """How many files are worth asking for at once."""
        return max(256, CALLS_A_SLOT * FILES_MAX * self._engine.slots)

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        """As ``tree.Tree.fetch``, by a worker."""
        with self.meter.downloading():
            outcome: FetchOutcome = await self._ordered(Wanted(url, partial), self._queue)
        if isinstance(outcome, Fetched):
            self.meter.received(outcome.content.size_bytes)
        return outcome

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome | Unavailable:
        """As ``tree.Tree.place``: here, where it is a link and a sync of its directory; by a worker, where bytes have to go.

        What an earlier run fetched, and left in the spool or in the bucket, goes through this process.
        """
        given = self._waiting.get(partial)
        if self._depot.is_local or given is None:
            return await self._depot.place(partial, path, content)
        outcome: PlaceOutcome | Unavailable = await self._ordered(
            Placing(partial, path, content, given), self._placings
        )
        if not isinstance(outcome, Unavailable):
            del self._waiting[partial]
        if isinstance(outcome, Placed | AlreadyThere):
            await asyncio.to_thread(self._forget, partial)
        return outcome

    async def _ordered(self, wanted: Wanted | Placing, queue: "deque[_Order]") -> Any:
        if self._lost is not None:
            return Unavailable(self._lost)
        order = _Order(wanted, asyncio.get_running_loop().create_future())
        queue.append(order)
        self._changed.set()
        return await order.outcome

    def _forget(self, partial: str) -> None:
        """What an earlier run had begun to download without an engine."""
        with contextlib.suppress(OSError):
            forget(self._depot.spool, partial)

    async def ship(self) -> None:
        """Send chunks as long as there are orders and room; ends only by cancellation, which takes back what is out."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                while self._out < CALLS_A_SLOT * self._engine.slots and (chunk := self._next_chunk()):
                    self._out += 1
                    group.create_task(self._shipped(chunk))
                await self._changed.wait()

    def _next_chunk(self) -> list[_Order]:
        """Suspects go alone, one after the other, so that the death of a worker tells which it was."""
        for orders in (self._placings, self._queue, self._suspects):
            while orders and orders[0].outcome.done():  # nobody waits any more
                orders.popleft()
        if self._suspects and not self._tries_suspect:
            self._tries_suspect = True
            return [self._suspects.popleft()]
        room = CALLS_A_SLOT * self._engine.slots - self._out
        mean_bytes = self._came_bytes / self._came if self._came else _FIRST_BYTES
        fits = min(FILES_MAX, max(1, int(CHUNK_BYTES / max(1.0, mean_bytes))))
        orders = self._placings or self._queue  # what has come makes way before more comes
        size = min(fits, math.ceil(len(orders) / room))
        return [orders.popleft() for _ in range(size)]

    async def _shipped(self, chunk: list[_Order]) -> None:
        try:
            await self._call(chunk)
        finally:
            self._out -= 1
            if chunk[0].is_suspect:
                self._tries_suspect = False
            self._changed.set()

    async def _call(self, chunk: list[_Order]) -> None:
        wanted = tuple(order.wanted for order in chunk)
        try:
            answers = await self._engine.call(self._errand, self._terms, wanted)
        except EngineLostError as error:
            self._lose(chunk, str(error))
        except WorkersDiedError as error:
            self._suspect(chunk, str(error))
        except CallFailedError as error:
            self._answer_all(chunk, Broken(f"a worker could not do it: {error}"))
        else:
            for order, answer in zip(chunk, answers, strict=True):
                await self._take(order, answer)

    async def _take(self, order: _Order, answer: Answer) -> None:
        outcome = answer.outcome
        if isinstance(outcome, Fetched):
            if order.outcome.done():
                return
            trouble = await asyncio.to_thread(self._taken_over, order, answer, outcome.content)
            if trouble is not None:
                outcome = trouble
            else:
                self._came += 1
                self._came_bytes += outcome.content.size_bytes
        _answer(order, outcome)

    def _taken_over(self, order: _Order, answer: Answer, content: Content) -> Any:
        if answer.handed is None:
            return Broken("what a worker had fetched was gone before it could be handed over")
        if not self._depot.is_local:
            self._waiting[order.wanted.partial] = answer.handed
            return None
        return take_over(self._depot.spool, answer.handed, order.wanted.partial, content)

    def _suspect(self, chunk: list[_Order], reason: str) -> None:
        if chunk[0].is_suspect:
            self._answer_all(chunk, _deadly(chunk[0].wanted, reason))
            return
        for order in chunk:
            order.is_suspect = True
        self._suspects.extend(chunk)

    def _lose(self, chunk: list[_Order], reason: str) -> None:
        if self._lost is None:
            self._lost = reason
            self._tell(reason)
        everyone = [*chunk, *self._placings, *self._queue, *self._suspects]
        self._placings.clear()
        self._queue.clear()
        self._suspects.clear()
        self._answer_all(everyone, Unavailable(reason))

    def _answer_all(self, orders: list[_Order], outcome: FetchOutcome | PlaceOutcome) -> None:
        for order in orders:
            _answer(order, outcome)


def _deadly(wanted: Wanted | Placing, reason: str) -> GivenUp | Broken:
    """What is said of a file that kills whoever touches it."""
    if isinstance(wanted, Placing):
        return Broken(
            f"each worker that puts it into the bucket dies; the run without --engine does it ({reason})"
        )
    return GivenUp(
        f"each worker that fetches it dies; the run without --engine fetches it in this process ({reason})"
    )


def _answer(order: _Order, outcome: FetchOutcome | PlaceOutcome) -> None:
    if not order.outcome.done():
        order.outcome.set_result(outcome)
