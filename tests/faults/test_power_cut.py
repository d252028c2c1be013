"""D15: the power fails; a few times here, a hundred with ``python -m tests.faults.long --part power``."""

import pytest

from tests.faults import power
from tests.faults.needs import needs
from tests.faults.trials import carry_out, draw

pytestmark = [pytest.mark.faults, needs(*power.NEEDS)]


def test_a_power_cut_costs_nothing_twice_and_loses_nothing():
    assert carry_out(power.cut, draw(seed=20, count=6)).violations == []
