"""The program in a process of its own, without the half second in which an interpreter starts and imports.

The processes come out of multiprocessing's fork server, which has everything imported; so a service's threads in the
test's process are not forked. What only a new interpreter shows (its memory, its variables) is started as one.
"""

import io
import json
import multiprocessing
import os
import resource
import sys
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from runner.__main__ import main

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.security.preloaded"])


@dataclass(frozen=True)
class Setting:
    """Where the program runs: its folder, all of its environment, and what its three streams are.

    ``terminal`` (a device) goes before the files ``out`` and ``err``, and stdin is empty without it. What the process
    used is written into ``used`` when it ends by itself.
    """

    folder: Path
    environment: dict[str, str]
    out: Path
    err: Path
    used: Path
    umask: int | None = None
    terminal: str | None = None


def start(arguments: tuple[str, ...], setting: Setting) -> BaseProcess:
    """A process that runs ``runner`` with these arguments."""
    process = _SERVER.Process(target=_run, args=(arguments, setting), daemon=True)
    process.start()
    return process


def _run(arguments: tuple[str, ...], setting: Setting) -> None:
    _connect_streams(setting)
    os.chdir(setting.folder)
    if setting.umask is not None:
        os.umask(setting.umask)
    os.environ.clear()
    os.environ.update(setting.environment)
    sys.argv = ["runner", *arguments]
    try:
        main()
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        setting.used.write_text(json.dumps([used.ru_maxrss * 1024, used.ru_utime + used.ru_stime]))


def _connect_streams(setting: Setting) -> None:
    os.setsid()
    names = [setting.terminal] * 3 if setting.terminal else [os.devnull, setting.out, setting.err]
    for number, name in enumerate(names):
        opened = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    is_terminal = setting.terminal is not None
    sys.stdin = io.TextIOWrapper(io.FileIO(0), encoding="utf-8")
    sys.stdout = _text(1, errors="surrogateescape", by_line=is_terminal)
    sys.stderr = _text(2, errors="backslashreplace", by_line=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def _text(number: int, errors: str, *, by_line: bool) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(number, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, line_buffering=by_line)
