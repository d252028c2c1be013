"""``index.html``: all that a batch has made on one page that needs no server and no network.

The page is assembled from the files beside this one: ``skeleton.html``, ``style.css``, and the scripts, in their order. What it
shows stands in it as JSON (see ``catalogue``); scripts and styles are allowed by their hashes, and nothing else is loaded but
the videos beside it.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from runner.core.money import Credits, Price
from runner.core.records import JobRecord
from runner.core.safe_text import for_html
from runner.report.catalogue import Catalogue, Numbers
from runner.report.payload import Json

NAME = "index.html"
MARK = b'<meta name="generator" content="runner gallery">'
"""Stands near the beginning of every page of ours, and tells it from somebody else's ``index.html``."""

SCRIPTS = ("model", "filters", "layout", "cells", "viewer", "choices", "live", "summary", "main")

_PIECE_BYTES = 64 * 1024
_ESCAPED = {ord(each): f"\\u{ord(each):04x}" for each in "<\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says of the batch as a whole: ``figures`` as ``catalogue.figures``, ``failures`` as ``failures.failures``.

    ``tree`` is the way from the page to the files, with a ``/`` at its end. ``again`` is what another take holds, where that
    is more than the price because the service charged more.
    """

    batch: str
    price: Price
    figures: Json
    failures: Sequence[Json]
    tree: str = ""
    again: Credits | None = None


def page(
    records: Iterable[JobRecord], head: Head, live: int | None = None, numbers: Numbers | None = None
) -> Iterator[bytes]:
    """The page in pieces; memory grows with the texts of the jobs only.

    ``live`` is the number of the change up to which it knows everything, for a page that hears of later ones; ``None`` for
    one that stands alone. ``numbers`` are shared with who tells it.
    """
    yield _beginning(head.batch, is_live=live is not None)
    known = Catalogue(numbers)
    price = {"credits": head.price.credits, "usd": float(head.price.usd)}
    price["again"] = head.price.credits if head.again is None else head.again
    batch: Json = {
        "batch": head.batch,
        "price": price,
        "figures": head.figures,
        "failures": list(head.failures),
        "live": None if live is None else {"sequence": live},
        "tree": head.tree,
    }
    yield _block("batch", batch)
    yield from _in_pieces(_rows(known, records))
    prompts, details = known.take_new()
    yield _block("prompts", _listed(prompts))
    yield _block("details", _listed(details))
    yield f"<script>{_script()}</script>\n</body>\n</html>\n".encode()


def _rows(known: Catalogue, records: Iterable[JobRecord]) -> Iterator[bytes]:
    yield b'<script type="application/json" id="jobs">['
    between = b""
    for record in records:
        yield between + _json(known.row(record))
        between = b",\n"
    yield b"]</script>\n"


def _in_pieces(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Small parts put together, so that each need not be written by itself."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= _PIECE_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def policy(*, is_live: bool) -> str:
    """What a page may do, as a Content-Security-Policy: run its own script, show the videos beside it, and nothing else.

    One that is live may ask its own server as well.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash_of(_script())}",
            f"style-src {_hash_of(_text('style.css'))}",
            f"media-src {'' if is_live else 'file: '}'self'",
            "base-uri 'none'",
            "form-action 'none'",
            f"connect-src {_OWN if is_live else _NOBODY}",
        )
    )


def _beginning(batch: str, *, is_live: bool) -> bytes:
    skeleton = _text("skeleton.html")
    for name, text in (
        ("MARK", MARK.decode()),
        ("POLICY", policy(is_live=is_live)),
        ("STYLE", _text("style.css")),
    ):
        skeleton = skeleton.replace(f"<!--{name}-->", text)
    return skeleton.replace("<!--TITLE-->", for_html(batch)).encode("utf-8", "replace")


_OWN, _NOBODY = "'self'", "'none'"


def _listed(numbered: dict[int, Json]) -> list[Json | None]:
    """A list in which each stands at its number; those that no job has any more are ``None``."""
    return [numbered.get(number) for number in range(max(numbered, default=-1) + 1)]


def _block(name: str, value: object) -> bytes:
    return f'<script type="application/json" id="{name}">'.encode() + _json(value) + b"</script>\n"


def _json(value: object) -> bytes:
    # No "<": what stands in a script ends at "</script", and "<!--" begins what may swallow the rest.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)
    return text.encode("utf-8", "replace")


@cache
def _script() -> str:
    return '"use strict";\n(() => {\n' + "\n".join(_text(f"{name}.js") for name in SCRIPTS) + "\n})();\n"


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
