"""The tasks that may run at the service at once."""

import asyncio
from collections import deque

from runner.core.capacity import Capacity


class Slots:
    """A counted bound that can be overdrawn: tasks of an earlier run take their slots whether there is room or not.

    ``running`` are the jobs in them whose task the service has accepted. Where several processes share an account, what the
    service lets run counts for all of them together, and this one keeps to its part.
    """

    def __init__(self, most: int) -> None:
        self.running: set[str] = set()
        self.taken = 0
        self._part = self._most = most
        self._elsewhere = 0
        self._bound = Capacity(most)
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def capacity(self) -> int:
        """How many there are now."""
        return min(self._part, self._bound.now)

    @property
    def cap(self) -> int | None:
        """How many tasks the service was seen to let run for the account at once; ``None`` if it refused none for that."""
        return self._bound.now if self._bound.is_learned else None

    @property
    def wanted(self) -> int:
        """How many could be in use now: all of them where somebody waits for one, else those that are."""
        return self._most if any(not turn.done() for turn in self._waiting) else self.taken

    def share(self, part: int, most: int, elsewhere: int) -> None:
        """Take no more than ``part`` from now on; of the account's tasks, ``most`` at once, others run ``elsewhere``."""
        self._part, self._elsewhere = part, elsewhere
        self._bound.reach(most)
        self._let_in()

    def keep_to_itself(self) -> None:
        """Nobody else is there any more."""
        self.share(self._most, self._most, 0)

    def take_anyway(self, job_id: str) -> None:
        """Count a task that is already there."""
        self.taken += 1
        self.running.add(job_id)

    @property
    def overdrawn(self) -> int:
        """How many more are taken than there are."""
        return max(0, self.taken - self.capacity)

    def accepted(self, sent_at: float, job_id: str) -> None:
        """The service has accepted the task of a job that holds a slot; its submission left at ``sent_at``."""
        self.running.add(job_id)
        self._bound.accepted(sent_at, len(self.running) + self._elsewhere)

    def refused(self, now: float, sent_at: float) -> None:
        """The submission of ``sent_at`` was refused for a passing reason, and not for want of requests."""
        self._bound.refused(now, sent_at, len(self.running) + self._elsewhere)

    async def take(self) -> None:
        """Wait for room and take it; first come, first served."""
        if self.taken < self.capacity and not self._waiting:
            self.taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release()  # the turn came in the same moment: pass it on
            elif turn in self._waiting:  # a release in the same moment has already passed it over
                self._waiting.remove(turn)
            raise

    def release(self, job_id: str | None = None) -> None:
        """Give one back; that of ``job_id``, if it was given to a job."""
        self.taken -= 1
        if job_id in self.running:
            self.running.discard(job_id)
            self._bound.ended()
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self.taken < self.capacity:
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)
