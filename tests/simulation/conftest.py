import pytest

from .state import temporary_state


@pytest.fixture(scope="session")
def state_file():
    """One state for all simulations of this process; each empties it before it begins."""
    with temporary_state() as file:
        yield file
