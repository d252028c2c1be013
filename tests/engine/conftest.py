import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))  # the engine's tests stand on the store's words

from store_support import job_of, shop_at


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state" / "runner.db"


@pytest.fixture
def shop(state):
    """A batch of three jobs with a budget for all of them."""
    with shop_at(state, job_of(0), job_of(1), job_of(2), budget=120) as opened:
        yield opened
