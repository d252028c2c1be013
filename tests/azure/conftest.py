"""A server for each test: `pytest -m azure`, with what `npm install azurite` brings on the path or named by AZURITE."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.azurite import Azurite, azurite, environment, missing_tools
from tests.faults.needs import mark_folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_folder(items, __file__, "azure", missing_tools())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azurite]:
    """The server with an empty container, named by the variables of this process."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    with azurite(tmp_path) as found:
        for name, value in environment(found.url).items():
            monkeypatch.setenv(name, value)
        yield found
