"""One server for all tests of this folder; they stand on the words of the store's and the engine's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.needs import mark_folder
from tests.postgres.server import Cluster, missing_tools, running

for folder in ("store", "engine"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_folder(items, __file__, "postgres", missing_tools())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running() as server:
        yield server
