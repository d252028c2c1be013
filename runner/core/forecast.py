"""How long the rest of a run will take: a range, from what was measured, what was learned and what the limits allow.

Before there is evidence nothing is said. Evidence is either jobs that this run has brought to rest (then their rate and
the chance in it make the range) or what is known of how long tasks take (then the slots and the rate of requests do).
"""

import math
from dataclasses import dataclass

MINUTE_S = 60.0
HOUR_S = 3600.0
ENOUGH = 5
"""Jobs from which on a measured rate says more than what was learned."""

_REQUESTS_A_JOB = 2
_MANY = 30
_EVEN = 0.95  # some requests of these jobs may be on their way already, and a burst is allowed
_UNEVEN = 1.2  # and no limit is used up to the last request
_SPREAD = 1.5  # standard deviations of a count: about 7 of 8 rates lie within
_SPREAD_MOST = 0.75
_SPREAD_LEAST = 0.2  # the service's own pace changes as well, however much was counted


@dataclass(frozen=True, slots=True)
class Span:
    """From ``low`` to ``high``, in seconds."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rest:
    """Jobs that are still to be submitted, and jobs that are at work."""

    to_submit: int
    at_work: int

    @property
    def jobs(self) -> int:
        """All of them."""
        return self.to_submit + self.at_work


@dataclass(frozen=True, slots=True)
class Bounds:
    """What bounds a run: tasks at once, requests a minute, submissions an hour (``None``: no bound)."""

    slots: int
    per_minute: float
    per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known: jobs that came to rest within the last ``over_s`` seconds, and how long tasks take.

    ``task`` spans the usual time of a task, from quick to slow; ``None`` where nothing was learned yet.
    """

    finished: int = 0
    over_s: float = 0.0
    task: Span | None = None


def time_left(rest: Rest, bounds: Bounds, evidence: Evidence) -> Span | None:
    """The time that the rest will take; ``None`` where nothing is left, or nothing is known."""
    if not rest.jobs:
        return None
    least_s = _at_least_s(rest, bounds)
    if evidence.finished >= ENOUGH and evidence.over_s > 0:
        measured = _measured(rest, evidence, least_s)
        if evidence.task is None or evidence.finished >= _MANY:
            return measured
        # Jobs come to rest in rushes at first: the rate of a few says too little about how fast it can become.
        return Span(min(measured.low, _learned(rest, bounds, evidence.task, least_s).low), measured.high)
    if evidence.task is not None:
        return _learned(rest, bounds, evidence.task, least_s)
    return None


def _at_least_s(rest: Rest, bounds: Bounds) -> float:
    requests = _REQUESTS_A_JOB * rest.to_submit + rest.at_work
    hourly_s = 0.0 if bounds.per_hour is None else rest.to_submit * HOUR_S / bounds.per_hour
    return _EVEN * max(requests * MINUTE_S / bounds.per_minute, hourly_s)


def _measured(rest: Rest, evidence: Evidence, least_s: float) -> Span:
    spread = min(_SPREAD_MOST, max(_SPREAD_LEAST, _SPREAD / math.sqrt(evidence.finished)))
    each_s = evidence.over_s / evidence.finished
    # While the first tasks were at work nothing could come to rest: without that time, the rate was higher.
    idle_s = 0.0 if evidence.task is None else min(evidence.task.low, evidence.over_s / 2)
    quick_s = (evidence.over_s - idle_s) / evidence.finished
    # What is at work may be all but done; and the last tasks end alone, whatever the rate was before.
    tail_s = 0.0 if evidence.task is None else evidence.task.high
    low = max(least_s, rest.to_submit * quick_s / (1 + spread))
    return Span(low, max(rest.jobs * each_s / (1 - spread), low + tail_s, least_s * _UNEVEN))


def _learned(rest: Rest, bounds: Bounds, task: Span, least_s: float) -> Span:
    rounds = math.ceil(rest.to_submit / bounds.slots)
    low = max(least_s, rounds * task.low)
    # Polls that come to nothing take requests as well, and what is at work now may be at its beginning.
    return Span(low, max(2 * least_s, (rounds + 1) * task.high, low))
