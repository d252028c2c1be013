"""A process as a whole: its time, its processor time and its memory, as the kernel counted them."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "token-of-the-benchmarks"


@dataclass(frozen=True, slots=True)
class Usage:
    """``began_s`` is epoch seconds, taken just before the process was started."""

    code: int
    began_s: float
    wall_s: float
    cpu_s: float
    peak_bytes: int


class FailedError(Exception):
    """A contestant did not do what it was started for: a table made of it would say nothing."""


@dataclass
class Child:
    """A process, to be waited for once; what it writes goes to ``log``."""

    command: Sequence[str]
    cwd: Path
    log: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.cwd),
            "PYTHONPATH": str(ROOT),
            "GROKIMAGINE_API_TOKEN": TOKEN,
            **self.variables,
        }
        self._began_s, self._began = time.time(), time.perf_counter()
        with self.log.open("wb") as log:
            self._popen = subprocess.Popen(
                self.command, cwd=self.cwd, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def signal(self, number: int) -> None:
        os.kill(
            self._popen.pid, number
        )  # not Popen's own, which would take the figures of one that has ended

    @property
    def runs(self) -> bool:
        """Whether it still runs; leaves it to be waited for."""
        info = os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return info is None

    def wait(self) -> Usage:
        _, status, used = os.wait4(self._popen.pid, 0)
        wall_s = time.perf_counter() - self._began
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        cpu_s = used.ru_utime + used.ru_stime
        return Usage(self._popen.returncode, self._began_s, wall_s, cpu_s, used.ru_maxrss * 1024)

    def kill(self) -> None:
        """End it, if it has not been waited for."""
        if self._popen.returncode is None:
            self._popen.kill()
            self.wait()


def run_whole(
    command: Sequence[str],
    cwd: Path,
    *,
    codes: Sequence[int] = (0,),
    variables: Mapping[str, str] | None = None,
) -> Usage:
    """Run a process to its end; raises ``FailedError`` with the end of its log for another exit code."""
    child = Child(command, cwd, cwd / "log.txt", variables or {})
    try:
        usage = child.wait()
    finally:
        child.kill()
    return checked(usage, child, codes)


def run_until(
    command: Sequence[str], cwd: Path, is_enough: Callable[[], bool], number: int, *, codes: Sequence[int]
) -> Usage:
    """Run a process, send it the signal once ``is_enough``, and wait for its end."""
    child = Child(command, cwd, cwd / "log.txt")
    try:
        while child.runs and not is_enough():
            time.sleep(0.02)
        child.signal(number)
        usage = child.wait()
    finally:
        child.kill()
    return checked(usage, child, codes)


def checked(usage: Usage, child: Child, codes: Sequence[int]) -> Usage:
    """The usage of a process that ended with one of these codes."""
    if usage.code not in codes:
        said = child.log.read_text(encoding="utf-8", errors="replace")[-1500:]
        raise FailedError(f"{' '.join(child.command)[:200]} ended with {usage.code}:\n{said}")
    return usage
