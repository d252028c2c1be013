"""A bench for each test, in a directory of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox import SandboxOptions, running_in_thread
from tests.app.bench import TOKEN, Bench


@pytest.fixture
def bench_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Make a bench whose service has these options, over those of a quick and faultless one."""
    work, ledger = tmp_path / "work", tmp_path / "service.db"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("GROKIMAGINE_API_TOKEN", TOKEN)
    with ExitStack() as stack:

        def make(**options: Any) -> Bench:
            quick = {"latency_median_s": 0, "two_files": 0} | options
            base_url = stack.enter_context(running_in_thread(SandboxOptions(**quick), ledger))
            bench = Bench(work, base_url, ledger)
            bench.manifest()
            bench.enrol()
            return bench

        yield make


@pytest.fixture
def bench(bench_with: Callable[..., Bench]) -> Bench:
    """A bench with three pending jobs and a budget for a hundred."""
    return bench_with()
