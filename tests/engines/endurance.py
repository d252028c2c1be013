"""A batch whose workers are killed every few seconds, whose scheduler begins again once and whose coordinator dies twice."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines.cluster import Cluster, cluster_in
from tests.faults import checker
from tests.faults.scene import Done, Process, Scene, scene_in, wait_until

_WORKERS = 3
_SETTINGS = "limits: {requests_per_minute: 60000, in_flight: 64, canary: false}\n"
_ENDS_S = 480.0
_RESUMES = 5
_AT_REST = {"done", "failed", "unknown"}
"""A POST that was in the air when its coordinator was killed has an unknown outcome, and the exit code is 4 then."""


@dataclass(slots=True)
class Endured:
    """What was done to it, and what was found: ``violations`` in words, none where all is well."""

    jobs: int
    worker_deaths: int = 0
    coordinator_deaths: int = 0
    scheduler_deaths: int = 0
    seconds: float = 0.0
    codes: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def endure(place: Path, jobs: int, kill_every_s: float = 3.0) -> Endured:
    """Work ``jobs`` jobs (an even number) to their end so, and hold the tree and the books against the service's ledger."""
    prompts = tuple(f"p{number}" for number in range(jobs // 2))
    found = Endured(jobs)
    with (
        cluster_in(place / "cluster", _WORKERS) as cluster,
        scene_in(place, settings=_SETTINGS, prompts=prompts, in_flight=None, window_requests=10**6) as scene,
        _Killer(cluster, found, kill_every_s),
    ):
        began = time.monotonic()
        for share in (0.2, 0.4):
            with _run_to(scene, cluster, found, share * jobs) as process:
                process.kill()
            found.coordinator_deaths += 1
            found.violations += checker.during(scene)
        with _run_to(scene, cluster, found, 0.6 * jobs) as process:
            if cluster.scheduler is not None:
                cluster.scheduler.kill()
            found.scheduler_deaths += 1
            cluster.start_scheduler()
            found.codes.append(process.end(_ENDS_S).code)
        found.violations += checker.during(scene)
        done = _finished(scene, cluster, found)
        found.seconds = time.monotonic() - began
        found.violations += checker.at_the_end(scene, done)
    return found


@contextlib.contextmanager
def _run_to(scene: Scene, cluster: Cluster, found: Endured, files: float) -> Iterator[Process]:
    """A run that has made so many files; one that ended before (every worker was dead) is begun again."""
    for _ in range(_RESUMES):
        with scene.start("--engine", cluster.address) as process:
            has_come = _came(scene, process, files)
            if has_come:
                yield process
                return
        found.codes.append(process.end().code)
        found.said.append(process.said()[-400:])
    raise AssertionError(f"{_RESUMES} runs ended before their time: {found}")


def _came(scene: Scene, process: Process, files: float) -> bool:
    wait_until(
        lambda: _files(scene) >= files or process.popen.poll() is not None, "a part of the tree", _ENDS_S
    )
    return process.popen.poll() is None


def _files(scene: Scene) -> int:
    return sum(1 for _ in scene.output.rglob("*.mp4"))


def _finished(scene: Scene, cluster: Cluster, found: Endured) -> Done:
    """Every worker of a moment may have been killed, and then a run says that it finds none."""
    for _ in range(_RESUMES):
        with scene.start("--engine", cluster.address) as process:
            done = process.end(_ENDS_S)
        found.codes.append(done.code)
        if {job["state"] for job in scene.jobs()} <= _AT_REST:
            break
    return done


class _Killer:
    """Kills the worker that has lived longest, again and again, and starts another one for each that is gone."""

    def __init__(self, cluster: Cluster, found: Endured, every_s: float) -> None:
        self._cluster, self._found, self._every_s = cluster, found, every_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._kill)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _kill(self) -> None:
        while not self._is_over.wait(self._every_s):
            workers = self._cluster.workers
            # Not before the last one is at work: else, on a busy machine, none would ever be.
            if workers and workers[0].popen.poll() is None and "Registered to" in workers[-1].said():
                self._cluster.kill_worker(workers[0])
                self._found.worker_deaths += 1
            for gone in [one for one in workers if one.popen.poll() is not None]:  # with their scheduler
                workers.remove(gone)
            while len(workers) < _WORKERS:
                self._cluster.start_worker(waits=False)
