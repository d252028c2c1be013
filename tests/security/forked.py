"""The program in a forked process that also tells what it used."""

import json
import os
import resource
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from runner.__main__ import main
from tests.forked import SERVER, become, connect_streams


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
    process = SERVER.Process(target=_run, args=(arguments, setting), daemon=True)
    process.start()
    return process


def _run(arguments: tuple[str, ...], setting: Setting) -> None:
    os.setsid()
    names = [setting.terminal] * 3 if setting.terminal else [os.devnull, setting.out, setting.err]
    connect_streams([os.open(name, os.O_RDWR | os.O_CREAT, 0o600) for name in names])
    if setting.umask is not None:
        os.umask(setting.umask)
    become(arguments, setting.folder, setting.environment)
    try:
        main()
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        setting.used.write_text(json.dumps([used.ru_maxrss * 1024, used.ru_utime + used.ru_stime]))
