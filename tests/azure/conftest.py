"""A server for each test: `pytest -m azure`, with what `npm install azurite` brings on the path or named by AZURITE."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.azurite import Azurite, azurite, environment, program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    is_there = program() is not None and importlib.util.find_spec("obstore") is not None
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.azure)
            if not is_there:
                item.add_marker(pytest.mark.skip(reason="needs azurite-blob (npm) and the extra cloud"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azurite]:
    """The server with an empty container, named by the variables of this process."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    with azurite(tmp_path) as found:
        for name, value in environment(found.url).items():
            monkeypatch.setenv(name, value)
        yield found
