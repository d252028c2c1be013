import pytest
from files_support import LOOPBACK

from runner.files.root import OutputRoot
from runner.files.session import open_session


@pytest.fixture
def root(tmp_path):
    with OutputRoot(str(tmp_path / "out")) as opened:
        yield opened


@pytest.fixture
async def session():
    async with open_session(LOOPBACK) as opened:
        yield opened
