"""The lower end of a terminal: a frame that is drawn over itself, and lines that scroll by above it.

Between two drawings the cursor stands at the frame's first character. A terminal that is resized moves its lines and its
cursor together, so that the frame's beginning is where it was left, whatever became of the lines below it. Nothing is
cleared before it is written again: that is what flickers.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

from runner.core.safe_text import for_terminal

Draw = Callable[[int], list[str]]
"""Makes the frame's lines, of at most so many columns."""

_NO_WRAP, _WRAP = (
    "\x1b[?7l",
    "\x1b[?7h",
)  # a line that is a column too long for a shrunken terminal stays one line
_CLEAR_LINE, _CLEAR_BELOW = "\x1b[K", "\x1b[J"
_EVERY_S = 0.25
_LEAVING_S = 0.5


class Screen:
    """Writes from a thread of its own: a terminal that is held (Ctrl-S) holds nobody else up.

    ``draw`` is called in that thread, a few times a second; no frame is drawn while it gives no lines.
    """

    def __init__(self, stream: TextIO, draw: Draw) -> None:
        self._stream = stream
        self._draw = draw
        self._above: deque[str] = deque()
        self._frame = ""
        self._wake = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="screen", daemon=True)
        self._thread.start()

    def print_above(self, text: str) -> None:
        """Show lines above the frame; at once, but not before this returns."""
        self._above.extend(for_terminal(text, keep_newlines=True).splitlines())
        self._wake.set()
        if not self._thread.is_alive():  # a bug in what is drawn: lines are worth more
            self._write(self._lines_above())

    def close(self, patience_s: float | None = None) -> None:
        """Write what is left, and take the frame away; waits for the terminal no longer than ``patience_s``."""
        self._is_over.set()
        self._wake.set()
        self._thread.join(patience_s)
        if not self._thread.is_alive():
            self._write(self._lines_above() + (_CLEAR_BELOW if self._frame else ""))

    def leave(self) -> None:
        """The same for a process that ends at once, whatever the terminal does."""
        self.close(_LEAVING_S)

    def _work(self) -> None:
        while not self._is_over.is_set():
            self._wake.wait(_EVERY_S)
            self._wake.clear()
            self._turn()

    def _turn(self) -> None:
        columns, rows = self._size()
        # One column stays free: behind a full line, terminals differ in what clears its rest.
        frame = framed(self._draw(columns - 1)[: rows - 1])
        above = self._lines_above()  # not before: what is taken must be written
        if above or frame != self._frame:
            self._frame = frame
            self._write(above + frame)

    def _lines_above(self) -> str:
        lines = [self._above.popleft() for _ in range(len(self._above))]
        return "".join(f"{line}{_CLEAR_LINE}\r\n" for line in lines)

    def _size(self) -> tuple[int, int]:
        with contextlib.suppress(OSError, ValueError):
            size = os.get_terminal_size(self._stream.fileno())
            if size.columns > 1 and size.lines > 1:  # a terminal without a size says 0
                return size
        return 80, 24

    def _write(self, text: str) -> None:
        if text:
            with contextlib.suppress(OSError, ValueError):  # the terminal is gone; the run is not
                self._stream.write(text)
                self._stream.flush()


def framed(lines: list[str]) -> str:
    """What draws these lines from the cursor on, clears what was below them, and brings the cursor back."""
    if not lines:
        return ""
    body = "\r\n".join(f"{line}{_CLEAR_LINE}" for line in lines)
    back = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
    return f"\r{_NO_WRAP}{body}{_CLEAR_BELOW}{back}\r{_WRAP}"
