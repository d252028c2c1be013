"""The documents that a user reads, taken apart: fenced blocks, tables, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
REFERENCE = DOCS / "manifest.md"
JSON = DOCS / "json.md"
EXIT_CODES = DOCS / "exit-codes.md"
DOCUMENTS = (README, *sorted(DOCS.rglob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (command|file|edit): (\S+) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    An HTML comment right above it gives it a ``mark`` of a ``kind``: a ``command`` by its name, the ``file`` that the
    reader writes it into, or the file that they ``edit`` so.
    """

    where: str
    language: str
    text: str
    kind: str | None
    mark: str | None


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        mark = _MARK.search(text, 0, found.start())
        kind, name = (mark[1], mark[2]) if mark else (None, None)
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{name_of(path)}:{line}", found[1], found[2], kind, name)


def name_of(path: Path) -> str:
    """A document's path as a reader knows it."""
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def section(path: Path, heading: str) -> str:
    """What stands below a heading, as far as the next heading; code blocks are left out."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", prose(path), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{path.name} has no section {heading!r}"
    return found[1]


def rows(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table of a section, without its head."""
    lines = section(path, heading).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = lines[first:]
    table = table[: next((number for number, line in enumerate(table) if not line.startswith("|")), None)]
    return [[cell.strip() for cell in line[1:-1].split(" | ")] for line in table[2:]]


def code_in(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)
