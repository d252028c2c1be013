"""A real scheduler and real workers, each a process of its own on loopback."""

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STARTS_S = 30.0
_QUICK = {
    # A dead worker is noticed by its closed connection at once; these are for what is not closed.
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "15 seconds",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
}


def missing_tools() -> str | None:
    """Why the tests of this folder cannot run here; in CI they run, and fail."""
    if importlib.util.find_spec("distributed") is None and not os.environ.get("CI"):
        return "needs distributed: pip install '.[dask]'"
    return None


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(slots=True)
class Part:
    """One process of the cluster and the file that it writes its words to."""

    popen: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """SIGKILL, and its end."""
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        """SIGSTOP: it is there, and does nothing."""
        self.popen.send_signal(signal.SIGSTOP)


@dataclass(slots=True)
class Cluster:
    """``aside`` is where its processes stand and write; ``environment`` is what they have beside that of the tests."""

    aside: Path
    protocol: str = "tcp"
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    workers: list[Part] = field(default_factory=list)
    scheduler: Part | None = None
    started: int = 0

    @property
    def address(self) -> str:
        return f"{self.protocol}://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        words = [
            "scheduler",
            "--host",
            f"{self.protocol}://127.0.0.1",
            "--port",
            str(self.port),
            "--no-dashboard",
        ]
        self.scheduler = self._start("scheduler", words, {})
        self._wait(self.scheduler, "Scheduler at")

    def start_worker(
        self,
        *,
        waits: bool = True,
        threads: int = 1,
        preload: str | None = None,
        prefix: Sequence[str] = (),
        **also: str,
    ) -> Part:
        words = ["worker", self.address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
        words += ["--memory-limit", "0", "--host", "127.0.0.1", "--local-directory", str(self.aside)]
        words += [] if preload is None else ["--preload", preload]
        worker = self._start("worker", words, also, prefix)
        self.workers.append(worker)
        if waits:
            self.wait_for(worker)
        return worker

    def wait_for(self, worker: Part) -> None:
        self._wait(worker, "Registered to")

    def kill_worker(self, worker: Part) -> None:
        worker.kill()
        self.workers.remove(worker)

    def close(self) -> None:
        for part in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            part.popen.kill()
        for part in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            part.popen.wait()

    def _start(
        self, name: str, words: Sequence[str], also: Mapping[str, str], prefix: Sequence[str] = ()
    ) -> Part:
        self.started += 1
        log = self.aside / f"{name}-{self.started}.log"
        hidden = {
            key: value for key, value in os.environ.items() if not key.startswith(("GROKIMAGINE", "RUNNER"))
        }
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [*prefix, sys.executable, "-m", "dask", *words],
                cwd=self.aside,
                env={**hidden, **_QUICK, **self.environment, **also},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        return Part(popen, log)

    def _wait(self, part: Part, sign: str) -> None:
        give_up_at = time.monotonic() + STARTS_S
        while sign not in part.said():
            if part.popen.poll() is not None or time.monotonic() > give_up_at:
                raise AssertionError(f"did not begin: {part.said()[-2000:]}")
            time.sleep(0.02)


@contextlib.contextmanager
def cluster_in(aside: Path, workers: int = 2, **settings: object) -> Iterator[Cluster]:
    """A scheduler and so many workers, gone afterwards."""
    aside.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(aside, **settings)  # type: ignore[arg-type]  # of several types, by name
    try:
        cluster.start_scheduler()
        begun = [cluster.start_worker(waits=False) for _ in range(workers)]
        for worker in begun:
            cluster.wait_for(worker)
        yield cluster
    finally:
        cluster.close()
