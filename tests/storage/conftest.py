"""One S3 server for all tests of this folder, and for each test a prefix of its own."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.needs import mark_folder
from tests.storage.cloud import Proxy, Store, environment, missing_tools, proxy_before, store_on_loopback


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_folder(items, __file__, "cloud", missing_tools())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store_on_loopback(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The server with an empty bucket, named by the variables of this process."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_"))]:
        monkeypatch.delenv(name)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    server.ask("POST", "/moto-api/reset")
    server.make()
    return server


@pytest.fixture
def proxy(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Stands before the store, and is what the variables name."""
    with proxy_before(store) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.url)
        yield between
