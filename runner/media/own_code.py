"""A function that a manifest names, called in a process of its own, seen from here.

The process is nobody's jail: it may do what the person may who started the run. That is why a run has to be told that it may.
It never sees the token, it ends with whoever started it, and what it leaves is looked at before it is taken.
"""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from runner.core.processing import StepTrouble
from runner.media.outcomes import NotMade, UnwantedError
from runner.media.task import Bench, Task

PREFIX = "own-"
"""What the names of the directories begin with that functions write to."""

_LOOK_S = 0.1
_MOST_OUTPUTS = 10_000
_MOST_BYTES = 4 * 1024**3
_REASON_CHARS = 200
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from runner.media.own_code_worker import main; main()"


def call(task: Task, folder: Path, bench: Bench) -> list[str] | NotMade:
    """Have the function fill the empty ``folder``; the names of the files that are taken, in order.

    Raises ``UnwantedError`` and ``OSError``.
    """
    with tempfile.TemporaryFile() as said:
        process = _begun(task, folder, said)
        try:
            code = _waited(process, bench)
        finally:
            _end(process)
        if code is None:
            return NotMade(StepTrouble.TIMEOUT, f"it takes more than {bench.longest_s:.0f} s")
        if code != 0:
            return NotMade(StepTrouble.CODE, _last_line(said) or f"its process ended with {code}")
    return _taken(folder)


def _begun(task: Task, folder: Path, said: BinaryIO) -> subprocess.Popen[bytes]:
    asked = {
        "function": task.parameters["function"],
        "code_folder": task.code_folder,
        "input_path": task.input_path,
        "output_dir": str(folder),
    }
    hidden = {*task.hidden, "PYTHONPATH", "PYTHONSTARTUP"}
    return subprocess.Popen(  # noqa: S603 - this interpreter, and the code that a person said may run
        [sys.executable, "-B", "-c", _CODE, json.dumps(sys.path), json.dumps(asked)],
        stdin=subprocess.PIPE,  # its end tells the process that nobody waits any more
        stdout=subprocess.DEVNULL,
        stderr=said,
        env={name: value for name, value in os.environ.items() if name not in hidden},
        start_new_session=True,
    )


def _waited(process: subprocess.Popen[bytes], bench: Bench) -> int | None:
    """Its exit code, ``None`` where it takes too long."""
    end = time.monotonic() + bench.longest_s
    while True:
        if not bench.is_wanted():
            raise UnwantedError
        try:
            return process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() >= end:
                return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and all that it started and did not send away."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _last_line(said: BinaryIO) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - 4096))
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:_REASON_CHARS] if lines else ""


def _taken(folder: Path) -> list[str] | NotMade:
    """The names of all files there, if they can be kept in a tree."""
    found, size_bytes = sorted(os.scandir(folder), key=lambda one: one.name), 0
    for one in found:
        seen = one.stat(follow_symlinks=False)
        size_bytes += seen.st_size
        if not stat.S_ISREG(seen.st_mode):
            return NotMade(StepTrouble.CODE, f"{one.name} is no regular file")
        if not _NAME.fullmatch(one.name) or one.name.lower().startswith("metadata."):
            return NotMade(
                StepTrouble.CODE, f"{one.name!r} is no name for a file in a tree: letters, digits, . _ -"
            )
    if len({one.name.lower() for one in found}) != len(found):
        return NotMade(StepTrouble.CODE, "two of its files have one name where case makes no difference")
    if len(found) > _MOST_OUTPUTS or size_bytes > _MOST_BYTES:
        return NotMade(StepTrouble.TOO_LARGE, f"{len(found):,} files of {size_bytes:,} bytes")
    return [one.name for one in found]
