"""Sees what others change in the state, and tells the feed."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from runner.core.errors import StateError
from runner.review.feed import Feed, Figures
from runner.review.subject import Subject
from runner.store.watching import View, Watched, version
from runner.store.writer import Connection

T = TypeVar("T")

PAUSE_S = 0.5
SHARE = 30
"""Looks of each of the three kinds are so many times their length apart, so that all take a tenth of the time at most."""

_log = logging.getLogger(__name__)


class Lookout:
    """Looks at the state in one thread of its own; looks follow each other by ``pause_s`` at least.

    ``clock`` gives seconds. Raises ``StateError`` where the state cannot be read.
    """

    def __init__(
        self, subject: Subject, feed: Feed, pause_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._subject = subject
        self._feed = feed
        self._pause_s = pause_s
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="review-lookout")
        self._view = View(subject.state)
        self._watched = Watched(subject.batch_pk)
        self._turn = asyncio.Lock()
        self._version: int | None = None
        self._is_at_work = False
        self._whole = _Turn(clock)
        self._figures = _Turn(clock)

    async def begin(self) -> None:
        """Look at everything: what is found differently from now on has changed."""
        async with self._turn:
            await self.read(self._all)
            self._feed.figures = await self.read(self._counted)

    async def look(self) -> float:
        """Publish what a run or a person's choice has changed; returns the seconds that it took to find the jobs."""
        async with self._turn:
            began_s = self._clock()
            jobs = await self.read(self._recent)
            took_s = self._clock() - began_s
            await self._publish(jobs)
            return took_s

    async def look_at_all(self) -> None:
        """Publish whatever else has changed, if anything was written, and the last time is long enough ago."""
        async with self._turn:
            if self._whole.is_due():
                await self._publish(await self.read(self._all))

    async def watch(self) -> None:
        """Look again and again. A state that cannot be read now is looked at again later."""
        took_s = 0.0
        while True:
            await asyncio.sleep(max(self._pause_s, SHARE * took_s))
            try:
                took_s = await self.look()
                await self.look_at_all()
            except StateError as error:
                _log.warning("the review cannot see what changes: %s", error)

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question about a snapshot of the state."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)

    @property
    def watched(self) -> Watched:
        """What is known of the batch; only for questions to ``read``."""
        return self._watched

    def close(self) -> None:
        """Let go of the state."""
        self._thread.submit(self._view.close)
        self._thread.shutdown()

    async def _publish(self, jobs: set[int]) -> None:
        """Tell of these jobs, and how the batch stands; to count a million jobs anew each time would take too long."""
        figures = await self.read(self._counted) if self._figures.is_due() else self._feed.figures
        self._feed.publish(jobs, figures)

    def _answer(self, question: Callable[[Connection], T]) -> T:
        with self._view.reading() as connection:
            return question(connection)

    def _recent(self, connection: Connection) -> set[int]:
        """The jobs that a run or a choice has changed; none where nothing was written and nobody came or went."""
        found_version, is_at_work = version(connection), self._subject.is_at_work()
        changed: set[int] = set()
        if (found_version, is_at_work) == (self._version, self._is_at_work):
            return changed
        if (
            is_at_work != self._is_at_work
        ):  # nobody writes that a process was killed, but its jobs are unknown now
            changed |= self._watched.in_motion
        if found_version != self._version:
            self._whole.is_stale = True
            changed |= self._watched.likely_changed(connection)
        self._figures.is_stale = True
        self._version, self._is_at_work = found_version, is_at_work
        return changed

    def _all(self, connection: Connection) -> set[int]:
        """All jobs that have changed."""
        if self._version is None:
            self._version, self._is_at_work = version(connection), self._subject.is_at_work()
        with self._whole.taken():
            return self._watched.changed(connection)

    def _counted(self, connection: Connection) -> Figures:
        with self._figures.taken():
            return self._subject.figures(connection)


class _Turn:
    """When something that may take long is to be done again: once there is something new, and not too soon."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.is_stale = True
        self._clock = clock
        self._not_before_s = clock()

    def is_due(self) -> bool:
        """Whether it is to be done now."""
        return self.is_stale and self._clock() >= self._not_before_s

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """It is done in here."""
        began_s = self._clock()
        yield
        ended_s = self._clock()
        self.is_stale = False
        self._not_before_s = ended_s + SHARE * (ended_s - began_s)
