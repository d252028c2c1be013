"""A kill between any two writes of a run that carries out processing steps, and a call of it that fails.

All of them with ``python -m tests.faults.long --part steps``.
"""

import pytest

from tests.faults import processing
from tests.faults.needs import needs
from tests.faults.trials import carry_out

pytestmark = [pytest.mark.faults, needs("tracing")]

SEED = 8
SAMPLED = 16


def test_a_kill_leaves_no_half_file_and_costs_nothing_and_the_next_run_ends_it():
    figures = carry_out(processing.killed_at, processing.sampled(SAMPLED, SEED))
    assert figures.tags["killed"] == SAMPLED
    assert figures.violations == []


def test_a_call_that_fails_is_told_and_the_next_run_ends_it():
    figures = carry_out(processing.failing, processing.failures(SAMPLED, SEED))
    assert figures.violations == []
