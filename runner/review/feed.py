"""Which jobs changed when, for any number of open pages: nothing is kept for a page, so a slow one costs no memory."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from runner.report.payload import Json

MOST_JOBS = 500
"""Jobs that share a number of the sequence, and so come in one event, at most."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a page shows of the batch as a whole."""

    figures: Json = field(default_factory=dict)
    failures: tuple[Json, ...] = ()


class Feed:
    """The sequence of the changes. To be used inside one event loop."""

    def __init__(self) -> None:
        self.sequence = 0
        """The number of the newest change; a page that was made at N knows all that changed up to N."""

        self.figures = Figures()
        self.is_closed = False
        self._jobs: dict[int, set[int]] = {}
        self._sequence_of: dict[int, int] = {}
        self._moved = asyncio.Event()

    def publish(self, jobs: Iterable[int], figures: Figures) -> None:
        """These jobs (rows) changed, and the figures are these now; nothing happens where nothing is new."""
        changed = sorted(jobs)
        if not changed and figures == self.figures:
            return
        self.figures = figures
        for start in range(0, max(len(changed), 1), MOST_JOBS):
            self.sequence += 1
            self._note(changed[start : start + MOST_JOBS])
        self._wake()

    def after(self, sequence: int) -> tuple[int, list[int]]:
        """The next jobs that changed after this number, at most ``MOST_JOBS``, and the number up to which these are all.

        A number that was never given out is that of another server, whose page knows nothing of this one's changes.
        """
        reached = sequence if 0 <= sequence <= self.sequence else 0
        found: list[int] = []
        while reached < self.sequence:
            jobs = self._jobs.get(reached + 1, ())
            if len(found) + len(jobs) > MOST_JOBS:
                break
            found += jobs
            reached += 1
        return reached, sorted(found)

    async def wait(self, sequence: int, timeout_s: float) -> bool:
        """Wait until there is more than this number, or the end; ``False`` where neither came within ``timeout_s``."""
        moved = self._moved
        if self.is_closed or self.sequence != sequence:
            return True
        try:
            await asyncio.wait_for(moved.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Let those who wait go home."""
        self.is_closed = True
        self._wake()

    def _note(self, jobs: list[int]) -> None:
        for pk in jobs:
            before = self._sequence_of.get(pk)
            if before is not None:
                self._forget(before, pk)
            self._sequence_of[pk] = self.sequence
        if jobs:
            self._jobs[self.sequence] = set(jobs)

    def _forget(self, sequence: int, pk: int) -> None:
        self._jobs[sequence].discard(pk)
        if not self._jobs[sequence]:
            del self._jobs[sequence]

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
