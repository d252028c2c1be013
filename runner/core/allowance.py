"""What the service says is left in its own window of requests, and how to use it up evenly.

Nothing is known beforehand about that window but what the answers announce: a remainder, and a reset whose unit and
rounding differ from service to service. Rounding makes a reset late, never early, so the earliest that one window's
answers announced is the nearest: what a ``Date`` of whole seconds adds is all but gone after some answers. What is left
is the reset's own rounding, up to a second, where it comes in whole seconds; there, and by so much at most, the end is
also measured, from one refill to the next. A refill is certain where the remainder of a request is higher than one that
was *heard before that request was sent*: answers that overtake each other cannot look like that.

* At 0, counting the requests that are unanswered, everybody waits for the end of the window: the announced one, or
  the measured one where the last two windows agree and it is within the rounding of the announced one.
* Before that, requests may run ahead of an even use of the remainder by a burst (a sixth of it, at most 10), no further:
  a rush at the start of a window costs refusals and a stop at its end.
"""

import math
from collections import deque

from runner.core.announced import LONGEST_S
from runner.core.outcomes import Announcement

BURST_MAX = 10
BURST_SHARE = 6

_SILENT_RESET_S = 60.0  # "nothing left" without a reset: a minute, the window of the configured rate
_RECHECK_S = 0.25  # nothing left only because of unanswered requests: an answer may change that any moment
_ROUNDING_S = 1.0  # how late a reset in whole seconds may be
_DATE_ROUNDING_S = 1.0  # and how late the ``Date`` of whole seconds that it counts from makes it
_WHOLE = 1e-6
_AGREEING = 2
_AGREEMENT = 1.1
_GAP_SHARE = 0.25


class Allowance:
    """The announced window. Moments are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self.unanswered = 0
        self.least: int | None = None
        """The least remainder heard in this window; ``None`` where nothing is announced."""

        self.fraction = 1.0
        """How much of it is this process's own, above 0; others, which share the account, have the rest."""

        self._least_heard_at = -math.inf
        self._uncounted = 0
        self._first = 0
        self._began_at = -math.inf
        self._announced_end = -math.inf
        self._is_whole = False
        self._lengths: deque[float] = deque(maxlen=_AGREEING)

    def wait_s(self, now: float) -> float:
        """Seconds until a request may leave, as far as known now."""
        if self.least is None or now >= self._ends_at():
            return 0.0
        left = self._left()
        if left <= 0:
            return self._ends_at() - now
        if int(left * self.fraction) <= self.unanswered:
            return min(self._ends_at() - now, _RECHECK_S)
        return self._even_at(left) - now

    def empty_s(self, now: float) -> float:
        """Seconds until the window ends if nothing is left in it, else 0."""
        return max(0.0, self._ends_at() - now) if self.least is not None and self._left() <= 0 else 0.0

    def plenty(self, now: float) -> float:
        """How far from scarce requests are, 0 to 1: 1 where less was used than an even use would have, or none is announced."""
        if self.least is None or now >= self._ends_at():
            return 1.0
        return max(0.0, min(1.0, (self._left() - self.unanswered - self._even(now)) / self._burst + 1.0))

    def at_hand(self, now: float) -> tuple[int, float] | None:
        """How many requests are left in the announced window, and when it ends; ``None`` where none is known."""
        if self.least is None or now >= self._ends_at():
            return None
        return max(0, self._left() - self.unanswered), self._ends_at() - now

    def heard(self, now: float, sent_at: float, announcement: Announcement) -> None:
        """An answer came, or none will (``SILENT``), to the request that was sent at ``sent_at``."""
        self.unanswered = max(0, self.unanswered - 1)
        if self.least is not None and now >= self._ends_at():
            self._forget()
        if announcement.remaining is None:
            # The service may have counted it, and after the least remainder that we have heard or will hear of.
            self._uncounted += 1
            return
        if self.least is not None and self._is_refill(sent_at, announcement.remaining):
            self._measure(sent_at)
            self._forget()
        after_s = _SILENT_RESET_S if announcement.reset_after_s is None else announcement.reset_after_s
        if self.least is None:
            self._first, self._uncounted = announcement.remaining, 0
            self._began_at, self._announced_end, self._is_whole = sent_at, math.inf, True
        if sent_at >= self._began_at:  # else it may speak of the window before
            self._hear_end(now + min(after_s, LONGEST_S), is_empty=announcement.remaining <= 0)
            self._is_whole &= abs(after_s - round(after_s)) < _WHOLE
        if self.least is None or announcement.remaining <= self.least:
            self.least, self._least_heard_at = announcement.remaining, now

    def _hear_end(self, end: float, *, is_empty: bool) -> None:
        is_later = end > self._announced_end + _ROUNDING_S + _DATE_ROUNDING_S
        if end < self._announced_end or (is_empty and is_later):
            self._announced_end = end

    def _is_refill(self, sent_at: float, remaining: int) -> bool:
        return self.least is not None and remaining > self.least and sent_at >= self._least_heard_at

    def _measure(self, refilled_at: float) -> None:
        length = refilled_at - self._began_at
        if refilled_at - self._least_heard_at <= _GAP_SHARE * length:  # else nobody looked when it ended
            self._lengths.append(length)

    def _forget(self) -> None:
        self.least, self._least_heard_at, self._uncounted = None, -math.inf, 0

    def _ends_at(self) -> float:
        known = self._lengths
        if self._is_whole and len(known) == _AGREEING and max(known) <= _AGREEMENT * min(known):
            measured = self._began_at + max(known)
            return min(self._announced_end, max(measured, self._announced_end - _ROUNDING_S))
        return self._announced_end

    def _left(self) -> int:
        return (self.least or 0) - self._uncounted

    @property
    def _burst(self) -> int:
        return max(1, min(BURST_MAX, self._first // BURST_SHARE))

    def _even(self, now: float) -> float:
        """What an even use would have left by now."""
        length = max(1e-9, self._ends_at() - self._began_at)
        return self._first * max(0.0, self._ends_at() - now) / length

    def _even_at(self, left: int) -> float:
        """When an even use, plus the burst, will have left no more than that (the unanswered already spent)."""
        length = max(1e-9, self._ends_at() - self._began_at)
        # Those with whom the account is shared have as many unanswered, for each of this process's own part.
        spent = self.unanswered / self.fraction
        return self._ends_at() - (left - spent + self._burst * self.fraction) * length / max(1, self._first)
