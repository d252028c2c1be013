"""The values that the layers hand to one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.model import IN_FLIGHT, LIVE, AttemptOutcome, FailureCap, JobState
from runner.core.records import Counts


@pytest.mark.parametrize(
    ("cap", "total", "jobs"),
    [
        (FailureCap(count=7), 3, 7),
        (FailureCap(count=7), 1000, 7),
        (FailureCap(share=0.05), 1000, 50),
        (FailureCap(share=0.05), 39, 1),
        (FailureCap(share=0.05), 0, 1),
        (FailureCap(share=1.0), 12, 12),
        (FailureCap(share=0.0), 12, 1),
        (FailureCap(), 12, 1),
    ],
)
def test_a_cap_on_failures_is_a_number_of_jobs_and_at_least_one(cap, total, jobs):
    assert cap.in_jobs(total) == jobs


@given(percent=st.integers(1, 100), hundreds=st.integers(1, 10_000))
def test_a_share_in_percent_is_exact_whatever_floats_make_of_it(percent, hundreds):
    assert FailureCap(share=percent / 100).in_jobs(100 * hundreds) == percent * hundreds


def test_what_is_in_flight_and_what_is_live():
    assert (
        {JobState.SUBMITTING, JobState.RUNNING, JobState.FETCHING},
        {AttemptOutcome.SUBMITTING, AttemptOutcome.RUNNING, AttemptOutcome.UNKNOWN},
    ) == (IN_FLIGHT, LIVE)


def test_removed_jobs_are_outside_the_total():
    assert Counts({JobState.DONE: 3, JobState.PENDING: 2}, removed=9, overdue=1).total == 5
