"""How long a plan is likely to take, from what earlier runs learned of the service."""

from collections.abc import Mapping

from runner.core.plan import Plan
from runner.core.task_times import TaskTimes, kind_of

_USUAL, _SLOW = 0.5, 0.9


def likely_s(plan: Plan, times: Mapping[str, TaskTimes]) -> tuple[float, float] | None:
    """Seconds, from tasks that all take the median of their kind to tasks that all take as long as the slowest tenth.

    ``times`` are by kind of task. ``None`` where one of the kinds is not known, or nothing is left to do. The jobs
    that are under way already count as if they had just begun.
    """
    breakdown = plan.diff.breakdown
    tasks = plan.diff.may_submit + plan.diff.in_flight
    if breakdown is None or not tasks:
        return None
    kinds = {kind_of(mode, has_images=has): number for (mode, has), number in breakdown.by_kind.items()}
    if not kinds:  # only what is under way: of which kind is not asked for
        kinds = dict.fromkeys(times, 1)
    if not kinds or not kinds.keys() <= times.keys():
        return None
    waves = max(1.0, tasks / plan.limits.in_flight)
    usual, slow = (
        sum(times[kind].age_when(share) * number for kind, number in kinds.items()) / sum(kinds.values())
        for share in (_USUAL, _SLOW)
    )
    least = plan.seconds_at_least
    return max(least + usual, waves * usual), max(least + slow, waves * slow)
