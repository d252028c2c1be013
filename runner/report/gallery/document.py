"""The page as bytes, a piece at a time: what is read of the jobs passes through and is not kept, but for their texts."""

import html
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from runner.core.money import Price
from runner.core.records import JobRecord
from runner.report.catalogue import Catalogue, Numbers
from runner.report.gallery import sources
from runner.report.payload import Json

GENERATOR = '<meta name="generator" content="runner report">'
"""Stands near the beginning of each page, and tells it from a page that somebody else wrote."""

_ROWS_A_PIECE = 200


@dataclass(frozen=True, slots=True)
class Head:
    """What the page says of the whole batch.

    ``made_at`` is the moment that it shows (ISO 8601), ``figures`` are those of ``catalogue.figures``, and ``failures``
    those of ``failures.failures``.
    """

    batch: str
    made_at: str
    price: Price
    figures: Json
    failures: list[Json]


def page(
    records: Iterable[JobRecord], head: Head, live: int | None, numbers: Numbers | None = None
) -> Iterator[bytes]:
    """The page in pieces. ``live`` is the sequence that the rows are of, for the review; ``None`` for a page on a disk.

    ``numbers`` are those that the review calls prompts and details by later.
    """
    before, after = _filled(head, is_live=live is not None)
    yield before
    yield _block("batch", _batch(head, live))
    catalogue = Catalogue(numbers)
    yield from _list("jobs", (catalogue.row(record) for record in records))
    prompts, details = catalogue.take_new()
    yield from _list("prompts", _at_their_numbers(prompts, _NO_PROMPT))
    yield from _list("details", _at_their_numbers(details, _NO_DETAILS))
    yield after


_NO_PROMPT: Json = {"id": "", "text": "", "images": []}
_NO_DETAILS: Json = {"variables": {}, "meta": {}}


def _at_their_numbers(numbered: Mapping[int, Json], nothing: Json) -> Iterator[Json]:
    """Each at its number; ``nothing`` where no job of this page has it, but one of another page had."""
    return (numbered.get(number, nothing) for number in range(max(numbered, default=-1) + 1))


def _filled(head: Head, *, is_live: bool) -> tuple[bytes, bytes]:
    style, script = sources.style(), sources.script()
    given = {
        "policy": _policy(style, script, is_live=is_live),
        "generator": GENERATOR,
        "style": style,
        "script": script,
        "title": html.escape(head.batch),  # last, so that no mark in it is filled
    }
    before, after = sources.skeleton().split("{{blocks}}")
    for name, text in given.items():
        mark = "{{" + name + "}}"
        before, after = before.replace(mark, text), after.replace(mark, text)
    return before.encode(errors="replace"), after.encode(errors="replace")


def _policy(style: str, script: str, *, is_live: bool) -> str:
    allowed = {
        "default-src": "'none'",
        "script-src": sources.hash_source(script),
        "style-src": sources.hash_source(style),
        "media-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if is_live:
        allowed["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def _batch(head: Head, live: int | None) -> Json:
    return {
        "batch": head.batch,
        "made_at": head.made_at,
        "price": {"credits": head.price.credits, "usd": float(head.price.usd)},
        "figures": head.figures,
        "failures": head.failures,
        "live": None if live is None else {"sequence": live},
    }


def _block(name: str, value: object) -> bytes:
    return _opening(name) + _json(value).encode(errors="replace") + _END


def _list(name: str, values: Iterable[Json]) -> Iterator[bytes]:
    """A block with a list, in pieces of some rows."""
    piece = [_opening(name), b"["]
    is_first = True
    for value in values:
        piece.append((_json(value) if is_first else ",\n" + _json(value)).encode(errors="replace"))
        is_first = False
        if len(piece) > _ROWS_A_PIECE:
            yield b"".join(piece)
            piece.clear()
    yield b"".join([*piece, b"]", _END])


_END = b"</script>\n"


def _opening(name: str) -> bytes:
    return f'<script type="application/json" id="{name}">'.encode()


def _json(value: object) -> str:
    """JSON that ends no script element and opens no comment in one, and that no JavaScript takes for a line's end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
