"""From a path to text: files that cannot be read, or are not UTF-8, are told apart here and nowhere else."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from runner.core.errors import Place
from runner.core.suggestion import did_you_mean

MANIFEST_BYTES_MAX = 2 * 1024 * 1024
"""The size of a manifest; prompt files have no limit, as they are streamed."""
LINE_BYTES_MAX = 1024 * 1024
"""The length of one line of a prompt file: without it, a file without line ends would be loaded whole."""

_BOM = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class SourceError(Exception):
    """A file that cannot be read as text. ``line`` is ``None`` where the file itself is the problem."""

    def __init__(
        self, message: str, hint: str | None = None, line: int | None = None, column: int = 1
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column

    def place(self, file: str) -> Place:
        """Where the problem stands in ``file``; its beginning, where it has no place of its own."""
        return Place(file, self.line or 1, self.column)


def read_text(file: str) -> str:
    """A whole small file (at most 2 MiB), without its byte order mark; ``SourceError`` otherwise."""
    with open_file(file) as stream:
        raw = stream.read(MANIFEST_BYTES_MAX + 1)
    if len(raw) > MANIFEST_BYTES_MAX:
        raise SourceError(
            f"larger than {MANIFEST_BYTES_MAX // 1024**2} MiB",
            "put the prompts into a file of their own ('- file: prompts.csv'), which may have any size",
        )
    line_start = 0
    try:
        _refuse_utf_16(raw)
        return raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raw = raw.removeprefix(_BOM)
        line_start = raw.rfind(b"\n", 0, error.start) + 1
        line = raw.count(b"\n", 0, error.start) + 1
        raise _not_utf_8(raw[line_start:], error.start - line_start, line, line_start) from error


def read_lines(file: str) -> Iterator[tuple[int, str]]:
    r"""The lines of a file of any size, numbered from 1, each with its ``\n`` (``\r\n`` is read as ``\n``).

    Raises ``SourceError`` where the file cannot be opened, a line is longer than 1 MiB or is not UTF-8.
    """
    with open_file(file) as stream:
        offset = 0
        number = 1
        while raw := stream.readline(LINE_BYTES_MAX + 1):
            if number == 1:
                _refuse_utf_16(raw)
                raw = raw.removeprefix(_BOM)
            if len(raw) > LINE_BYTES_MAX:
                raise SourceError(f"a line longer than {LINE_BYTES_MAX // 1024**2} MiB", line=number)
            yield number, _decoded(raw, number, offset)
            offset += len(raw)
            number += 1


def open_file(file: str) -> BinaryIO:
    """Open a regular file for reading; ``SourceError`` for everything that is none (a named pipe would wait for ever)."""
    try:
        mode = Path(file).stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceError("this is a directory, a file is needed")
        if not stat.S_ISREG(mode):
            raise SourceError("this is not a regular file")
        return Path(file).open("rb")
    except FileNotFoundError as error:
        raise SourceError("there is no such file", _neighbour(file)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"the file cannot be read: {reason}") from error


def _decoded(raw: bytes, number: int, offset: int) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise _not_utf_8(raw, error.start, number, offset) from error
    return text[:-2] + "\n" if text.endswith("\r\n") else text


def _refuse_utf_16(raw: bytes) -> None:
    if raw.startswith(_UTF_16_MARKS) or re.match(rb"[^\0]\0|\0[^\0]", raw):
        raise SourceError("this file is UTF-16", "save it as UTF-8", line=1)


def _not_utf_8(raw: bytes, start: int, line: int, offset: int) -> SourceError:
    """``raw`` begins with the line, ``start`` counts from there, ``offset`` is where the line begins in the file."""
    return SourceError(
        f"this file is not UTF-8: byte 0x{raw[start]:02x} at offset {offset + start}",
        "save it as UTF-8",
        line=line,
        column=len(raw[:start].decode(errors="replace")) + 1,
    )


def _neighbour(file: str) -> str:
    folder, name = os.path.split(file)
    try:
        names = sorted(entry.name for entry in Path(folder or ".").iterdir())[:1000]
        return did_you_mean(name[:80], names) or "check the path"
    except OSError:
        return f"there is no directory '{folder}' either"
