"""Every test of the store that takes a ``state`` runs on a file, and with ``-m postgres`` on a real server."""

import itertools

import pytest
from store_support import job_of, shop_at

from tests.postgres.server import missing_tools, running


def pytest_generate_tests(metafunc):
    if "place" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("sqlite") is None
        server = pytest.param("server", marks=pytest.mark.postgres)
        metafunc.parametrize("place", ["file", server] if both else ["file"], indirect=True)


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
def place(request):
    """Of what kind a state is: ``file`` or ``server``."""
    return request.param


@pytest.fixture
def states(place, request, tmp_path):
    """Where states may be made, each time another: there is none yet."""
    if place == "server":
        return request.getfixturevalue("cluster").state
    return (tmp_path / f"state-{number}" / "runner.db" for number in itertools.count()).__next__


@pytest.fixture
def state(place, request, tmp_path):
    """Where a state may be made: there is none yet."""
    if place == "server":
        return request.getfixturevalue("cluster").state()
    return tmp_path / "state" / "runner.db"


@pytest.fixture
def shop(state):
    """A batch of three jobs with a budget for all of them."""
    with shop_at(state, job_of(0), job_of(1), job_of(2)) as opened:
        yield opened
