"""How many tasks may run at the service at once: the configured number, or fewer where the service has shown its own.

A service may refuse a submission because too many tasks are running, and says so no differently than it says that
requests come too fast (429). It is taken for that where requests were left, and where it happens twice with as many
tasks running and no submission accepted beyond them in between: once may be chance. From then on no more run than that
(what it has shown to accept); one more is tried again after a round of tasks (additive increase), and after twice as
many rounds each time that this was refused, so that a cap is not hammered.

Submissions travel side by side: those that left before the first refusal of a rush was heard say nothing new when they
are refused, and where they are accepted, as many do run.
"""

import math

_ROUNDS_MAX = 32


class Capacity:
    """``now`` is the number; ``most`` is never exceeded. Moments are seconds of a clock that never goes back."""

    def __init__(self, most: int) -> None:
        self.most = self.now = most
        self._suspected: int | None = None
        self._refused_at = -math.inf
        self._rounds = 1
        self._ended = 0

    def refused(self, now: float, sent_at: float, running: int) -> None:
        """The submission of ``sent_at`` was refused while ``running`` tasks ran, and not for want of requests."""
        if sent_at < self._refused_at:
            return
        is_known = self._suspected is not None and running <= self._suspected
        self._suspected, self._refused_at = running, now
        if not is_known:
            return
        if self.now < self.most:
            self._rounds = min(2 * self._rounds, _ROUNDS_MAX)
        self.now, self._ended = max(1, min(self.now, running)), 0

    def accepted(self, sent_at: float, running: int) -> None:
        """The submission of ``sent_at`` was accepted; with it, ``running`` tasks run."""
        if self._suspected is None or running <= self._suspected:
            return
        if sent_at < self._refused_at:
            self._suspected = running
            self.now = min(self.most, max(self.now, running))
        else:
            self._suspected, self._rounds = None, 1

    def ended(self) -> None:
        """A task came to its end."""
        self._ended += 1
        if self.now < self.most and self._ended >= self.now * self._rounds:
            self.now, self._ended = self.now + 1, 0
