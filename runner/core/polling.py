"""When to ask for a task's status next.

Requests are a budget that polls spend, so a task is not asked about before it can be expected to be done, and then at
steps that grow with its age. Until a run has seen tasks end, the vendor's upstream advice holds: every 2 to 3 s for
30 s, then 5 to 10 s, after 2 minutes 15 to 30 s.
"""

from dataclasses import dataclass

NOT_FOUND_TOLERATED_S = 120.0
OVERDUE_POLLS_LEAST = 3
OVERDUE_STEP_S = 60.0
NO_OUTPUT_ASKS = 8
NO_OUTPUT_STEP_S = 7.0
"""8 asks within 60 s: the first, and seven more."""

_LADDER = ((30.0, 2.5), (135.0, 7.5), (600.0, 20.0))
_LONGEST_STEP_S = 30.0
_LEAST_STEP_S = 0.25
_WEIGHT = 0.2


@dataclass(slots=True)
class TaskTimes:
    """How long tasks take, as a moving mean of those that were seen to end (seconds); ``None`` before the first."""

    typical_s: float | None = None

    def ended(self, after_s: float) -> None:
        """A task was seen done this long after its submission."""
        known = self.typical_s
        self.typical_s = after_s if known is None else known + _WEIGHT * (after_s - known)


def next_poll_s(age_s: float, typical_s: float | None) -> float:
    """Seconds until the next ask about a task submitted ``age_s`` seconds ago; tasks typically take ``typical_s``."""
    ladder = next((step for until, step in _LADDER if age_s < until), _LONGEST_STEP_S)
    if typical_s is None:
        return min(ladder, max(_LEAST_STEP_S, age_s / 2 if age_s > 1 else 1.0))
    if age_s < 0.8 * typical_s:
        return max(_LEAST_STEP_S, 0.8 * typical_s - age_s)
    return min(_LONGEST_STEP_S, max(_LEAST_STEP_S, 0.2 * max(typical_s, age_s - typical_s)))


def is_overdue(age_s: float, polls: int, deadline_s: float) -> bool:
    """Whether a task is past its deadline, and was asked about often enough in this run to be sure."""
    return age_s >= deadline_s and polls >= OVERDUE_POLLS_LEAST


def is_lost(age_s: float, polls: int) -> bool:
    """Whether a task that the service does not know (404) has been so for longer than a fresh one may be."""
    return age_s >= NOT_FOUND_TOLERATED_S and polls >= OVERDUE_POLLS_LEAST
