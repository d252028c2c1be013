"""Every test of the store that takes a ``state`` runs on a file, and with ``-m postgres`` on a real server."""

import pytest
from store_support import job_of, shop_at

from tests.postgres.server import missing_tools, running


def pytest_generate_tests(metafunc):
    if "state" in metafunc.fixturenames and "state" not in metafunc.module.__dict__:
        both = metafunc.definition.get_closest_marker("sqlite") is None
        server = pytest.param("server", marks=pytest.mark.postgres)
        metafunc.parametrize("state", ["file", server] if both else ["file"], indirect=True)


def pytest_collection_modifyitems(items):
    reason = missing_tools()
    for item in items:
        if reason is not None and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cluster():
    with running() as server:
        yield server


@pytest.fixture
def state(request, tmp_path):
    """Where a state may be made: there is none yet."""
    if request.param == "server":
        return request.getfixturevalue("cluster").state()
    return tmp_path / "state" / "runner.db"


@pytest.fixture
def shop(state):
    """A batch of three jobs with a budget for all of them."""
    with shop_at(state, job_of(0), job_of(1), job_of(2)) as opened:
        yield opened
