"""A kill between any two writes of what makes rejected jobs again, and of what deletes their files.

All of them with ``python -m tests.faults.long --part retakes``.
"""

import pytest

from tests.faults import retakes
from tests.faults.needs import needs
from tests.faults.trials import carry_out

pytestmark = [pytest.mark.faults, needs("tracing")]

SEED = 6
SAMPLED = 12


@pytest.mark.parametrize("story", retakes.STORIES)
def test_a_kill_makes_no_take_twice_and_loses_no_file(story):
    figures = carry_out(retakes.killed_at, retakes.sampled(story, SAMPLED, SEED))
    assert figures.tags["killed"] == SAMPLED
    assert figures.violations == []
