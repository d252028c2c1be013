"""What a person sees of a run while it goes on: a panel on a terminal, else a line a minute and one an event of note."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from runner.cli.edge import say
from runner.cli.root import Globals
from runner.cli.screen import Screen
from runner.core.events import RunEvent
from runner.core.glance import Glance
from runner.engine.ports import Watcher
from runner.report.progress import Lines, names_a_lost_task

_PANEL_EVERY_S = 0.25
_LINE_EVERY_S = 60.0
_WITHOUT_CURSOR = frozenset({"", "dumb", "unknown"})


class Display:
    """``tell`` takes the events of a run, ``watcher`` its looks; ``None`` where nobody wants any."""

    def __init__(self, tell: Callable[[RunEvent], None], watcher: Watcher | None = None) -> None:
        self.tell = tell
        self.watcher = watcher

    def leave(self) -> None:
        """The process ends at once."""
        if self.watcher is not None:
            self.watcher.leave()


@contextlib.contextmanager
def display(settings: Globals, *, as_json: bool) -> Iterator[Display]:
    """The display for what was asked for, taken down at the end; only what a person must see passes ``-q`` and ``--json``."""
    verbose = settings.verbosity > 0
    if as_json or settings.verbosity < 0:
        lines = Lines(say)
        yield Display(lambda event: lines(event) if names_a_lost_task(event) else None)
    elif can_have_panel(sys.stderr):
        panel = _LivePanel(Lines(say, verbose=verbose, beside_panel=True), settings.color)
        with contextlib.closing(panel):
            yield Display(panel.lines, Watcher(panel.show, _PANEL_EVERY_S, panel.leave))
    else:
        lines = Lines(say, verbose=verbose)
        yield Display(lines, Watcher(lines.minute, _LINE_EVERY_S))


def can_have_panel(stream: TextIO | None) -> bool:
    """Whether it is a terminal that can move its cursor; ``None`` is one that was closed when the program began."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "") not in _WITHOUT_CURSOR


class _LivePanel:
    """The panel from the first look at a run on; until then, and after it, stderr is nobody's."""

    def __init__(self, lines: Lines, color: bool | None) -> None:
        self.lines = lines
        self._color = color
        self._glance: Glance | None = None
        self._minutes = 0
        self._screen: Screen | None = None
        self._taken = contextlib.ExitStack()

    def show(self, glance: Glance) -> None:
        """Take a look; it is drawn by the screen's own thread."""
        self._glance = glance
        if self._screen is None:
            self._take(sys.stderr)
        minutes = int(glance.seconds // _LINE_EVERY_S)
        if minutes > self._minutes:
            self._minutes = minutes
            self.lines.end_minute()

    def leave(self) -> None:
        """The process ends at once."""
        if self._screen is not None:
            self._screen.leave()
        self._taken.close()

    def close(self) -> None:
        """Give the terminal back."""
        if self._screen is not None:
            self._screen.close()
        self._taken.close()

    def _take(self, stream: TextIO) -> None:
        from runner.cli.painting import painter  # noqa: PLC0415 - rich, only where there is a panel

        paint = painter(stream, self._color)
        self._screen = Screen(stream, lambda width: paint(self._glance, width))
        self._taken.enter_context(_without_echo())
        self._taken.enter_context(contextlib.redirect_stderr(_Above(self._screen.print_above)))


class _Above(io.TextIOBase):
    """A stderr whose lines go above the frame."""

    def __init__(self, print_above: Callable[[str], None]) -> None:
        self._print_above = print_above
        self._begun = ""

    def write(self, text: str) -> int:
        whole, newline, self._begun = (self._begun + text).rpartition("\n")
        if newline:
            self._print_above(whole)
        return len(text)

    def isatty(self) -> bool:
        return True

    def writable(self) -> bool:
        return True


@contextlib.contextmanager
def _without_echo() -> Iterator[None]:
    """What is typed meanwhile does not show: an Enter would move the cursor away from the frame."""
    import termios  # noqa: PLC0415 - only on a terminal

    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except (OSError, ValueError, termios.error):
        yield  # the input is no terminal: nothing is typed there
        return
    silent = before.copy()
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, before)
