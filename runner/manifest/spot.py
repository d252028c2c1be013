"""A value under examination: reading it gives what was asked for, or a finding with its place and ``None``.

So the readers of the manifest's sections are written as if nothing could be wrong, and every problem is found at once.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from runner.core.suggestion import did_you_mean
from runner.manifest.findings import Findings
from runner.manifest.nodes import Items, Kind, Leaf, Node, Table, described, path_of, quoted, whole_number

T = TypeVar("T")

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SECRET = re.compile(
    r"(?:.*[_-])?(?:api[_-]?key|key|token|bearer|secret|password|passwd|authorization|auth|credentials?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A node, its path in the document, and where to report what is wrong with it."""

    node: Node
    path: str
    findings: Findings

    def fail(self, message: str, hint: str | None = None) -> None:
        """Note a problem here."""
        self.findings.add(self.node.place, self.path, message, hint)


def table(spot: Spot, allowed: Collection[str], needed: Iterable[str] = ()) -> dict[str, Spot] | None:
    """The values of a mapping by key; ``None`` if it is none. Unknown and missing keys are findings."""
    if not isinstance(spot.node, Table):
        hint = "remove the key, or give it a value" if _is_null(spot.node) else None
        spot.fail(f"found {described(spot.node)}, a mapping with {listed(allowed)} is needed", hint)
        return None
    found: dict[str, Spot] = {}
    for key, value in spot.node.entries:
        if key.text in allowed:
            found[key.text] = Spot(value, path_of([key.text], spot.path), spot.findings)
        else:
            _report_unknown(spot, key, allowed)
    for key_needed in needed:
        if key_needed not in found:
            spot.fail(f"'{key_needed}' is missing", "add it")
    return found


def listed(words: Collection[str]) -> str:
    """Words for a message, at most 30 of them."""
    return ", ".join(list(words)[:30]) + (", ..." if len(words) > 30 else "")


def entries(spot: Spot) -> list[tuple[Leaf, Spot]] | None:
    """Keys and values of a mapping whose keys a person chose; ``None`` if it is no mapping."""
    if not isinstance(spot.node, Table):
        spot.fail(f"found {described(spot.node)}, a mapping is needed")
        return None
    return [
        (key, Spot(value, path_of([key.text], spot.path), spot.findings)) for key, value in spot.node.entries
    ]


def record(spot: Spot, keys: Mapping[str, tuple[str, Callable[[Spot], Any]]]) -> dict[str, Any]:
    """What the keys of a mapping read, by the name of the field that each fills; only what is given and right."""
    found = table(spot, keys) or {}
    read = {keys[key][0]: keys[key][1](value) for key, value in found.items()}
    return {name: value for name, value in read.items() if value is not None}


def members(spot: Spot, example: str, *, may_be_empty: bool = False) -> list[Spot] | None:
    """The members of a list; ``None`` if it is none, or an empty one."""
    if not isinstance(spot.node, Items):
        spot.fail(f"found {described(spot.node)}, a list is needed", f"write {example}")
        return None
    if not spot.node.members and not may_be_empty:
        spot.fail("the list is empty", f"write {example}, or remove the key for its default")
        return None
    return [
        Spot(node, path_of([index], spot.path), spot.findings) for index, node in enumerate(spot.node.members)
    ]


def each_once(spots: Iterable[Spot], read: Callable[[Spot], T | None]) -> tuple[T, ...]:
    """What the members of a list read; one that stands there twice is a finding."""
    seen: dict[T, Spot] = {}
    for spot in spots:
        value = read(spot)
        if value is None:
            continue
        if value in seen:
            spot.fail(
                f"{quoted(str(value))} stands in this list twice, first as {seen[value].path}", "remove one"
            )
        else:
            seen[value] = spot
    return tuple(seen)


def text(spot: Spot) -> str | None:
    """A text: not blank, without control characters but tab and newline, without half a surrogate pair."""
    node = spot.node
    if isinstance(node, Leaf) and node.kind is Kind.TEXT:
        return fit_text(spot, node.text)
    hint = None
    if isinstance(node, Leaf):
        hint = "give it a value, or remove it" if _is_null(node) else f'quote it: "{node.text[:40]}"'
    elif isinstance(node, Table):
        hint = "quote a text that contains ': ' or begins with '{'"
    spot.fail(f"found {described(node)}, a text is needed", hint)
    return None


def as_written(spot: Spot) -> str | None:
    """A text or a number, as it stands in the file: ``1.50`` stays ``1.50``."""
    node = spot.node
    if isinstance(node, Leaf) and node.kind in (Kind.TEXT, Kind.INTEGER, Kind.NUMBER):
        return fit_text(spot, node.text)
    hint = f'quote it: "{node.text}"' if isinstance(node, Leaf) and not _is_null(node) else None
    spot.fail(f"found {described(node)}, a text or a number is needed", hint)
    return None


def fit_text(spot: Spot, value: str, *, may_be_blank: bool = False) -> str | None:
    """The text itself if it can be sent, stored and shown."""
    if not may_be_blank and (not value or value.isspace()):
        spot.fail("the text is blank", "give it a value, or remove it")
        return None
    found = _UNFIT.search(value)
    if found is None:
        return value
    code = f"U+{ord(found[0]):04X}"
    if found[0] >= "\ud800":
        spot.fail(
            f"half of a surrogate pair ({code}) at character {found.start() + 1}",
            "write the character itself",
        )
    else:
        hint = "of the control characters only tab and newline are allowed"
        spot.fail(f"the control character {code} at character {found.start() + 1}", hint)
    return None


def word(spot: Spot, allowed: Collection[str]) -> str | None:
    """One of the words allowed."""
    node = spot.node
    if isinstance(node, Leaf) and node.text in allowed:
        return node.text
    found = quoted(node.text) if isinstance(node, Leaf) and node.kind is Kind.TEXT else described(node)
    hint = did_you_mean(node.text[:80], allowed) if isinstance(node, Leaf) else None
    spot.fail(f"{found} is not one of {', '.join(allowed)}", hint)
    return None


def whole(spot: Spot, low: int, high: int) -> int | None:
    """A whole number from ``low`` to ``high``."""
    node = spot.node
    value = whole_number(node) if isinstance(node, Leaf) else None
    if value is not None and low <= value <= high:
        return value
    hint = None
    if isinstance(node, Leaf) and node.kind is Kind.TEXT and node.text.isascii() and node.text.isdigit():
        hint = "write it without quotes"
    spot.fail(f"found {described(node)}, a whole number from {low} to {high} is needed", hint)
    return None


def number(spot: Spot, high: float) -> float | None:
    """A number above 0, up to ``high``."""
    node = spot.node
    value = 0.0
    if isinstance(node, Leaf) and node.kind in (Kind.INTEGER, Kind.NUMBER) and len(node.text) <= 40:
        exact = whole_number(node)
        value = float(
            exact if exact is not None else node.text.lower().replace(".inf", "inf").replace(".nan", "nan")
        )
    if 0 < value <= high:
        return value
    spot.fail(f"found {described(node)}, a number above 0, at most {high:,.0f}, is needed")
    return None


def flag(spot: Spot) -> bool | None:
    """``true`` or ``false``; ``yes`` and ``on`` are texts."""
    node = spot.node
    if isinstance(node, Leaf) and node.kind is Kind.BOOLEAN:
        return node.text.lower() == "true"
    spot.fail(f"found {described(node)}, true or false is needed")
    return None


def _report_unknown(spot: Spot, key: Leaf, allowed: Collection[str]) -> None:
    path = path_of([key.text], spot.path)
    if _SECRET.fullmatch(key.text) and key.text not in allowed:
        # its value is not shown: this message ends in logs and in other people's terminals
        spot.findings.add(
            key.place,
            path,
            f"unknown key {quoted(key.text)}; a secret does not belong in a manifest",
            "put it into an environment variable, or into .env in the working directory, and name the variable in "
            "'provider.token_env'",
        )
        return
    hint = did_you_mean(key.text[:80], allowed)
    spot.findings.add(key.place, path, f"unknown key {quoted(key.text)}; there are {listed(allowed)}", hint)


def _is_null(node: Node) -> bool:
    return isinstance(node, Leaf) and node.kind is Kind.NULL
