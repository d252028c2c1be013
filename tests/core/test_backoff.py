"""Backoff with full jitter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.backoff import backoff_s


@pytest.mark.parametrize(
    ("attempt", "cap"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (10**9, 60), (0, 1), (-5, 1)]
)
def test_the_cap_doubles_up_to_sixty_seconds(attempt, cap):
    assert (backoff_s(attempt, 0.0), backoff_s(attempt, 0.5)) == (0.0, cap / 2)


def test_base_and_cap_can_be_given():
    assert [backoff_s(attempt, 0.5, base_s=2.0, cap_s=6.0) for attempt in (1, 2, 3)] == [1.0, 2.0, 3.0]


@given(attempt=st.integers(), jitter=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_negative_and_never_the_whole_cap(attempt, jitter):
    assert 0.0 <= backoff_s(attempt, jitter) < 60.0
