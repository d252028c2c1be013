"""What is learned of how long tasks take, from questions that only ever bracket their end."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.task_times import LONGEST_S, TaskTimes

AGES = st.floats(0.0, 2 * LONGEST_S)
INTERVALS = st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 5000)), max_size=30)


def learned(intervals):
    times = TaskTimes()
    for after_s, until_s in intervals:
        times.ended(after_s, until_s)
    return times


def test_before_anything_is_seen_what_upstream_says_counts_and_anything_is_possible():
    times = TaskTimes()
    assert times.done_by(30.0, running_at_s=8.0) > 0.5
    assert 0.0 < times.done_by(0.5) < 0.9
    assert 0.0 < times.done_by(3600.0, running_at_s=600.0) < 1.0


def test_the_distribution_is_found_although_each_end_is_only_bracketed():
    draw, times = Random(5), TaskTimes()
    for _ in range(300):
        took_s = math.exp(draw.gauss(0.0, 0.35))
        times.ended(0.8 * took_s, 1.1 * took_s)
    quantiles = [times.age_when(share) for share in (0.1, 0.5, 0.9)]
    assert quantiles == pytest.approx([0.6, 0.97, 1.52], rel=0.12)


def test_wide_brackets_are_narrowed_by_what_the_narrow_ones_say():
    times = learned([(0.95, 1.05)] * 30 + [(0.0, 8.0)] * 30)
    assert times.done_by(1.3) > 0.9


def test_a_service_that_gets_slower_is_followed():
    assert learned([(0.9, 1.1)] * 200 + [(9.0, 11.0)] * 200).age_when(0.5) > 9.0


def test_what_an_earlier_run_kept_is_known_again():
    before = learned([(18.0, 22.0)] * 20)
    again = TaskTimes(before.weights)
    assert again.age_when(0.5) == pytest.approx(before.age_when(0.5), rel=1e-3)


@pytest.mark.parametrize("odd", [[], [1.0], [math.nan] * 128, [-1.0] * 128, [math.inf] * 128])
def test_anything_but_our_own_weights_counts_as_none(odd):
    assert TaskTimes(odd).age_when(0.5) == TaskTimes().age_when(0.5)


@given(INTERVALS, AGES, AGES, AGES)
def test_it_is_a_distribution_whatever_was_seen(intervals, running_at_s, age_s, later_s):
    times = learned(intervals)
    earlier, later = sorted((age_s, later_s))
    shares = [times.done_by(each, running_at_s) for each in (earlier, later)]
    assert 0.0 <= shares[0] <= shares[1] <= 1.0


def test_certainty_comes_with_the_longest_age_also_where_the_sums_are_rounded_up():
    times = learned([(2.7, 3.3)] * 3)
    ages = [times.age_when(1.0, running_at_s / 20) for running_at_s in range(1000)]
    assert ages == [pytest.approx(LONGEST_S)] * 1000
    assert times.age_when(1.0, 2 * LONGEST_S) == 2 * LONGEST_S


@given(INTERVALS, st.floats(0.001, 0.999), st.floats(0.0, 3600.0))
def test_the_age_for_a_probability_has_that_probability(intervals, probability, running_at_s):
    times = learned(intervals)
    age_s = times.age_when(probability, running_at_s)
    assert age_s >= running_at_s
    assert times.done_by(age_s, running_at_s) == pytest.approx(probability, abs=1e-6)
