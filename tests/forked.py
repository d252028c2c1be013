"""The program in a process of its own, without the second in which an interpreter starts and imports.

The processes come out of multiprocessing's fork server, which has everything imported; so a service's threads in the test's
process are not forked. What only a new interpreter shows (its start, its memory, the variables that Python itself reads, what
it does at its very end), and what is run by another program, is started as one.
"""

import contextlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any, Self

from runner.__main__ import main

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.preloaded"])


def run_forked(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str], timeout_s: float = 60.0
) -> "subprocess.CompletedProcess[str]":
    """``runner`` with these arguments, to its end, with nothing on its standard input."""
    with Forked(arguments, cwd, env) as process:
        try:
            out, err = process.communicate(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(["runner", *arguments], process.returncode or 0, out, err)


class Forked:
    """``runner`` with these arguments, as far as tests need it with the interface of ``subprocess.Popen``.

    ``stdout`` and ``stderr`` are pipes with text, unless files are given in ``to``. ``program`` is what the process does, once
    it has its streams, directory, environment and ``sys.argv``.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        to: tuple[IO[bytes], IO[bytes]] | None = None,
        program: Callable[[], None] = main,
    ) -> None:
        self.args = ["runner", *arguments]
        self.returncode: int | None = None
        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None
        with contextlib.ExitStack() as stack:
            nothing = stack.enter_context(Path(os.devnull).open("rb"))
            if to is None:
                self.stdout, out = _pipe(stack)
                self.stderr, err = _pipe(stack)
            else:
                out, err = (file.fileno() for file in to)
            self._process: BaseProcess = SERVER.Process(
                target=_Run(tuple(arguments), cwd, dict(env), (nothing.fileno(), out, err), program),
                daemon=True,
            )
            self._process.start()
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        """Its exit code, once it has ended; negative is the signal that ended it."""
        if self.returncode is None:
            self.returncode = self._process.exitcode
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises ``subprocess.TimeoutExpired``."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What it says from now on, to its end; raises ``subprocess.TimeoutExpired``."""
        give_up_at = time.monotonic() + timeout
        assert self.stdout is not None
        assert self.stderr is not None
        said = _read_to_the_end((self.stdout, self.stderr), give_up_at)
        if said is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        self.wait(max(0.0, give_up_at - time.monotonic()))
        return said

    def send_signal(self, number: int) -> None:
        """To it, if it has not ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


@dataclass
class _Run:
    """What the new process does; the numbers of its ``streams`` are others there."""

    arguments: tuple[str, ...]
    cwd: Path
    env: dict[str, str]
    streams: tuple[int, int, int]
    program: Callable[[], None]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"streams": tuple(DupFd(number) for number in self.streams)}

    def __call__(self) -> None:
        streams: Any = self.streams
        connect_streams([stream.detach() for stream in streams])
        become(self.arguments, self.cwd, self.env)
        self.program()


def become(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
    """Be in that directory with this environment, as ``runner`` with these arguments."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    # In the background of a script (`nohup ... &`) SIGINT is ignored, and whoever is started there inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["runner", *arguments]


def connect_streams(opened: Sequence[int]) -> None:
    """Have these behind the numbers 0 to 2, and texts around them as an interpreter makes them."""
    for number, file in enumerate(opened):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout = _text(1, errors="surrogateescape", by_line=os.isatty(1))
    sys.stderr = _text(2, errors="backslashreplace", by_line=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def _text(number: int, errors: str, *, by_line: bool) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, line_buffering=by_line)


def _pipe(stack: contextlib.ExitStack) -> tuple[IO[str], int]:
    """The end that is read, and the number of the one that is written, which is closed with ``stack``."""
    read, written = os.pipe()
    stack.callback(os.close, written)
    return open(read, encoding="utf-8"), written  # noqa: PTH123 - its owner closes it


def _read_to_the_end(streams: tuple[IO[str], IO[str]], give_up_at: float) -> tuple[str, str] | None:
    """What is still to be read from both, ``None`` if that does not end in time."""
    said: tuple[list[str], list[str]] = [], []
    threads = [
        threading.Thread(target=_read, args=(stream, into), daemon=True)
        for stream, into in zip(streams, said, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, give_up_at - time.monotonic()))
    return ("".join(said[0]), "".join(said[1])) if said[0] and said[1] else None


def _read(stream: IO[str], into: list[str]) -> None:
    into.append(stream.read())
