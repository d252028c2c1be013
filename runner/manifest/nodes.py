"""What a document is made of, before anyone has asked what it means: every value with its place.

Numbers stay as they are written: ``1.50`` in a variable must reach the prompt as ``1.50``, and ``40.10`` in a budget
must never have been a float.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runner.core.errors import Place
from runner.core.safe_text import for_terminal

DEPTH_MAX = 50
"""How deep lists and mappings may nest, in manifests and in prompt files alike."""


class Kind(StrEnum):
    """What a plain scalar is under the core rules of YAML 1.2 (chapter 10.3.2); quoted ones are ``TEXT``."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value; ``text`` is what stands in the file, without quotes and with escapes resolved."""

    text: str
    kind: Kind
    place: Place


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    members: "tuple[Node, ...]"
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order of the file; every key stands once (the first one, where there were two)."""

    entries: "tuple[tuple[Leaf, Node], ...]"
    place: Place


Node = Leaf | Items | Table


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of a prompt file in its short or long form, and the further columns of a CSV row."""

    node: Node
    columns: Mapping[str, str] = field(default_factory=dict)


_PATTERNS = (
    (Kind.NULL, re.compile(r"~|null|Null|NULL|")),
    (Kind.BOOLEAN, re.compile(r"true|True|TRUE|false|False|FALSE")),
    (Kind.INTEGER, re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    (
        Kind.NUMBER,
        re.compile(
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
)
_FIRST = frozenset(
    "~nNtTfF-+.0123456789"
)  # what anything but a text begins with; spares most texts four patterns
_SIMPLE_KEY = re.compile(r"[\w-]{1,60}")
_INTEGER_DIGITS_MAX = 18  # what fits 64 bits, and is far below the 4300 at which int() gives up


def kind_of(text: str) -> Kind:
    """What an unquoted scalar is. No base 60 (``1:1``), no dates, no ``yes`` and ``on``: those are texts."""
    if text and text[0] not in _FIRST:
        return Kind.TEXT
    return next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(text)), Kind.TEXT)


def whole_number(leaf: Leaf) -> int | None:
    """The value of an ``INTEGER`` leaf; ``None`` for other kinds, and beyond 18 digits."""
    if leaf.kind is not Kind.INTEGER or len(leaf.text) > _INTEGER_DIGITS_MAX:
        return None
    return int(leaf.text, 10 if leaf.text[:2] not in ("0o", "0x") else 0)


def quoted(text: str) -> str:
    """A text for a message: in quotes, at most 60 characters, nothing in it that acts on a terminal."""
    return f"'{for_terminal(text, 60)}'"


def quoted_file(file: str) -> str:
    """The name of a file for a message: whole, as its end says most."""
    return f"'{for_terminal(file)}'"


def described(node: Node) -> str:
    """What was found, for a message."""
    match node:
        case Items():
            return "a list"
        case Table():
            return "a mapping"
        case Leaf(text=text, kind=Kind.TEXT):
            return f"the text {quoted(text)}"
        case Leaf(kind=Kind.NULL):
            return "nothing (null)"
        case Leaf(text=text, kind=Kind.BOOLEAN):
            return text.lower()
        case Leaf(text=text):
            return f"the number {for_terminal(text, 60)}"


def keys_of(root: Table) -> frozenset[str]:
    """The keys of a mapping and of the mappings right below it: ``limits``, ``limits.in_flight``."""
    inner = ((key, node) for key, node in root.entries if isinstance(node, Table))
    below = {path_of([key.text, own.text]) for key, node in inner for own, _ in node.entries}
    return frozenset({key.text for key, _ in root.entries} | below)


def path_of(trail: Iterable[str | int], start: str = "") -> str:
    """The path in the document that keys and indexes lead to from ``start``: ``prompts[3].ratios[0]``."""
    path = start
    for step in trail:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = step if _SIMPLE_KEY.fullmatch(step) else quoted(step)
            path += f".{name}" if path else name
    return path
