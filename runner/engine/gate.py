"""The one way to the API: every request passes here, so that one pace holds for all of them."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable
from enum import IntEnum
from random import Random

from runner.core.events import EventName, RunEvent
from runner.core.outcomes import NothingLearned, NotSent, StatusOutcome, SubmitOutcome, Throttled
from runner.core.pacing import Call, Pace

_PAUSE_WORTH_TELLING_S = 5.0


class Urgency(IntEnum):
    """Who goes first when requests are scarce."""

    PAID = 0  # what an earlier run left, and fresh URLs for a download that waits
    SUBMISSION = 1  # bounded by the slots, so it cannot starve the polls
    POLL = 2


class Gate:
    """Lets requests through one after the other, as the pace allows, the urgent ones first."""

    def __init__(self, pace: Pace, random: Random, tell: Callable[[RunEvent], None]) -> None:
        self._pace = pace
        self._random = random
        self._tell = tell
        self._order = itertools.count()
        # One line a kind: submissions that wait for their hour must not hold up the polls behind them.
        self._lines: dict[Call, list[tuple[int, int, asyncio.Future[bool]]]] = {call: [] for call in Call}
        self._timer: asyncio.TimerHandle | None = None
        self._told_pause = False
        self._is_submission_over = False

    async def permission(self, call: Call, urgency: Urgency) -> bool:
        """Wait until a request of this kind may leave now; it counts from here.

        ``False``: it may not leave any more, and does not count.
        """
        if call is Call.SUBMIT and self._is_submission_over:
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._lines[call], (urgency, next(self._order), turn))
        self._let_through()
        return await turn

    def recall(self, submitted_at: Iterable[float]) -> None:
        """Count what an earlier process submitted at these moments of the loop's clock, in order; before any request."""
        self._pace.recall(submitted_at)

    def end_submission(self) -> None:
        """Send away who waits for a submission, and whoever will: it may be an hour until their turn."""
        self._is_submission_over = True
        for _, _, turn in self._lines[Call.SUBMIT]:
            if not turn.done():
                turn.set_result(False)

    def go_on_with_submission(self) -> None:
        """Let submissions wait for their turn again."""
        self._is_submission_over = False

    def heard(self, outcome: SubmitOutcome | StatusOutcome) -> None:
        """Note how the request ended, and what its answer announced."""
        now = asyncio.get_running_loop().time()
        match outcome:
            case Throttled(after_s=after_s, limits=limits):
                self._pace.throttled(now, after_s, self._random.random(), limits)
            case NotSent() | NothingLearned(reached=False):
                self._pace.unanswered(now)
            case _:
                self._pace.heard(now, outcome.limits)
        self._let_through()

    def lost(self) -> None:
        """The request was cancelled before it had an outcome."""
        self._pace.unanswered(asyncio.get_running_loop().time())

    @property
    def remaining(self) -> int | None:
        """Requests left in the announced window; ``None`` where nothing is announced."""
        return self._pace.remaining

    def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while heads := self._heads():
            waits = {call: self._pace.wait_s(loop.time(), call) for _, _, call in heads}
            ready = next((call for _, _, call in heads if waits[call] <= 0), None)
            if ready is None:
                self._timer = loop.call_later(min(waits.values()), self._let_through)
                self._tell_pause(min(waits.values()))
                return
            _, _, turn = heapq.heappop(self._lines[ready])
            self._pace.sent(loop.time(), ready)
            self._tell_resumed()
            turn.set_result(True)

    def _heads(self) -> list[tuple[int, int, Call]]:
        """The first of each line, the most urgent first; those who gave up waiting are dropped."""
        for line in self._lines.values():
            while line and line[0][2].done():
                heapq.heappop(line)
        return sorted((line[0][0], line[0][1], call) for call, line in self._lines.items() if line)

    def _tell_pause(self, wait_s: float) -> None:
        if wait_s >= _PAUSE_WORTH_TELLING_S and not self._told_pause:
            self._told_pause = True
            self._tell(RunEvent(EventName.PAUSED, details={"seconds": round(wait_s, 1)}))

    def _tell_resumed(self) -> None:
        if self._told_pause:
            self._told_pause = False
            self._tell(RunEvent(EventName.RESUMED))
