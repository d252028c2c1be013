"""Text in columns of a terminal: how wide it is there, cut and padded to a width."""

import unicodedata

_CUT = "…"
_END = 8


def width_of(text: str) -> int:
    """The columns that a text takes: East Asian wide characters take two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def cut(text: str, columns: int) -> str:
    """The text in at most ``columns`` (2 or more), the last character ``…`` where something was left out."""
    if width_of(text) <= columns:
        return text
    kept, left = [], columns - 1
    for char in text:
        left -= _width(char)
        if left < 0:
            break
        kept.append(char)
    return "".join(kept) + _CUT


def cut_inside(text: str, columns: int) -> str:
    """The same with its last characters kept (``columns`` is 18 or more): ids that are made of texts differ there."""
    if width_of(text) <= columns:
        return text
    end = text[-_END:]
    return cut(text, columns - width_of(end)) + end


def padded(text: str, columns: int) -> str:
    """The text with blanks behind it, so that it takes ``columns`` at least."""
    return text + " " * (columns - width_of(text))


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
