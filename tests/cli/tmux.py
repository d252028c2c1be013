"""A real terminal: a shell in tmux, with a server of its own that ends with the test."""

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import runner

PROMPT = "ready$ "
_CODE = Path(runner.__file__).parents[1]
_TIMEOUT_S = 40.0


@dataclass(frozen=True)
class Terminal:
    """One window. ``screen`` is what it shows, ``everything`` that with what has scrolled by, a text of lines each."""

    socket: str

    def types(self, text: str) -> None:
        """Type a command and Enter."""
        self._tmux("send-keys", "-t", "it", "-l", text)
        self.presses("Enter")

    def presses(self, *keys: str) -> None:
        self._tmux("send-keys", "-t", "it", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-t", "it", "-x", str(columns), "-y", str(rows))

    def screen(self, *, coloured: bool = False) -> str:
        return self._tmux("capture-pane", "-p", "-t", "it", *(["-e"] if coloured else []))

    def everything(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "it", "-S", "-")

    def until(self, holds: Callable[[str], object]) -> str:
        """The screen as soon as it is as wanted."""
        give_up_at = time.monotonic() + _TIMEOUT_S
        while not holds(shown := self.screen()):
            assert time.monotonic() < give_up_at, f"the screen never came to that:\n{shown}"
            time.sleep(0.02)
        return shown

    def until_it_ends(self) -> int:
        """The exit code of the command that was typed with ``; echo "exit $?"`` behind it."""
        shown = self.until(lambda text: any(line.startswith("exit ") for line in text.splitlines()))
        return next(int(line.split()[1]) for line in shown.splitlines() if line.startswith("exit "))

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=False, timeout=20
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextlib.contextmanager
def terminal(folder: Path, columns: int = 80, rows: int = 24, **variables: str) -> Iterator[Terminal]:
    """A shell in ``folder`` where ``runner`` is the program under test."""
    bin_ = folder / ".bin"
    bin_.mkdir(exist_ok=True)
    program = bin_ / "runner"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m runner "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONPATH": str(_CODE),
        "LANG": "C.UTF-8",
        "PS1": PROMPT,
    } | variables
    shell = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
    if "TERM" not in variables:
        shell.append("TERM=screen-256color")
    with tempfile.TemporaryDirectory(prefix="tmux") as short:  # a socket's path may have about 100 characters
        socket = f"{short}/s"
        size = ["-x", str(columns), "-y", str(rows)]
        server = ["tmux", "-S", socket, "-u", "-f", "/dev/null"]
        start = [*server, "new-session", "-d", "-s", "it", "-c", str(folder), *size]
        try:
            subprocess.run(
                [*start, shlex.join([*shell, "bash", "--norc", "--noprofile"])], check=True, timeout=20
            )
            opened = Terminal(socket)
            opened.until(lambda text: text.startswith(PROMPT.strip()))
            yield opened
        finally:
            subprocess.run([*server, "kill-server"], check=False, capture_output=True, timeout=20)
