"""The tasks that may run at the service at once."""

import asyncio
from collections import deque


class Slots:
    """A counted bound that can be overdrawn: tasks of an earlier run take their slots whether there is room or not."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take_anyway(self) -> None:
        """Count a task that is already there."""
        self.taken += 1

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

    def release(self) -> None:
        """Give one back."""
        self.taken -= 1
        while self._waiting and self.taken < self.capacity:
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)
