"""The commands of a document: those that a reader types one after the other, and each use of ``runner`` in any text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.documents import Block, blocks

_CTRL_C = "press Ctrl-C"
_BREAKS = frozenset({"&&", "||", "|", ";", ";;", "(", ")", ">", ">>", "<", "&"})
_CRON = re.compile(r"^(?:[\d*/,-]+ +){5}")


@dataclass(frozen=True)
class Command:
    """A line to be typed, with the exit code that its comment names (``# exit 3``), 0 by default."""

    line: str
    exit_code: int
    is_interrupted: bool


def steps(path: Path) -> Iterator[Command | Block]:
    """What the reader of a document does in this order: commands, and files that they write or edit."""
    for block in blocks(path):
        if block.kind in ("file", "edit"):
            yield block
        elif block.language == "bash" and block.kind is None:
            yield from map(_command, filter(None, block.text.splitlines()))


def carry_out(block: Block, place: Path) -> None:
    """Write the file, or edit it: each ``-`` line of a diff stands there once and becomes the ``+`` line after it."""
    assert block.mark is not None
    path = place / block.mark
    if block.kind == "file":
        path.write_text(block.text, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    lines = block.text.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert (old[0], new[0], text.count(old[1:])) == ("-", "+", 1), f"{block.where}: {old}"
        text = text.replace(old[1:], new[1:])
    path.write_text(text, encoding="utf-8")


def calls(text: str) -> Iterator[list[str]]:
    """The arguments of each call of ``runner`` in lines of a shell script, of a crontab, or of a unit of systemd."""
    for line in text.splitlines():
        words = shlex.shlex(_CRON.sub("", line), posix=True, punctuation_chars="();<>|&")
        words.whitespace_split = True
        yield from _calls_in(list(words))


def _calls_in(words: list[str]) -> Iterator[list[str]]:
    here: list[str] | None = None
    for word in [*words, ";"]:
        if word in _BREAKS:
            if here is not None:
                yield here
            here = None
        elif here is not None:
            here += [] if word == "$@" else [word]
        elif word.removeprefix("ExecStart=").rpartition("/")[2] == "runner":
            here = []


def _command(line: str) -> Command:
    command, _, comment = line.partition("  # ")
    _, _, code = comment.partition("exit ")
    return Command(command.strip(), int(code.partition(":")[0] or 0), _CTRL_C in comment)
