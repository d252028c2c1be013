import pytest

from .shared import SharedRuns, session_folder
from .state import temporary_state


@pytest.fixture(scope="session")
def state_file():
    """One state for all simulations of this process; each empties it before it begins."""
    with temporary_state() as file:
        yield file


@pytest.fixture(scope="session")
def shared_runs(tmp_path_factory):
    return SharedRuns(session_folder(tmp_path_factory))
