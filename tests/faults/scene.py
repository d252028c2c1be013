"""One batch of four jobs in a directory of its own, the service that it is paid at, and the program that works it."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Self, Union

from runner.__main__ import main
from runner.cli import edge
from runner.sandbox import Ledger, SandboxOptions, running_in_thread
from tests.forked import Forked
from tests.no_traceback import refuse_traceback

TOKEN = "CANARY-5d0c7f31-token"
"""Must never be found in anything that the program leaves behind or says."""

BATCH = "four"
PRICE = 40
PATIENCE_S = 120.0
_NOTED_S = 0.06  # the service's notes of requests share a commit every 0.02 s

Json = dict[str, Any]
_Started = Union["subprocess.Popen[bytes]", Forked]


@dataclass(frozen=True, slots=True)
class Done:
    """How one process ended: its exit code (negative: the signal that ended it) and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One job that the manifest asks for; ``stem`` is where its file goes, without number and extension."""

    text: str
    ratio: str
    stem: str


@dataclass(frozen=True, slots=True)
class Scene:
    """``root`` is the program's working directory; all that it writes stands below it.

    ``settings`` is further text of the manifest. ``file_bytes`` is what the service was told about the size of files.
    ``words`` are those of another command than the main job, which is then the one that is started and disturbed.
    """

    root: Path
    base_url: str
    ledger: Path
    prompts: tuple[str, ...] = ("fox", "owl")
    budget: int = 4 * PRICE
    settings: str = ""
    timeouts: str = "{connect: 2s, submit: 3s, status: 3s}"
    file_bytes: int | None = None
    embedded: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.manifest.write_text(self._manifest_text(), encoding="utf-8")

    @property
    def manifest(self) -> Path:
        return self.root / "batch.yaml"

    @property
    def output(self) -> Path:
        return self.root / "outputs" / ("sandbox" if self.embedded else "") / BATCH

    @property
    def state(self) -> Path:
        return self.root / "state" / ("sandbox.db" if self.embedded else "runner.db")

    @property
    def aside(self) -> Path:
        """Where what is no part of the scene goes: what processes say, what a tracer reports."""
        return self.root.parent if self.embedded else self.ledger.parent

    @property
    def wanted(self) -> list[Wanted]:
        """The jobs, by the reference alone: none of the program's own code says what a manifest asks for."""
        return [
            Wanted(f"one {prompt}", ratio, f"{prompt}/normal_{ratio.replace(':', 'x')}/take-01")
            for prompt in self.prompts
            for ratio in ("1:1", "2:3")
        ]

    def command(self, *more: str) -> list[str]:
        """The words that start the main job, or the other command."""
        embedded = ("--sandbox", "--sandbox-options", "latency=0") if self.embedded else ()
        return [
            sys.executable,
            "-m",
            "runner",
            *(self.words or ("run", self.manifest.name)),
            *embedded,
            *more,
        ]

    def start(
        self, *more: str, prefix: Sequence[str] = (), program: Callable[[], None] = main, **also: str
    ) -> "Process":
        """The main job as a process of its own.

        ``prefix`` is a command that runs it, ``also`` more environment; without either it is forked, and does ``program``.
        """
        environment = {**os.environ, "GROKIMAGINE_API_TOKEN": TOKEN, **self.environment, **also}
        if prefix or also:  # which are for the interpreter itself, or what is under it
            order = [*prefix, *self.command(*more)]
            return Process.of(order, self.root, self.aside, environment)
        arguments = self.command(*more)[3:]
        return Process.to_files(
            self.aside, lambda out, err: Forked(arguments, self.root, environment, (out, err), program)
        )

    def run(self, *more: str, prefix: Sequence[str] = (), **also: str) -> Done:
        """The same, to its end."""
        with self.start(*more, prefix=prefix, **also) as process:
            return process.end()

    def start_other(self, *words: str) -> "Process":
        """Another command as a process of its own."""
        return replace(self, words=words).start()

    def ask(self, *words: str) -> Done:
        """A command inside this process, which is quicker; for what is neither killed nor stopped nor starved."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.root),
            _environment(GROKIMAGINE_API_TOKEN=TOKEN),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = edge.run(words)
        refuse_traceback(out.getvalue(), err.getvalue())
        return Done(code, out.getvalue(), err.getvalue())

    def status(self) -> Json | None:
        """What ``status --json`` says, ``None`` where there is no state yet."""
        if not self.state.exists() or not self.state.stat().st_size:
            return None
        done = self.ask("status", *self._embedded, "--json", BATCH)
        if done.code == 2 and "no batch" in done.err:
            return None
        return self._read(done)[0]

    def jobs(self) -> list[Json]:
        """What ``jobs --json`` says."""
        return self._read(self.ask("jobs", *self._embedded, "--json", BATCH))

    def resume(self, *more: str) -> Done:
        """The main job that nothing disturbs, to its end, inside this process: most of a run is the interpreter's start."""
        return self.ask(*self.command(*more)[3:])

    def books(self) -> Ledger:
        """The service's own ledger, with every request that was answered so far."""
        time.sleep(_NOTED_S)
        return Ledger(self.ledger)

    def at(self, base_url: str) -> "Scene":
        """The same batch, whose service has another address."""
        return replace(self, base_url=base_url)

    @property
    def _embedded(self) -> tuple[str, ...]:
        return ("--sandbox",) if self.embedded else ()

    def _read(self, done: Done) -> list[Json]:
        if done.code != 0:
            raise AssertionError(f"the state of {self.root} cannot be asked ({done.code}): {done.err}")
        return [json.loads(line) for line in done.out.splitlines()]

    def _manifest_text(self) -> str:
        prompts = "".join(f"  - {{id: {prompt}, text: one {prompt}}}\n" for prompt in self.prompts)
        return (
            f"version: 1\nname: {BATCH}\nbudget: {{credits: {self.budget}}}\n"
            f'provider: {{base_url: "{self.base_url}", timeouts: {self.timeouts}}}\n'
            f"ratios: [1:1, 2:3]\nprompts:\n{prompts}"
            + (self.settings or "limits: {requests_per_minute: 6000}\n")
        )


@dataclass(slots=True)
class Process:
    """A process whose words go to files, so that a full pipe never holds it up; killed at the end of a ``with``."""

    popen: "_Started"
    out: Path
    err: Path

    @classmethod
    def of(cls, command: Sequence[str], cwd: Path, aside: Path, environment: Mapping[str, str]) -> "Process":
        """Any command, in a new interpreter if it is one of Python's."""
        streams = {"cwd": cwd, "env": environment, "stdin": subprocess.DEVNULL}
        return cls.to_files(
            aside, lambda out, err: subprocess.Popen(command, stdout=out, stderr=err, **streams)
        )

    @classmethod
    def to_files(cls, aside: Path, start: "Callable[[BinaryIO, BinaryIO], _Started]") -> "Process":
        """What was started with these two files for its words."""
        said = aside / f"said-{time.monotonic_ns()}"
        out, err = said.with_suffix(".out"), said.with_suffix(".err")
        with out.open("wb") as to_out, err.open("wb") as to_err:
            return cls(start(to_out, to_err), out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        if kind is None:  # also where nobody waited for its end
            refuse_traceback(self.said())

    def end(self, timeout_s: float = PATIENCE_S) -> Done:
        """Wait for it; one that does not end in time is a failure of its own."""
        try:
            code = self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s} s; it said: {self.said()}") from None
        refuse_traceback(_text(self.out), _text(self.err))
        return Done(code, _text(self.out), _text(self.err))

    def kill(self) -> Done:
        """SIGKILL, and what it had said."""
        self.popen.kill()
        return self.end()

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def said(self) -> str:
        """All that it said so far."""
        return _text(self.out) + _text(self.err)


@contextlib.contextmanager
def served(ledger: Path, **options: Any) -> Iterator[str]:
    """The service, outside the program's process, with a ledger that outlasts everything; gives its base URL."""
    with running_in_thread(SandboxOptions(**{"latency_median_s": 0.0, **options}), ledger) as base_url:
        yield base_url


@contextlib.contextmanager
def scene_in(
    place: Path, *, settings: str = "", prompts: tuple[str, ...] = ("fox", "owl"), **options: Any
) -> Iterator[Scene]:
    """A scene below ``place`` and its service, whose ``options`` are those of the sandbox; its budget is just enough."""
    ledger = place / "service" / "ledger.db"
    with served(ledger, **options) as base_url:
        yield Scene(
            place / "work",
            base_url,
            ledger,
            prompts,
            2 * PRICE * len(prompts),
            settings,
            file_bytes=options.get("file_size_bytes"),
        )


def wait_until(holds: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Ask every 5 ms."""
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"waited {timeout_s} s in vain: {what}")
        time.sleep(0.005)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
