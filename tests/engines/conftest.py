"""All of these tests need Dask, and start its processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.cluster import Cluster, cluster_in, missing_tools
from tests.faults.needs import mark_folder
from tests.faults.scene import Scene, scene_in
from tests.storage.conftest import proxy, server, store  # noqa: F401 - fixtures

PROMPTS = tuple(f"p{number}" for number in range(10))
SETTINGS = "limits: {requests_per_minute: 60000, in_flight: 30, canary: false}\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_folder(items, __file__, "engines", missing_tools())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler with two workers, which the test may kill."""
    with cluster_in(tmp_path / "cluster") as one:
        yield one


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Twenty jobs, whose files are large enough to take a moment."""
    with scene_in(tmp_path, settings=SETTINGS, prompts=PROMPTS, file_size_bytes=200_000) as one:
        yield one
