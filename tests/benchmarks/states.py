"""What the state's own work takes in a file and on a server: the same changes, through the same writer.

    python -m tests.benchmarks.states [JOBS]

The server is a PostgreSQL on this machine, by its Unix socket: what a network adds is a round trip for each statement.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

from store_support import NOW, held_shop, job_of

from runner.core.outcomes import TaskId
from runner.store import attempts, outputs, reads
from runner.store.database import open_for_writing
from runner.store.places import State
from runner.store.writer import GroupWriter
from tests.postgres.server import Cluster, running

AT_ONCE = (1, 10, 200)


def main(jobs: int) -> None:
    with tempfile.TemporaryDirectory() as name, running() as cluster:
        states: dict[str, Callable[[], State]] = {
            "file": iter(Path(name) / f"{number}.db" for number in range(99)).__next__,
            "server": cluster.state,
        }
        for kind, new in states.items():
            _measure(kind, new, jobs)
        _measure_program(Path(name), cluster)


def _measure(kind: str, new: Callable[[], State], jobs: int) -> None:
    state = new()
    began = time.perf_counter()
    with held_shop(state, *map(job_of, range(jobs)), budget=None):
        pass
    _say(kind, "enrolment", f"{jobs / (time.perf_counter() - began):10.0f} jobs a second")
    for at_once in AT_ONCE:
        state, few = new(), jobs if at_once > 1 else jobs // 10
        with held_shop(state, *map(job_of, range(few)), budget=None) as shop:
            writer = GroupWriter(open_for_writing(state))
            began = time.perf_counter()
            asyncio.run(_lives(writer, shop.pk, few, at_once))
            spent_s = time.perf_counter() - began
            writer.close()
        _say(kind, f"lives, {at_once} at once", f"{few / spent_s:10.0f} jobs a second")


async def _lives(writer: GroupWriter, batch_pk: int, jobs: int, at_once: int) -> None:
    """All that the state is told of a job that goes well: six changes, one after the other."""
    waiting = list(range(jobs, 0, -1))

    async def work() -> None:
        while waiting:
            pk = waiting.pop()
            held = await writer.write(attempts.reserve, batch_pk, pk, NOW)
            assert held is not None
            await writer.write(attempts.accept, held.attempt, TaskId(f"t{pk}"))
            await writer.write(attempts.complete, held.attempt, None, ["https://cdn/1.mp4"], NOW)
            (file,) = await writer.write(reads.files_of, held.attempt)
            await writer.write(outputs.verified, file.pk, f"{pk}.mp4", 1000, "ab")
            await writer.write(outputs.placed, file.pk)
            await writer.write(outputs.finish, pk, NOW)

    await asyncio.gather(*(work() for _ in range(at_once)))


def _measure_program(place: Path, cluster: Cluster) -> None:
    """How long ``runner status`` takes, of which most is the interpreter's start."""
    for kind, url in (("file", f"sqlite:///{place}/0.db"), ("server", cluster.url(schema="t0"))):
        command = [sys.executable, "-m", "runner", "status"]
        took = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run(command, env={**os.environ, "RUNNER_STATE": url}, check=True, capture_output=True)
            took.append(time.perf_counter() - began)
        _say(kind, "runner status", f"{min(took):10.2f} s")


def _say(kind: str, what: str, found: str) -> None:
    sys.stdout.write(f"{kind:8}{what:22}{found}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
