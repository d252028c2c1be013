"""When the next request may leave: the configured rate, what the service announced, and its refusals.

Pure state: every method takes the moment as an argument, in seconds of a clock that never goes back.

Three rules, each of which can only make the others stricter:

* **The configured rate.** Never more than the number in *any* window (60 s for requests, 3600 s for submissions), and
  within it no rush: a burst of a sixth of the number, at most 10, then even spacing.
* **The announced remainder.** Within one announced window the least remainder counts, because answers arrive out of
  order, less the requests that are unanswered or ended without a remainder. At 0 everybody waits for the reset.
* **A refusal for a passing reason** (429) stops both kinds of requests at once: for as long as the service says, else
  for a backoff that starts at 2 s and doubles to 60 s. Answers to requests of the same rush count as one refusal.
"""

import math
from collections import deque
from collections.abc import Iterable
from enum import StrEnum

from runner.core.announced import LONGEST_S
from runner.core.backoff import backoff_s
from runner.core.outcomes import SILENT, Announcement

MINUTE_S = 60.0
HOUR_S = 3600.0

GUARD_S = 0.5
"""Added to each window: requests travel for different times, and the service counts arrivals, not departures."""

_BURST_MAX = 10
_BURST_SHARE = 6
_SILENT_RESET_S = 60.0  # "nothing left" without a reset: a minute, the window of the configured rate
_RECHECK_S = 0.25  # nothing left only because of unanswered requests: an answer may change that any moment
_THROTTLE_BASE_S = 2.0
_THROTTLE_LEAST_S = 0.5  # full jitter may draw 0, and everybody would run into the same wall at once
_AT_ONCE_S = 1e-6  # less is rounding


class Call(StrEnum):
    """The two kinds of requests."""

    SUBMIT = "submit"
    STATUS = "status"


class Pace:
    """The pace of one account; all its requests share one.

    For each request: ``wait_s`` until it is 0, then ``sent`` (without giving way in between), and when it ended
    exactly one of ``heard``, ``throttled`` and ``unanswered``.
    """

    def __init__(self, requests_per_minute: float, submissions_per_hour: float | None = None) -> None:
        self._requests = _Window(requests_per_minute, MINUTE_S)
        self._submissions = None if submissions_per_hour is None else _Window(submissions_per_hour, HOUR_S)
        self._announced = _Announced()
        self._paused_until = -math.inf
        self._refusals = 0

    def wait_s(self, now: float, kind: Call) -> float:
        """Seconds until a request of this kind may leave, as far as known now; 0.0 means it may leave now."""
        waits = [self._paused_until - now, self._announced.wait_s(now), self._requests.wait_s(now)]
        if kind is Call.SUBMIT and self._submissions is not None:
            waits.append(self._submissions.wait_s(now))
        longest = max(waits)
        return longest if longest > _AT_ONCE_S else 0.0

    def sent(self, now: float, kind: Call) -> None:
        """A request leaves now."""
        self._requests.sent(now)
        self._announced.unanswered += 1
        if kind is Call.SUBMIT and self._submissions is not None:
            self._submissions.sent(now)

    def recall(self, submitted_at: Iterable[float]) -> None:
        """Submissions of an earlier process count as well; moments of the same clock, in order, before any ``sent``."""
        for moment in submitted_at:
            self._requests.sent(moment)
            if self._submissions is not None:
                self._submissions.sent(moment)

    def heard(self, now: float, announcement: Announcement) -> None:
        """An answer came that was no refusal for a passing reason."""
        self._announced.heard(now, announcement)
        if now >= self._paused_until:
            self._refusals = 0

    def throttled(
        self, now: float, after_s: float | None, jitter: float, announcement: Announcement = SILENT
    ) -> None:
        """The service refused for a passing reason; ``after_s`` is what it asked for (``None``, or 0: not said).

        ``jitter`` is a random number in [0, 1).
        """
        self._announced.heard(now, announcement)
        asked = after_s or announcement.reset_after_s
        if now < self._paused_until:
            # One rush, one refusal: ten requests in flight must not double the wait ten times.
            self._pause(now, asked or 0.0)
            return
        self._refusals += 1
        drawn = backoff_s(self._refusals, jitter, base_s=_THROTTLE_BASE_S)
        self._pause(now, asked or max(drawn, _THROTTLE_LEAST_S))

    def unanswered(self, now: float) -> None:
        """A request ended without an answer; the service may have counted it all the same."""
        self._announced.heard(now, SILENT)

    @property
    def remaining(self) -> int | None:
        """The least remainder announced in the last announced window; ``None`` where nothing is announced."""
        return self._announced.least

    def _pause(self, now: float, seconds: float) -> None:
        self._paused_until = max(self._paused_until, now + min(seconds, LONGEST_S))


class _Announced:
    """What the service said is left, until its reset."""

    def __init__(self) -> None:
        self.unanswered = 0
        self.least: int | None = None
        self._uncounted = 0
        self._reset_at = -math.inf

    def wait_s(self, now: float) -> float:
        if self.least is None or now >= self._reset_at:
            return 0.0
        left = self.least - self._uncounted
        if left <= 0:
            return self._reset_at - now
        if left <= self.unanswered:
            return min(self._reset_at - now, _RECHECK_S)
        return 0.0

    def heard(self, now: float, announcement: Announcement) -> None:
        self.unanswered = max(0, self.unanswered - 1)
        if now >= self._reset_at:
            self.least, self._uncounted = None, 0
        if announcement.remaining is None:
            # The service may have counted it, and after the least remainder that we have heard or will hear of.
            self._uncounted += 1
            return
        after_s = announcement.reset_after_s
        reset_at = now + (_SILENT_RESET_S if after_s is None else min(after_s, LONGEST_S))
        if self.least is None:
            self.least, self._reset_at, self._uncounted = announcement.remaining, reset_at, 0
            return
        self.least = min(self.least, announcement.remaining)
        if announcement.remaining <= 0:
            self._reset_at = max(self._reset_at, reset_at)


class _Window:
    """At most ``limit`` requests in any window of ``seconds``, after a short burst evenly spaced.

    The record of the requests gives the strict promise; the spacing (the generic cell rate algorithm, ITU-T I.371)
    keeps it from being used up in a rush. A limit below 1 means one request in a window that is longer accordingly.
    """

    def __init__(self, limit: float, seconds: float) -> None:
        if not limit > 0:
            raise ValueError(f"a rate must be more than 0, not {limit}")
        whole = max(1, math.floor(limit))
        self._seconds = seconds * max(1.0, 1.0 / limit) + GUARD_S
        self._spacing = self._seconds / whole
        self._credit_s = self._spacing * (max(1, min(_BURST_MAX, whole // _BURST_SHARE)) - 1)
        self._next_even = -math.inf
        self._times: deque[float] = deque(maxlen=whole)

    def wait_s(self, now: float) -> float:
        even = self._next_even - self._credit_s - now
        if len(self._times) < (self._times.maxlen or 0):
            return even
        return max(even, self._times[0] + self._seconds - now)

    def sent(self, now: float) -> None:
        self._times.append(now)
        self._next_even = max(self._next_even, now) + self._spacing
