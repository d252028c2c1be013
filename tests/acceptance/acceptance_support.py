"""The program as its users have it: a process of its own in a directory of its own, and a service beside it."""

import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import runner
from runner.sandbox import Ledger, LoggedRequest, Submission, Task
from runner.sandbox.videos import video_of
from tests.forked import Forked, run_forked
from tests.no_traceback import refuse_traceback

TOKEN = "token-of-the-acceptance-tests"
PRICE = 40
LIMITS = {"requests_per_minute": 6000}
NAME = "demo"
STATE = "sqlite:///state/runner.db"

_CODE = Path(runner.__file__).parents[1]
_FLUSH_S = 0.1  # the sandbox commits its notes of requests within 0.02 s


@dataclass(frozen=True)
class Done:
    """A process that has ended: its exit code, what it wrote, and how long it took."""

    code: int
    out: str
    err: str
    took_s: float

    def objects(self) -> list[dict[str, Any]]:
        """What ``--json`` wrote, a line each."""
        return [json.loads(line) for line in self.out.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of this name, of a run with ``--json``."""
        return [one for one in self.objects() if one["event"] == name]

    @property
    def states(self) -> dict[str, int]:
        """How many jobs stand where at the end of a run with ``--json``, without the zeros and the total."""
        return _without_zeros(self._finished["jobs"])

    @property
    def books(self) -> dict[str, int]:
        """The credits at the end of a run with ``--json``."""
        return self._finished["credits"]

    @property
    def _finished(self) -> dict[str, Any]:
        (finished,) = self.events("finished")
        assert finished["exit_code"] == self.code
        return finished


@dataclass(frozen=True)
class Desk:
    """A working directory, and an environment with nothing in it but what the program needs."""

    root: Path
    home: Path
    variables: dict[str, str] = field(default_factory=lambda: {"GROKIMAGINE_API_TOKEN": TOKEN})

    def manifest(self, file: str = "demo.yaml", **keys: Any) -> str:
        """Write a manifest of these keys; ``base_url`` names the service. Gives its path from the root."""
        whole: dict[str, Any] = {"version": 1, "name": NAME, "limits": LIMITS, **keys}
        base_url = whole.pop("base_url", None)
        if base_url is not None:
            whole["provider"] = {"base_url": base_url}
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(whole, indent=1), encoding="utf-8")  # YAML 1.2 contains JSON
        return file

    def environment(self, without_token: bool = False) -> dict[str, str]:
        """What a process of this desk finds in its environment."""
        kept = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(_CODE)}
        return kept if without_token else kept | self.variables

    def run(self, *arguments: str, cwd: Path | None = None, without_token: bool = False) -> Done:
        """Run the program to its end."""
        began = time.monotonic()
        done = run_forked(arguments, cwd or self.root, self.environment(without_token))
        refuse_traceback(done.stdout, done.stderr)
        return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def make(self, manifest: str, *more: str) -> Done:
        """``run --json``, to its end."""
        return self.run("run", manifest, "--json", *more)

    @contextlib.contextmanager
    def started(self, *arguments: str) -> Iterator["Process"]:
        """A process that goes on while the test does something else; killed at the end, if it still runs."""
        with Forked(arguments, self.root, self.environment()) as process:
            try:
                yield Process(process)
            finally:
                process.kill()

    def status(self, *more: str, batch: str = NAME) -> dict[str, Any]:
        """What ``status --json`` says."""
        (found,) = self._asked("status", batch, "--json", *more).objects()
        return found

    def jobs(self, *more: str, batch: str = NAME) -> list[dict[str, Any]]:
        """What ``jobs --json`` says."""
        return self._asked("jobs", batch, "--json", *more).objects()

    def states(self, *more: str, batch: str = NAME) -> dict[str, int]:
        """How many jobs stand where, without the zeros and the total."""
        return _without_zeros(self.status(*more, batch=batch)["jobs"])

    def _asked(self, *arguments: str) -> Done:
        done = self.run(*arguments)
        assert done.code == 0, done.err
        return done


@dataclass(frozen=True)
class Process:
    """A running program."""

    popen: Forked

    @property
    def out(self) -> IO[str]:
        """Its standard output."""
        assert self.popen.stdout is not None
        return self.popen.stdout

    def events(self) -> Iterator[dict[str, Any]]:
        """The objects of ``--json``, as they come."""
        return map(json.loads, self.out)

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next event of this name; those before it are skipped."""
        return next(one for one in self.events() if one["event"] == event)

    def end(self, timeout_s: float = 30.0) -> Done:
        """Wait for its end; what was read before is not in ``out``."""
        began = time.monotonic()
        out, err = self.popen.communicate(timeout=timeout_s)
        refuse_traceback(out, err)
        return Done(self.popen.wait(), out, err, time.monotonic() - began)


@dataclass(frozen=True)
class Service:
    """A service that outlives the program, and its own books."""

    base_url: str
    ledger_path: Path

    def tasks(self) -> tuple[Task, ...]:
        """What it accepted."""
        with contextlib.closing(Ledger(self.ledger_path)) as ledger:
            return ledger.tasks()

    def accepted(self) -> Counter[str]:
        """How many tasks it accepted of each prompt."""
        return Counter(task.submission.prompt for task in self.tasks())

    def requests(self, kind: str | None = None) -> list[LoggedRequest]:
        """Every request that it got."""
        time.sleep(_FLUSH_S)
        with contextlib.closing(Ledger(self.ledger_path)) as ledger:
            return list(ledger.requests(kind))


def _without_zeros(jobs: dict[str, int]) -> dict[str, int]:
    return {word: number for word, number in jobs.items() if number and word != "total"}


def submission_of(job: dict[str, Any]) -> Submission:
    """The body that a job of ``jobs --json`` is submitted with."""
    return Submission(job["prompt"], job["mode"], job["ratio"], tuple(job["images"]))


def tree_of(directory: Path) -> dict[str, bytes]:
    """Every video below a directory: its path from there, and what is in it."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*.mp4")
        if ".partial" not in path.parts
    }


def videos_of(task: Task, stem: str) -> dict[str, bytes]:
    """The files that a task of the service should become, under the path of its job."""
    names = [stem] if task.files == 1 else [f"{stem}-{number}" for number in range(1, task.files + 1)]
    videos = [video_of(task.task_id, number, task.submission.ratio) for number in range(1, task.files + 1)]
    return {f"{name}.mp4": video.part(0, video.size_bytes) for name, video in zip(names, videos, strict=True)}


def everything_in(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below a directory, hidden ones too: when it was last changed (ns), and what is in it."""
    return {
        str(path.relative_to(directory)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in directory.rglob("*")
    }


def until(holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait until something holds."""
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come to pass"
        time.sleep(0.01)
