"""D15: the power fails; a few times here, a hundred with ``python -m tests.faults.power``."""

import pytest

from tests.faults import power
from tests.faults.needs import needs

pytestmark = [pytest.mark.faults, needs(*power.NEEDS)]


def test_a_power_cut_costs_nothing_twice_and_loses_nothing():
    assert power.sweep(6, seed=20, workers=2).violations == []
