"""How long tasks take, learned while they are followed.

Nobody sees a task end. What is seen is that it was still running when it was asked about at one age and done at a later
one, so each observation is an interval. The distribution is kept as weights over bins of age that grow by a constant
ratio (a histogram over the logarithm), and an observation adds one to the bins of its interval, in the shares that the
distribution so far gives them: one step of the self-consistent estimator for censored times (Turnbull 1976), made once
an observation. Older observations fade, so that a service that gets slower is followed.

What is known beforehand never fades and weighs as much as one observation: a fifth of it stands around the 10 to 25 s
that the upstream names for its model, the rest is open (the share of tasks that outlive an age falls with its power
0.2, from a millisecond to four hours). The open part is what finds out about tasks that are nothing like that, and what
gives a task that has outlived all others a next time.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from operator import add

SHORTEST_S = 0.001
LONGEST_S = 4 * 3600.0

_BINS = 128
_STEP = math.log(LONGEST_S / SHORTEST_S) / _BINS
_FADING = 0.99
_FEW = 50
_USUAL_S, _SPREAD, _USUAL_SHARE = 15.0, 0.4, 0.2
_POWER = 0.2


def kind_of(mode: str, *, has_images: bool) -> str:
    """The name under which the time of a job's task is learned."""
    return f"{mode} with images" if has_images else mode


class TaskTimes:
    """The distribution of one kind of task's time, in seconds since it was accepted."""

    def __init__(self, weights: Sequence[float] = ()) -> None:
        """``weights`` are those that an earlier run kept; anything but a list of theirs counts as none."""
        is_ours = len(weights) == _BINS and all(math.isfinite(each) and each >= 0 for each in weights)
        self._seen = list(weights) if is_ours else [0.0] * _BINS
        self.count = 0
        """Observations since it was made."""

        self._weight = 1.0
        self._sum_up()

    @property
    def weights(self) -> list[float]:
        """What is to be kept for the next run; all 0 where nothing was seen."""
        return [round(each / self._weight, 4) for each in self._seen]

    def ended(self, after_s: float, until_s: float) -> None:
        """A task was still running at the age ``after_s`` (0: never asked before) and done at ``until_s``."""
        low, high = _place(after_s), max(_place(until_s), _place(after_s) + 1e-6)
        shares = self._shares(low, high)
        total = sum(shares.values())
        self.count += 1
        self._weight /= _FADING  # instead of making all the older ones lighter
        for at, share in shares.items():
            self._seen[at] += self._weight * share / total
        if self.count % _summed_every(self.count) == 0:
            self._sum_up()

    def done_by(self, age_s: float, running_at_s: float = 0.0) -> float:
        """The probability that a task which was running at ``running_at_s`` is done at ``age_s``."""
        before = self._up_to(_place(running_at_s)) if running_at_s > 0 else 0.0
        left = self._total - before
        return 1.0 if left <= 0 else max(0.0, min(1.0, (self._up_to(_place(age_s)) - before) / left))

    def age_when(self, probability: float, running_at_s: float = 0.0) -> float:
        """The age at which ``done_by`` reaches ``probability``; at most ``LONGEST_S``, never before ``running_at_s``."""
        before = self._up_to(_place(running_at_s)) if running_at_s > 0 else 0.0
        wanted = before + probability * (self._total - before)
        low, high = 0, _BINS
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._below[middle + 1] < wanted else (low, middle)
        if low >= _BINS:
            return max(LONGEST_S, running_at_s)
        inside = (wanted - self._below[low]) / (self._below[low + 1] - self._below[low])
        return max(running_at_s, SHORTEST_S * math.exp((low + inside) * _STEP))

    def _sum_up(self) -> None:
        self._seen, self._weight = [each / self._weight for each in self._seen], 1.0
        self._below: list[float] = list(accumulate(map(add, self._seen, _BEFOREHAND), initial=0.0))
        self._total = self._below[-1]

    def _up_to(self, place: float) -> float:
        whole = min(int(place), _BINS - 1)
        return self._below[whole] + (place - whole) * (self._below[whole + 1] - self._below[whole])

    def _shares(self, low: float, high: float) -> dict[int, float]:
        """What the distribution gives each bin of an interval; evenly within a bin."""
        bins = range(int(low), min(int(high), _BINS - 1) + 1)
        return {
            at: (min(high, at + 1) - max(low, at)) * (self._below[at + 1] - self._below[at]) for at in bins
        }


def _summed_every(count: int) -> int:
    """After how many observations it is worth adding up anew: 5 in 100 change nothing that matters."""
    return 1 if count < _FEW else 5


def _place(age_s: float) -> float:
    """Where an age stands among the bins, 0 to their number."""
    if age_s <= SHORTEST_S:
        return 0.0
    return min(float(_BINS) - 1e-9, math.log(age_s / SHORTEST_S) / _STEP)


def _beforehand() -> list[float]:
    edges = [at * _STEP for at in range(_BINS + 1)]
    usual = [
        math.exp(-(((at + _STEP / 2 - math.log(_USUAL_S / SHORTEST_S)) / _SPREAD) ** 2) / 2)
        for at in edges[:-1]
    ]
    anywhere = [math.exp(-_POWER * at) - math.exp(-_POWER * (at + _STEP)) for at in edges[:-1]]
    return [
        _USUAL_SHARE * one / sum(usual) + (1 - _USUAL_SHARE) * other / sum(anywhere)
        for one, other in zip(usual, anywhere, strict=True)
    ]


_BEFOREHAND = _beforehand()
