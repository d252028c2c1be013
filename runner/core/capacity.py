"""How many tasks may run at the service at once: the configured number, or fewer where the service has shown its own.

A service may refuse a submission because too many tasks are running, and says so no differently than it says that
requests come too fast (429). It is taken for that where requests were left. From then on no more run than did run (what
it has shown to accept); one more is tried again after a round of tasks, and after twice as many rounds each time that
this was refused, so that a cap is not hammered. Where it was accepted, the refusal was chance, or the cap is lifted: then
twice as many more are tried after each round.

Submissions travel side by side: those that left before the first refusal of a rush was heard say nothing new when they
are refused, and where they are accepted, as many do run. How many run is what this program has seen: tasks whose end it
has not heard of yet count as well, so that the service's own number is never underestimated. Where several processes share an
account, all of this is about the tasks of all of them.
"""

import math

_ROUNDS_MAX = 32


class Capacity:
    """``now`` is the number; ``most`` is never exceeded. Moments are seconds of a clock that never goes back."""

    def __init__(self, most: int) -> None:
        self.most = self.now = most
        self._refused_at = -math.inf
        self._rounds = 1
        self._step = 1
        self._is_tried = False
        self._ended = 0

    @property
    def is_learned(self) -> bool:
        """Whether the service has shown that it lets fewer run than the configured number."""
        return self.now < self.most

    def reach(self, most: int) -> None:
        """From now on this is the configured number: that of all processes that share the account, or of this one alone."""
        self.now = min(self.now, most) if self.is_learned else most
        self.most = most

    def refused(self, now: float, sent_at: float, running: int) -> None:
        """The submission of ``sent_at`` was refused while ``running`` tasks ran, and not for want of requests."""
        if sent_at < self._refused_at:
            return
        if self.now < self.most or self._is_tried:
            self._rounds = min(2 * self._rounds, _ROUNDS_MAX)
        self._refused_at, self._step, self._is_tried, self._ended = now, 1, False, 0
        self.now = max(1, min(self.now, running))

    def accepted(self, sent_at: float, running: int) -> None:
        """The submission of ``sent_at`` was accepted; with it, ``running`` tasks run."""
        if sent_at < self._refused_at:
            self.now = min(self.most, max(self.now, running))

    def ended(self) -> None:
        """A task came to its end."""
        self._ended += 1
        if self._ended < self.now * (1 if self._is_tried else self._rounds):
            return
        if self._is_tried:  # for a whole round, and nothing was refused
            self._rounds, self._step = 1, 2 * self._step
        self._ended, self._is_tried = 0, self.now < self.most
        self.now = min(self.most, self.now + self._step)
