"""When a task is worth a question, and when it is given up waiting for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.polling import (
    LEAST_LIKELY,
    NO_OUTPUT_ASKS,
    NO_OUTPUT_STEP_S,
    Question,
    is_lost,
    is_overdue,
    price,
    step_after_failures_s,
)
from runner.core.task_times import TaskTimes


def times_around(seconds, count=60):
    """What is known once ``count`` tasks were seen to take so long, to within 5 %."""
    times = TaskTimes()
    for _ in range(count):
        times.ended(0.95 * seconds, 1.05 * seconds)
    return times


@pytest.mark.parametrize(
    ("plenty", "least"), [(0.0, 0.9), (0.5, 0.225), (0.75, 0.05625), (0.9, LEAST_LIKELY), (1.0, LEAST_LIKELY)]
)
def test_the_scarcer_requests_are_the_surer_a_poll_must_be(plenty, least):
    assert price(plenty) == pytest.approx(least)


@pytest.mark.parametrize(
    ("typical_s", "age_s", "asked_age_s", "is_likely"),
    [
        (20.0, 10.0, 0.0, False),
        (20.0, 19.0, 0.0, False),
        (20.0, 25.0, 0.0, True),
        (20.0, 25.0, 24.9, False),
        (1.0, 0.5, 0.0, False),
        (1.0, 1.2, 0.0, True),
    ],
)
def test_a_question_is_as_likely_as_its_task_is_done_since_it_was_last_seen_running(
    typical_s, age_s, asked_age_s, is_likely
):
    question = Question(times_around(typical_s), 1000.0, 1000.0 + asked_age_s)
    assert (question.likelihood(1000.0 + age_s) > 0.8) == is_likely


def test_it_is_due_when_the_first_tasks_of_its_kind_were_done():
    assert 17.0 < Question(times_around(20.0), 0.0, 0.0).due_at() < 20.0


def test_it_is_not_due_before_it_may_be_asked_again():
    question = Question(times_around(20.0), 0.0, 0.0, not_before=500.0)
    assert (question.due_at(), question.latest_at()) == (500.0, 500.0)


@pytest.mark.parametrize(("asked_age_s", "latest_s"), [(0.0, 60.0), (25.0, 55.0), (4000.0, 4030.0)])
def test_no_task_is_left_alone_for_long_beyond_its_time(asked_age_s, latest_s):
    question = Question(times_around(20.0), 0.0, asked_age_s)
    assert question.latest_at() == pytest.approx(latest_s, rel=0.08)


def test_a_slow_kind_is_not_asked_about_before_its_time_only_because_nobody_asked():
    assert Question(times_around(600.0), 0.0, 0.0).latest_at() > 600.0


@given(
    seconds=st.floats(0.01, 3000.0),
    asked=st.floats(0.0, 10_000.0),
    not_before=st.floats(0.0, 20_000.0),
)
def test_what_is_due_is_never_later_than_the_latest(seconds, asked, not_before):
    question = Question(times_around(seconds, 5), 0.0, asked, not_before)
    assert not_before <= question.due_at() <= question.latest_at()


@pytest.mark.parametrize(("failures", "step_s"), [(1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (900, 30.0)])
def test_questions_that_teach_nothing_are_repeated_ever_slower(failures, step_s):
    assert step_after_failures_s(failures) == step_s


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
