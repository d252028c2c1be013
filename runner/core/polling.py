"""When a task's status is worth a request.

Requests are a budget, and polls spend it: each job needs its submission and the poll that finds it done, so a rate of
R requests a minute makes at most R/2 jobs a minute, and every poll that finds a task still running comes off that.
Nothing is gained by asking sooner than needed while other work waits for requests; nothing is saved by asking later
than needed while requests run out unused. Between the two stands the price of a request, and a poll is made when the
probability that it finds the task done is worth the price:

* The probability is that of ``task_times``, given how long the task has run and when it was last seen running.
* The price follows from how many requests are at hand (``Pace.plenty``): near 1 when there are none to spare, near 0
  when they would be lost otherwise. It needs no model of the load: where polls are made too early, requests get scarce,
  the price rises, and polls are made later; where slots are what binds, requests pile up, the price falls, and a finish
  is seen at once, which is worth a submission.

Where one request may leave and several want it, the order is: what an earlier run paid for, and fresh URLs for a
download (their links may be near their end); a task that nobody has asked about for too long (so that none starves);
a submission (bounded by the slots, so it cannot starve the polls); then the poll that is likeliest to find its task
done.
"""

from dataclasses import dataclass

from runner.core.task_times import TaskTimes

NOT_FOUND_TOLERATED_S = 120.0
OVERDUE_POLLS_LEAST = 3
OVERDUE_STEP_S = 60.0
NO_OUTPUT_ASKS = 8
NO_OUTPUT_STEP_S = 7.0
"""8 asks within 60 s: the first, and seven more."""

LEAST_LIKELY = 0.03
"""Below this a poll is not made however plentiful requests are: 30 a task are enough to see its end at once."""

_DEAREST = 0.9
_UNASKED_MOST_S = 30.0
"""No task that was asked about before stays unasked for longer (upstream's own advice for old tasks: 15 to 30 s)."""

_FIRST_ASKED_S, _FIRST_ASKED_MEDIANS = 60.0, 3.0
"""Nor does one wait longer for its first question than a minute and thrice what its kind takes."""

_FAILED_STEP_S = 0.5
_FAILED_STEP_MOST_S = 30.0


@dataclass(frozen=True, slots=True)
class Question:
    """A task that waits to be asked about: moments in seconds of one clock that never goes back.

    ``asked_at`` is when it was last seen running, and ``accepted_at`` where it never was; it is not asked about again
    before ``not_before``.
    """

    times: TaskTimes
    accepted_at: float
    asked_at: float
    not_before: float = 0.0

    def likelihood(self, now: float) -> float:
        """The probability that the task is done now."""
        return self.times.done_by(now - self.accepted_at, self.asked_at - self.accepted_at)

    def due_at(self) -> float:
        """When asking is worth a request that would be lost otherwise, or has to be asked all the same."""
        age_s = self.times.age_when(LEAST_LIKELY, self.asked_at - self.accepted_at)
        return max(self.not_before, min(self.accepted_at + age_s, self.latest_at()))

    def latest_at(self) -> float:
        """When it has been left alone for too long."""
        if self.asked_at > self.accepted_at:
            return max(self.not_before, self.asked_at + _UNASKED_MOST_S)
        first_s = max(_FIRST_ASKED_S, _FIRST_ASKED_MEDIANS * self.times.age_when(0.5))
        return max(self.not_before, self.accepted_at + first_s)


def price(plenty: float) -> float:
    """How likely a poll must be to find its task done; ``plenty`` is the share of requests at hand, 0 to 1."""
    return max(LEAST_LIKELY, _DEAREST * (1.0 - plenty) ** 2)


def step_after_failures_s(failures: int) -> float:
    """Seconds to wait after so many asks in a row that taught nothing (at least one)."""
    return min(_FAILED_STEP_MOST_S, _FAILED_STEP_S * 2.0 ** min(failures, 6))


def is_overdue(age_s: float, polls: int, deadline_s: float) -> bool:
    """Whether a task is past its deadline, and was asked about often enough in this run to be sure."""
    return age_s >= deadline_s and polls >= OVERDUE_POLLS_LEAST


def is_lost(age_s: float, polls: int) -> bool:
    """Whether a task that the service does not know (404) has been so for longer than a fresh one may be."""
    return age_s >= NOT_FOUND_TOLERATED_S and polls >= OVERDUE_POLLS_LEAST
