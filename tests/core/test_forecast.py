"""How long the rest of a run will take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.forecast import ENOUGH, Bounds, Evidence, Rest, Span, time_left

FREE = Bounds(slots=10, per_minute=6000.0)
TASK = Span(10.0, 20.0)
numbers = st.integers(0, 10_000)
spans = st.tuples(st.floats(0.01, 1000), st.floats(0.01, 1000)).map(lambda two: Span(min(two), max(two)))
evidence = st.builds(Evidence, numbers, st.floats(0, 10_000), st.none() | spans)
bounds = st.builds(Bounds, st.integers(1, 100), st.floats(0.1, 6000), st.none() | st.floats(0.1, 6000))


def test_before_there_is_evidence_nothing_is_said():
    assert time_left(Rest(100, 10), FREE, Evidence()) is None
    assert time_left(Rest(100, 10), FREE, Evidence(ENOUGH - 1, 60.0)) is None


def test_where_nothing_is_left_no_time_is_left():
    assert time_left(Rest(0, 0), FREE, Evidence(100, 60.0, TASK)) is None


def test_with_what_was_learned_the_slots_make_the_range():
    assert time_left(Rest(100, 10), FREE, Evidence(task=TASK)) == Span(100.0, 220.0)


def test_what_is_at_work_may_end_at_once_or_have_just_begun():
    assert time_left(Rest(0, 1), FREE, Evidence(task=TASK)) == Span(0.0095, 20.0)


@pytest.mark.parametrize(
    ("limits", "low"), [(Bounds(1000, 60.0), 190.0), (Bounds(1000, 6000.0, 360.0), 950.0)]
)
def test_the_limits_bound_what_the_tasks_would_allow(limits, low):
    assert time_left(Rest(100, 0), limits, Evidence(task=TASK)).low == low


def test_a_measured_rate_counts_more_than_what_was_learned():
    span = time_left(Rest(100, 20), FREE, Evidence(100, 100.0, Span(1.0, 2.0)))
    assert (span.low, span.high) == pytest.approx((99 / 1.2, 120 / 0.8))


def test_a_few_jobs_say_little_about_how_fast_it_can_become():
    few, many = (time_left(Rest(100, 0), FREE, Evidence(n, 10.0 * n, TASK)) for n in (10, 100))
    assert (few.low, many.low) == (100.0, pytest.approx(990 / 1.2))


def test_a_measured_rate_does_not_go_beyond_the_limits():
    assert time_left(Rest(100, 0), Bounds(1000, 60.0), Evidence(100, 10.0)) == Span(190.0, 228.0)


def test_the_more_was_counted_the_narrower_the_range():
    widths = [
        span.high - span.low
        for span in (time_left(Rest(0, 100), FREE, Evidence(n, float(n))) for n in (5, 50, 500))
    ]
    assert widths == sorted(widths, reverse=True)


def test_the_last_tasks_end_alone_whatever_the_rate_was():
    assert time_left(Rest(0, 1), FREE, Evidence(1000, 10.0, TASK)).high > TASK.high


@given(numbers, numbers, bounds, evidence)
def test_a_range_goes_from_less_to_more(to_submit, at_work, limits, known):
    span = time_left(Rest(to_submit, at_work), limits, known)
    assert span is None or 0 <= span.low <= span.high


@given(numbers, numbers, bounds, evidence)
def test_more_work_never_takes_less_time(to_submit, at_work, limits, known):
    less, more = (time_left(Rest(to_submit + n, at_work), limits, known) for n in (0, 50))
    assert less is None or (less.low <= more.low and less.high <= more.high)
