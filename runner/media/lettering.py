"""Writing on pages: the fonts of this machine, and which letters they do not have."""

import itertools
import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from runner.core.errors import UsageError

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
)
_NAMES = (  # those with the most scripts first, then those that have only one of the others
    "Arial Unicode.ttf",
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
    "NotoSansCJK-Regular.ttc",
    "PingFang.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
)
_WANTED = frozenset(_NAMES)
_NO_LETTER = "\U0010fffe"  # a noncharacter: what a font draws for it, it draws for all that it does not have
_CUT = "…"
_MISSING_SHOWN = 12


class Lettering:
    """Writes with the fonts that are there, for each text with the one that has most of its letters.

    ``missing`` are the letters that were to be written and that none of them has, in the order in which they came.
    """

    def __init__(self, given: str | None = None, folders: tuple[str, ...] = _FOLDERS) -> None:
        """``given`` is a font that goes before all others; raises ``UsageError`` where it is none."""
        self.missing: dict[str, None] = {}
        self._paths = [*([] if given is None else [given]), *_found(folders)]
        self._fonts: dict[tuple[str | None, int], Font] = {}
        self._known: dict[tuple[str | None, str], bool] = {}
        if given is not None:
            try:
                self._font(given, 16)
            except OSError as error:
                raise UsageError(f"--font: {given} cannot be read as a font: {error}") from error

    def write(self, image: Image.Image, at: tuple[int, int], text: str, *, size: int, colour: str) -> None:
        """One line, its upper left corner at ``at``."""
        path = self._best(text)
        self.missing |= dict.fromkeys(letter for letter in _letters(text) if not self._has(path, letter))
        ImageDraw.Draw(image).text(at, text, fill=colour, font=self._font(path, size))

    def width(self, text: str, size: int) -> int:
        """How wide a line is, in pixels."""
        return int(self._font(self._best(text), size).getlength(text)) + 1

    def wrapped(self, text: str, size: int, width: int, most: int) -> list[str]:
        """The text in lines of at most ``width`` pixels; of more than ``most`` lines the last ends with ``…``."""
        lines: list[str] = []
        rest = " ".join(text.split())
        while rest and len(lines) < most:
            line, rest = self._first_line(rest, size, width)
            lines.append(line)
        if rest:
            lines[-1] = self.cut(lines[-1] + _CUT * 2, size, width)
        return lines

    def cut(self, text: str, size: int, width: int) -> str:
        """The text, with ``…`` in the place of what does not fit into ``width`` pixels."""
        if self.width(text, size) <= width:
            return text
        return text[: self._fitting(text, size, width - self.width(_CUT, size))] + _CUT

    def complaint(self) -> str | None:
        """What to say of the missing letters; ``None`` without any."""
        if not self.missing:
            return None
        shown = " ".join(list(self.missing)[:_MISSING_SHOWN]) + (
            " ..." if len(self.missing) > _MISSING_SHOWN else ""
        )
        return (
            f"no font here has the letters {shown}: they are empty boxes on the sheets; name a font that has them with "
            "--font FILE"
        )

    def _first_line(self, text: str, size: int, width: int) -> tuple[str, str]:
        end = self._fitting(text, size, width)
        if end < len(text):
            blank = text.rfind(" ", 1, end + 1)
            end = end if blank == -1 else blank  # a text without blanks is broken anywhere
        return text[:end], text[end:].lstrip()

    def _fitting(self, text: str, size: int, width: int) -> int:
        """How many characters of the text fit; at least one."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width(text[:middle], size) <= width else (low, middle - 1)
        return low

    def _best(self, text: str) -> str | None:
        letters = set(_letters(text))
        best, least = None, len(letters) + 1
        for path in (*self._paths, None):
            lacking = sum(not self._has(path, letter) for letter in letters)
            if lacking == 0:
                return path
            if lacking < least:
                best, least = path, lacking
        return best

    def _has(self, path: str | None, letter: str) -> bool:
        known = self._known.get((path, letter))
        if known is None:
            font = self._font(path, 16)
            known = self._known[path, letter] = _drawn(font, letter) != _drawn(font, _NO_LETTER)
        return known

    def _font(self, path: str | None, size: int) -> Font:
        """The font of a file, ``None`` for the one that Pillow brings; raises ``OSError``."""
        font = self._fonts.get((path, size))
        if font is None:
            font = ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)
            self._fonts[path, size] = font
        return font


def _letters(text: str) -> Iterator[str]:
    """What has to be seen of a text: no blanks, and no marks, which fonts put on the letters before them."""
    return (letter for letter in text if unicodedata.category(letter)[0] not in "ZCM")


def _drawn(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


@lru_cache(maxsize=4)
def _found(folders: tuple[str, ...]) -> tuple[str, ...]:
    """The known fonts in these folders, in the order of preference, each once."""
    found: dict[str, str] = {}
    for directory, _, names in itertools.chain(*(os.walk(Path(folder).expanduser()) for folder in folders)):
        for name in _WANTED.intersection(names):
            found.setdefault(name, str(Path(directory) / name))
    return tuple(found[name] for name in _NAMES if name in found)
