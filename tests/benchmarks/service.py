"""The sandbox as a process of its own, and what its ledger says afterwards."""

import contextlib
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from tests.benchmarks.measured import Child, FailedError, Usage

_START_S = 20.0


@dataclass
class Service:
    """A served sandbox; ``usage`` is there once it has been stopped."""

    base_url: str
    ledger: Path
    usage: Usage | None = None

    def rows(self, sql: str, *values: float | str) -> list[tuple]:
        """What the ledger says now; the sandbox commits its notes within 0.02 s."""
        with contextlib.closing(sqlite3.connect(self.ledger, timeout=10)) as connection:
            return connection.execute(sql, values).fetchall()

    def accepted(self) -> int:
        return self.rows("SELECT count(*) FROM tasks")[0][0]

    def first_request_s(self, since_s: float = 0.0) -> float:
        """When the first request of the API arrived after ``since_s`` (both epoch seconds)."""
        first = self.rows("SELECT min(at_s) FROM requests WHERE kind <> 'download' AND at_s >= ?", since_s)[
            0
        ][0]
        if first is None:
            raise FailedError("the service was never asked")
        return first


@dataclass(frozen=True, slots=True)
class Asked:
    """The API's requests of one run. ``span_s``: from the first to the last; ``tasks_s``: what all tasks took together."""

    jobs: int
    posts: int
    statuses: int
    refused: int
    span_s: float
    tasks_s: float

    @property
    def requests(self) -> int:
        return self.posts + self.statuses + self.refused


def asked(service: Service) -> Asked:
    """What the ledger counted; ``refused`` are the answers 429."""
    counts = dict(service.rows("SELECT kind, count(*) FROM requests GROUP BY kind"))
    refused = service.rows("SELECT count(*) FROM requests WHERE kind = 'refused' AND decision = '429'")[0][0]
    [(first_s, last_s)] = service.rows("SELECT min(at_s), max(at_s) FROM requests WHERE kind <> 'download'")
    [(jobs, tasks_s)] = service.rows("SELECT count(*), sum(ready_at_s - created_at_s) FROM tasks")
    posts, statuses = counts.get("generate", 0), counts.get("status", 0)
    return Asked(jobs, posts, statuses, refused, last_s - first_s, tasks_s or 0.0)


@contextlib.contextmanager
def served(folder: Path, options: Sequence[str]) -> Iterator[Service]:
    """A sandbox of these options (``name=value``) with its ledger in ``folder``, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / "service.db"
    command = [sys.executable, "-m", "runner", "sandbox", "--port", "0", "--ledger", str(ledger)]
    child = Child([*command, "--options", ",".join(options)], folder, folder / "service.log")
    try:
        service = Service(_address(child), ledger)
        yield service
        child.signal(SIGTERM)
        service.usage = child.wait()
    finally:
        child.kill()


def _address(child: Child) -> str:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and child.runs:
        said = child.log.read_text(encoding="utf-8")
        if "serving " in said and ";" in said:
            return said.partition("serving ")[2].partition(";")[0]
        time.sleep(0.02)
    raise FailedError(f"the sandbox did not start: {child.log.read_text(encoding='utf-8')}")
