"""The documents that a user reads, taken apart: fenced blocks, tables, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "manifest.md"
DOCUMENTS = (README, REFERENCE, ROOT / "docs" / "plan.md", ROOT / "docs" / "api.md")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- command: (\w+) -->\n\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``mark`` is the name in the HTML comment right above it."""

    where: str
    language: str
    text: str
    mark: str | None


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        mark = _MARK.search(text, 0, found.start())
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{path.name}:{line}", found[1], found[2], mark[1] if mark else None)


def section(path: Path, heading: str) -> str:
    """What stands below a heading, as far as the next heading; code blocks are left out."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{path.name} has no section {heading!r}"
    return found[1]


def rows(path: Path, heading: str) -> list[list[str]]:
    """The cells of the first table of a section, without its head."""
    lines = section(path, heading).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = lines[first:]
    table = table[: next((number for number, line in enumerate(table) if not line.startswith("|")), None)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def code_in(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)
