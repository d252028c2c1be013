"""How long a plan is likely to take."""

import pytest
from test_plan import diff_of, plan_of

from runner.core.breakdown import Breakdown
from runner.core.likely_time import likely_s
from runner.core.model import Limits
from runner.core.task_times import TaskTimes, kind_of


def times_of(seconds, observations=200):
    times = TaskTimes()
    for _ in range(observations):
        times.ended(seconds * 0.99, seconds * 1.01)
    return times


def plan_with(by_kind, limits=Limits(requests_per_minute=60_000), **diff):  # noqa: B008 - frozen values
    breakdown = None if by_kind is None else Breakdown(by_kind=by_kind)
    made = diff_of(**diff)
    return plan_of(type(made)(made.new, made.by_state, 0, made.may_submit, (), breakdown), limits=limits)


FUN, NORMAL = ("fun", False), ("normal", True)


def test_a_few_tasks_take_as_long_as_one():
    low, high = likely_s(plan_with({FUN: 3}, new=3), {"fun": times_of(20)})
    assert low == pytest.approx(20, rel=0.1)
    assert low <= high < 60


def test_more_tasks_than_may_run_at_once_take_several_turns():
    low, _ = likely_s(plan_with({FUN: 100}, new=90, running=10), {"fun": times_of(20)})
    assert low == pytest.approx(200, rel=0.1)


def test_the_rate_is_a_bound_as_well():
    plan = plan_with({FUN: 100}, Limits(in_flight=100, requests_per_minute=60), new=100)
    low, _ = likely_s(plan, {"fun": times_of(20)})
    assert low == pytest.approx(200 + 20, rel=0.1)


def test_kinds_count_by_their_jobs():
    times = {"fun": times_of(10), "normal with images": times_of(50)}
    low, _ = likely_s(plan_with({FUN: 30, NORMAL: 10}, new=40), times)
    assert low == pytest.approx(4 * 20, rel=0.1)


def test_what_is_under_way_alone_takes_what_tasks_take():
    low, _ = likely_s(plan_with({}, running=1), {"fun": times_of(10), "normal": times_of(30)})
    assert low == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize(
    ("by_kind", "diff", "times"),
    [
        ({FUN: 3}, {"new": 3}, {}),
        ({FUN: 3, NORMAL: 1}, {"new": 4}, {"fun": times_of(20)}),
        ({}, {"running": 3}, {}),
        ({}, {"done": 3}, {"fun": times_of(20)}),
        (None, {"new": 3}, {"fun": times_of(20)}),
    ],
    ids=["nothing learned", "a kind is not known", "only under way", "nothing to do", "not counted"],
)
def test_what_is_not_known_is_not_guessed(by_kind, diff, times):
    assert likely_s(plan_with(by_kind, **diff), times) is None


def test_a_kind_of_task_is_its_mode_with_images_or_without():
    assert [kind_of("fun", has_images=has) for has in (False, True)] == ["fun", "fun with images"]
