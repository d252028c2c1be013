"""When a task is asked about next, and when it is given up waiting for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.polling import (
    NO_OUTPUT_ASKS,
    NO_OUTPUT_STEP_S,
    TaskTimes,
    is_lost,
    is_overdue,
    next_poll_s,
)

AGES = st.floats(0, 1e7)
TYPICAL = st.none() | st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("age_s", "step_s"),
    [(0, 1.0), (1, 1.0), (4, 2.0), (20, 2.5), (29, 2.5), (60, 7.5), (300, 20.0), (5000, 30.0)],
)
def test_before_anything_is_known_the_steps_grow_with_the_age(age_s, step_s):
    assert next_poll_s(age_s, None) == step_s


@pytest.mark.parametrize(
    ("age_s", "typical_s", "step_s"),
    [
        (0, 100, 80),
        (50, 100, 30),
        (79.9, 100, 0.25),
        (80, 100, 20),
        (500, 100, 30),
        (0, 0.1, 0.25),
        (1, 1, 0.25),
        (10_000, 1, 30),
    ],
)
def test_once_tasks_were_seen_to_end_the_first_question_comes_when_this_one_may_have(
    age_s, typical_s, step_s
):
    assert next_poll_s(age_s, typical_s) == pytest.approx(step_s)


@given(AGES, TYPICAL)
def test_a_step_is_never_nothing_and_never_long_beyond_what_is_typical(age_s, typical_s):
    longest = max(30.0, 0.8 * (typical_s or 0.0))
    assert 0.25 <= next_poll_s(age_s, typical_s) <= longest


def test_what_is_typical_follows_what_is_seen():
    times = TaskTimes()
    seen = [times.typical_s]
    for after_s in (100.0, 100.0, 200.0):
        times.ended(after_s)
        seen.append(times.typical_s)
    assert seen == [None, 100.0, 100.0, 120.0]


@pytest.mark.parametrize(
    ("age_s", "polls", "overdue"), [(60, 3, True), (60, 2, False), (59.9, 99, False), (1e9, 0, False)]
)
def test_a_task_is_overdue_past_its_deadline_and_after_three_questions(age_s, polls, overdue):
    assert is_overdue(age_s, polls, 60.0) is overdue


@pytest.mark.parametrize(("age_s", "polls", "lost"), [(120, 3, True), (119, 99, False), (120, 2, False)])
def test_a_task_is_lost_when_it_is_not_known_for_two_minutes(age_s, polls, lost):
    assert is_lost(age_s, polls) is lost


def test_the_questions_for_a_missing_file_stay_within_a_minute():
    assert (NO_OUTPUT_ASKS, (NO_OUTPUT_ASKS - 1) * NO_OUTPUT_STEP_S <= 60.0) == (8, True)
