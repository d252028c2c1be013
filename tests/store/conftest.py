import pytest
from store_support import job_of, shop_at


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state" / "runner.db"


@pytest.fixture
def shop(state):
    """A batch of three jobs with a budget for all of them."""
    with shop_at(state, job_of(0), job_of(1), job_of(2)) as opened:
        yield opened
