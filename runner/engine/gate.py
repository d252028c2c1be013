"""The one way to the API: every request passes here, so that one pace holds for all of them."""

import asyncio
import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable
from random import Random

from runner.core.events import EventName, RunEvent
from runner.core.glance import Cause, Waiting
from runner.core.outcomes import NothingLearned, NotSent, StatusOutcome, SubmitOutcome, Throttled
from runner.core.pacing import GUARD_S, Call, Pace, Requests
from runner.core.polling import Question, price
from runner.core.sharing import Share

_PAUSE_WORTH_TELLING_S = 5.0
_WAIT_WORTH_SAYING_S = 1.0
_LOOK_AGAIN_S = 0.02
"""How often the price of a request is looked at again while every question that is due is worth less."""

_LATE_S = GUARD_S / 2
"""A submission that leaves later than this after its turn came counts from then on: half of what a window is longer by."""

_MayLeave = asyncio.Future[float]
_Asked = tuple[Question, _MayLeave]


class SubmissionOverError(Exception):
    """Nothing is submitted any more; the request that waited for its turn does not count."""


class NoSlotError(Exception):
    """The service lets fewer tasks run than it seemed; the submission that waited for its turn does not count."""


class Gate:
    """Lets requests through one after the other, as the pace allows, in the order that ``core.polling`` gives.

    Each way through gives the moment (of the loop's clock) at which the request may leave, and from which it counts;
    with that moment the request's end is told to exactly one of ``heard`` and ``lost``.
    """

    def __init__(self, pace: Pace, random: Random, tell: Callable[[RunEvent], None]) -> None:
        self._pace = pace
        self._random = random
        self._tell = tell
        self._order = itertools.count()
        self._paid: deque[_MayLeave] = deque()
        self._submissions: deque[_MayLeave] = deque()
        # Questions that are not worth a request yet, by when they will be; and those that may be.
        self._early: list[tuple[float, int, _Asked]] = []
        self._due: list[_Asked] = []
        self._timer: asyncio.TimerHandle | None = None
        self._held_at = -math.inf
        self.passed = 0
        """How many requests were let through so far."""

        self._told_pause = False
        self._is_submission_over = False

    async def at_once(self) -> float:
        """Wait until a status question about something paid for may leave; before everybody else."""
        return await self._stand_in(self._paid)

    async def to_submit(self) -> float:
        """Wait until a submission may leave. Raises ``SubmissionOverError`` and ``NoSlotError``."""
        if self._is_submission_over:
            raise SubmissionOverError
        return await self._stand_in(self._submissions)

    async def worth_asking(self, question: Question) -> float:
        """Wait until a status question is worth a request."""
        turn: _MayLeave = asyncio.get_running_loop().create_future()
        heapq.heappush(self._early, (question.due_at(), next(self._order), (question, turn)))
        self._let_through()
        return await turn

    def recall(self, submitted_at: Iterable[float]) -> None:
        """Count what an earlier process submitted at these moments of the loop's clock, in order; before any request."""
        self._pace.recall(submitted_at)

    def share(self, now: float, share: Share, others_wait_s: float) -> None:
        """Keep to this part of the account's pace, and still for as long as the service wants no request of others."""
        self._pace.share(share.requests_per_minute, share.submissions_per_hour, share.fraction)
        self._pace.keep_still(now, others_wait_s)
        self._let_through()

    def blocked_s(self, now: float) -> float:
        """For how many seconds the service wants no request of this process."""
        return self._pace.blocked_s(now)

    def was_held(self, since: float) -> bool:
        """Whether a request has waited for the pace since that moment."""
        return self._held_at >= since

    def end_submission(self) -> None:
        """Send away who waits for a submission, and whoever will: it may be an hour until their turn."""
        self._is_submission_over = True
        for turn in self._submissions:
            if not turn.done():
                turn.set_exception(SubmissionOverError())

    def send_back(self, number: int) -> None:
        """Send away so many of those who wait for a submission, the last first."""
        waiting = [turn for turn in self._submissions if not turn.done()]
        for turn in waiting[max(0, len(waiting) - number) :]:
            turn.set_exception(NoSlotError())

    def go_on_with_submission(self) -> None:
        """Let submissions wait for their turn again."""
        self._is_submission_over = False

    def waiting(self, now: float) -> Waiting | None:
        """What keeps requests that want to leave, ``None`` where nothing does; changes nothing.

        Short waits have no number: within an even pace there is always one.
        """
        wanted = bool(self._paid or self._due)
        status_s = self._pace.wait_s(now, Call.STATUS)
        if self._submissions and (submit_s := self._pace.wait_s(now, Call.SUBMIT)) > 0:
            cause = Cause.HOURLY if submit_s > status_s else Cause.RATE
            return Waiting(cause, submit_s if submit_s >= _WAIT_WORTH_SAYING_S else None)
        if wanted and status_s >= _WAIT_WORTH_SAYING_S:
            return Waiting(Cause.RATE, status_s)
        return None

    def at_hand(self, now: float) -> Requests:
        """How many requests are left in the window."""
        return self._pace.at_hand(now)

    def heard(self, sent_at: float, outcome: SubmitOutcome | StatusOutcome) -> None:
        """Note how the request of that moment ended, and what its answer announced."""
        now = asyncio.get_running_loop().time()
        match outcome:
            case Throttled():
                self._pace.throttled(now, sent_at, outcome, self._random.random())
            case NotSent() | NothingLearned(reached=False):
                self._pace.unanswered(now, sent_at)
            case _:
                self._pace.heard(now, sent_at, outcome.limits)
        self._let_through()

    def leaves(self, sent_at: float) -> None:
        """The submission that was let through at that moment leaves now, after its intent was made durable."""
        now = asyncio.get_running_loop().time()
        if now - sent_at > _LATE_S:
            self._pace.left_late(now, sent_at)

    def lost(self, sent_at: float) -> None:
        """The request of that moment was cancelled before it had an outcome."""
        self._pace.unanswered(asyncio.get_running_loop().time(), sent_at)

    async def _stand_in(self, line: deque[_MayLeave]) -> float:
        turn: _MayLeave = asyncio.get_running_loop().create_future()
        line.append(turn)
        self._let_through()
        return await turn

    def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while True:
            now = loop.time()
            self._see_who_is_due(now)
            chosen = self._chosen(now)
            if chosen is None:
                self._come_back(loop, now)
                return
            call, turn = chosen
            self._pace.sent(now, call)
            self.passed += 1
            self._tell_resumed()
            turn.set_result(now)

    def _see_who_is_due(self, now: float) -> None:
        """Also drops those who gave up waiting."""
        for line in (self._paid, self._submissions):
            while line and line[0].done():
                line.popleft()
        while self._early and (self._early[0][0] <= now or self._early[0][2][1].done()):
            self._due.append(heapq.heappop(self._early)[2])
        self._due = [each for each in self._due if not each[1].done()]

    def _chosen(self, now: float) -> tuple[Call, _MayLeave] | None:
        """Whose request leaves now, taken out of its line; ``None``: nobody's."""
        if (self._paid or self._due) and self._pace.wait_s(now, Call.STATUS) <= 0:
            if self._paid:
                return Call.STATUS, self._paid.popleft()
            if late := self._left_alone(now):
                return Call.STATUS, self._taken(late)
        if self._submissions and self._pace.wait_s(now, Call.SUBMIT) <= 0:
            return Call.SUBMIT, self._submissions.popleft()
        if self._due and self._pace.wait_s(now, Call.STATUS) <= 0 and (worth := self._worth_it(now)):
            return Call.STATUS, self._taken(worth)
        return None

    def _left_alone(self, now: float) -> _Asked | None:
        longest = min(self._due, key=lambda each: each[0].latest_at(), default=None)
        return longest if longest is not None and longest[0].latest_at() <= now else None

    def _worth_it(self, now: float) -> _Asked | None:
        likeliest = max(self._due, key=lambda each: each[0].likelihood(now))
        is_worth_it = likeliest[0].likelihood(now) >= price(self._pace.plenty(now))
        return likeliest if is_worth_it else None

    def _taken(self, asked: _Asked) -> _MayLeave:
        self._due.remove(asked)
        return asked[1]

    def _come_back(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Look again when somebody may leave."""
        status_s = self._pace.wait_s(now, Call.STATUS)
        waits = [status_s] if self._paid else []
        if self._submissions:
            waits.append(self._pace.wait_s(now, Call.SUBMIT))
        if self._due:
            waits.append(max(_LOOK_AGAIN_S, status_s))
        if self._paid or self._submissions or (self._due and status_s > 0):
            self._held_at = now
        if waits:
            self._tell_pause(min(waits))
        if self._early:
            waits.append(max(self._early[0][0] - now, status_s))
        if waits:
            self._timer = loop.call_later(min(waits), self._let_through)

    def _tell_pause(self, wait_s: float) -> None:
        if wait_s >= _PAUSE_WORTH_TELLING_S and not self._told_pause:
            self._told_pause = True
            self._tell(RunEvent(EventName.PAUSED, details={"seconds": round(wait_s, 1)}))

    def _tell_resumed(self) -> None:
        if self._told_pause:
            self._told_pause = False
            self._tell(RunEvent(EventName.RESUMED))
