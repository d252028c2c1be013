"""When the next request may leave: the configured rate, what the service announced, and its refusals.

Pure state: every method takes the moment as an argument, in seconds of a clock that never goes back.

Three rules, each of which can only make the others stricter:

* **The configured rate.** Never more than the number in *any* window (60 s for requests, 3600 s for submissions), and
  within it no rush: a burst of a sixth of the number, at most 10, then even spacing.
* **The announced remainder** (``allowance``). Within one announced window the least remainder counts, because answers
  arrive out of order, less the requests that are unanswered or ended without a remainder. At 0 everybody waits for the
  end of that window.
* **A refusal for a passing reason** (429) stops both kinds of requests at once: for as long as the service says
  (``Retry-After``; the reset, unless requests are left), else for a backoff that starts at 2 s and doubles to 60 s.
  Answers to requests of the same rush count as one refusal.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from runner.core.allowance import BURST_MAX, BURST_SHARE, Allowance
from runner.core.announced import LONGEST_S
from runner.core.backoff import backoff_s
from runner.core.outcomes import SILENT, Announcement, Throttled

MINUTE_S = 60.0
HOUR_S = 3600.0

GUARD_S = 0.5
"""Added to each window: requests travel for different times, and the service counts arrivals, not departures."""

_THROTTLE_BASE_S = 2.0
_THROTTLE_LEAST_S = 0.5  # full jitter may draw 0, and everybody would run into the same wall at once
_AT_ONCE_S = 1e-6  # less is rounding


@dataclass(frozen=True, slots=True)
class Requests:
    """How many more may be made in the window that is the narrower one now, and in how many seconds there are more.

    ``renews_in_s`` is 0 where nothing is used up. That says how the window is used, not when the next may leave.
    """

    left: int
    renews_in_s: float


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
        self._announced = Allowance()
        self._paused_until = -math.inf
        # Apart from the above, or two processes would tell each other's waits for ever.
        self._still_until = -math.inf
        self._refusals = 0

    def wait_s(self, now: float, kind: Call) -> float:
        """Seconds until a request of this kind may leave, as far as known now; 0.0 means it may leave now."""
        held_until = max(self._paused_until, self._still_until)
        waits = [held_until - now, self._announced.wait_s(now), self._requests.wait_s(now)]
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

    def left_late(self, now: float, sent_at: float) -> None:
        """The submission that was let through at ``sent_at`` leaves only now: from now on it counts as of now."""
        self._requests.left_late(now, sent_at)
        if self._submissions is not None:
            self._submissions.left_late(now, sent_at)

    def recall(self, submitted_at: Iterable[float]) -> None:
        """Submissions of an earlier process count as well; moments of the same clock, in order, before any ``sent``."""
        for moment in submitted_at:
            self._requests.sent(moment)
            if self._submissions is not None:
                self._submissions.sent(moment)

    def share(self, requests_per_minute: float, submissions_per_hour: float | None, fraction: float) -> None:
        """From now on these rates are this process's own, and of the announced remainder that fraction: others have the rest."""
        self._requests.space(requests_per_minute)
        if self._submissions is not None and submissions_per_hour is not None:
            self._submissions.space(submissions_per_hour)
        self._announced.fraction = fraction

    def blocked_s(self, now: float) -> float:
        """For how many seconds the service wants no request at all, as this process itself was told."""
        return max(0.0, self._paused_until - now, self._announced.empty_s(now))

    def keep_still(self, now: float, seconds: float) -> None:
        """So long others were told to wait; 0 seconds: nobody any more."""
        self._still_until = now + min(seconds, LONGEST_S)

    def plenty(self, now: float) -> float:
        """The share of the requests that could leave in one rush which are at hand now, 0 (scarce) to 1."""
        return min(self._requests.plenty(now), self._announced.plenty(now))

    def at_hand(self, now: float) -> Requests:
        """What is left of the configured window, or of the announced one where that is less; changes nothing."""
        own = self._requests.at_hand(now)
        announced = self._announced.at_hand(now)
        if announced is None or own.left < announced[0]:
            return own
        return Requests(*announced)

    def heard(self, now: float, sent_at: float, announcement: Announcement) -> None:
        """An answer came that was no refusal for a passing reason, to the request that left at ``sent_at``."""
        self._announced.heard(now, sent_at, announcement)
        if now >= self._paused_until:
            self._refusals = 0

    def throttled(self, now: float, sent_at: float, refused: Throttled, jitter: float) -> None:
        """The service refused the request of ``sent_at`` for a passing reason; 0 seconds asked for means none said.

        ``jitter`` is a random number in [0, 1).
        """
        self._announced.heard(now, sent_at, refused.limits)
        # With requests left, the end of their window has nothing to do with it.
        asked = refused.after_s or (None if refused.has_requests_left else refused.limits.reset_after_s)
        if now < self._paused_until:
            # One rush, one refusal: ten requests in flight must not double the wait ten times.
            self._pause(now, asked or 0.0)
            return
        self._refusals += 1
        drawn = backoff_s(self._refusals, jitter, base_s=_THROTTLE_BASE_S)
        self._pause(now, asked or max(drawn, _THROTTLE_LEAST_S))

    def unanswered(self, now: float, sent_at: float) -> None:
        """A request ended without an answer; the service may have counted it all the same."""
        self._announced.heard(now, sent_at, SILENT)

    def _pause(self, now: float, seconds: float) -> None:
        self._paused_until = max(self._paused_until, now + min(seconds, LONGEST_S))


class _Window:
    """At most ``limit`` requests in any window of ``seconds``, after a short burst evenly spaced.

    The record of the requests gives the strict promise; the spacing (the generic cell rate algorithm, ITU-T I.371)
    keeps it from being used up in a rush. A limit below 1 means one request in a window that is longer accordingly.
    """

    def __init__(self, limit: float, seconds: float) -> None:
        if not limit > 0:
            raise ValueError(f"a rate must be more than 0, not {limit}")
        self._window_s = seconds
        self._seconds = seconds * max(1.0, 1.0 / limit) + GUARD_S
        self._next_even = -math.inf
        self._times: deque[float] = deque(maxlen=max(1, math.floor(limit)))
        self.space(limit)

    def space(self, limit: float) -> None:
        """Space requests as for this limit from now on; the record keeps to the one that it was made with.

        So a process that shares its rate slows down at once, but does not stand still until its past has become as slow.
        """
        whole = max(1, math.floor(limit))
        self._spacing = (self._window_s * max(1.0, 1.0 / limit) + GUARD_S) / max(1.0, limit)
        self._burst = max(1, min(BURST_MAX, whole // BURST_SHARE))
        self._credit_s = self._spacing * (self._burst - 1)

    def wait_s(self, now: float) -> float:
        even = self._next_even - self._credit_s - now
        if len(self._times) < (self._times.maxlen or 0):
            return even
        return max(even, self._times[0] + self._seconds - now)

    def plenty(self, now: float) -> float:
        return max(0.0, min(1.0, -self.wait_s(now) / (self._burst * self._spacing)))

    def at_hand(self, now: float) -> Requests:
        first = bisect_right(self._times, now - self._seconds)
        counted = len(self._times) - first
        renews_in_s = self._times[first] + self._seconds - now if counted else 0.0
        return Requests((self._times.maxlen or 0) - counted, renews_in_s)

    def sent(self, now: float) -> None:
        self._times.append(now)
        self._next_even = max(self._next_even, now) + self._spacing

    def left_late(self, now: float, sent_at: float) -> None:
        if sent_at in self._times:
            self._times.remove(sent_at)
            self._times.append(now)
