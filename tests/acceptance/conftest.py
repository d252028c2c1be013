"""A desk to work at, and services beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from acceptance_support import Desk, Service

from runner.sandbox import parse_options, running_in_thread


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name in ("work", "home"):
        (tmp_path / name).mkdir()
    return Desk(tmp_path / "work", tmp_path / "home")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start services with these options (as the command line takes them); they end with the test."""
    with ExitStack() as stack:

        def start(options: str = "latency=0.1,spread=0,two_files=0") -> Service:
            ledger = tmp_path / f"service-{len(list(tmp_path.glob('service-*.db')))}.db"
            return Service(stack.enter_context(running_in_thread(parse_options(options), ledger)), ledger)

        yield start


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    """A quick service without faults."""
    return serve()
