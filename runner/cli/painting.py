"""A look at a run as lines for one terminal: in its colours, or in none, and in the characters that it has."""

import io
from collections.abc import Callable
from typing import TextIO

from rich.console import Console

from runner.core.glance import Glance
from runner.report.panel import ASCII, LINES, panel


def painter(stream: TextIO, color: bool | None) -> Callable[[Glance | None, int], list[str]]:
    """Makes the lines of a look for that stream; none where there was no look yet.

    ``color`` is the option's; ``None`` leaves it to the terminal and to ``NO_COLOR``.
    """
    glyphs = LINES if _can_write(stream, LINES.full + LINES.held + LINES.rest) else ASCII

    def paint(glance: Glance | None, width: int) -> list[str]:
        if glance is None:
            return []
        painted = io.StringIO()
        console = Console(
            file=painted,
            force_terminal=True,
            width=width,
            no_color=None if color is None else not color,
            legacy_windows=False,
            highlight=False,
        )
        console.print(panel(glance, width, glyphs))
        return painted.getvalue().split("\n")[:-1]

    return paint


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
