"""Pages into a folder: each file whole or not at all, and never in the place of one that this program did not write."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PIL import Image, PngImagePlugin

from runner.core.errors import UsageError

MARK = "manifest-runner sheet"
"""Stands in each file; what has it may be replaced."""

_MARK_BYTES = (MARK.encode(), MARK.encode("utf-16-be"))
_LOOK_BYTES = 64 * 1024
_PDF_DPI = 96


class Folder:
    """Where sheets go; made where it is missing. All methods raise ``UsageError`` where they cannot write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{path}: no folder for sheets: {error.strerror}; name another with -o"
            ) from error

    def put_png(self, name: str, pages: Iterable[Image.Image]) -> list[Path]:
        """A file a page: ``name.png``, ``name-2.png`` ...; those of earlier sheets with more pages are removed."""
        written: list[Path] = []
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Software", MARK)
        for number, page in enumerate(pages, 1):
            target = self._numbered(name, number)
            self._replace(target, partial(page.save, format="PNG", pnginfo=notes))
            written.append(target)
        self._remove_behind(name, len(written))
        return written

    def put_pdf(self, name: str, pages: Iterable[Image.Image]) -> list[Path]:
        """All pages in ``name.pdf``; nothing without any."""
        target = self.path / f"{name}.pdf"
        number = 0

        def save(path: Path) -> None:
            nonlocal number
            for number, page in enumerate(pages, 1):
                page.save(
                    path, "PDF", append=number > 1, producer=MARK, title=name, resolution=_PDF_DPI, quality=90
                )
            if number == 0:
                raise _NoPagesError

        with contextlib.suppress(_NoPagesError):
            self._replace(target, save)
        return [target] if number else []

    def _numbered(self, name: str, number: int) -> Path:
        return self.path / (f"{name}.png" if number == 1 else f"{name}-{number}.png")

    def _replace(self, target: Path, save: Callable[[Path], None]) -> None:
        _refuse_foreign(target)
        new = self.path / f".sheet-{os.getpid()}.tmp"
        new.unlink(missing_ok=True)  # of a process that died and had this number
        try:
            save(new)
            new.replace(target)
        except OSError as error:
            raise UsageError(f"{target} cannot be written: {error.strerror or error}") from error
        finally:
            new.unlink(missing_ok=True)

    def _remove_behind(self, name: str, last: int) -> None:
        number = max(last + 1, 2)
        while _is_ours(self._numbered(name, number)):
            self._numbered(name, number).unlink()
            number += 1


class _NoPagesError(Exception):
    """There was nothing to save."""


def _refuse_foreign(target: Path) -> None:
    if os.path.lexists(target) and not _is_ours(target):
        raise UsageError(
            f"{target} was not written by this program and would have to be replaced; move it away, or name another "
            "folder with -o"
        )


def _is_ours(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(_LOOK_BYTES)
            file.seek(max(0, path.lstat().st_size - _LOOK_BYTES))
            seen = head + file.read(_LOOK_BYTES)
    except OSError:
        return False
    return any(mark in seen for mark in _MARK_BYTES)
