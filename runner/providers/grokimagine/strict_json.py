"""JSON from a server that may be broken, hostile, or cut off in the middle."""

import json
import re
import zlib

BODY_BYTES_MAX = 1024 * 1024
"""No answer of the API is longer; what stands beyond is not read."""

_DEPTH_MAX = 20
_DIGITS_MAX = 18
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


class MalformedError(ValueError):
    """Bytes that are not the JSON we are ready to believe; the message says why, without quoting them."""


def parsed(body: bytes, *, lenient_numbers: bool = False) -> object:
    """The value of ``body``: strict UTF-8 (a byte-order mark is tolerated), each key once, 20 levels at most.

    A whole number of more than 18 digits becomes the float ``nan``, which nobody takes for a value. ``NaN`` and
    ``Infinity`` are refused, or with ``lenient_numbers`` read as ``nan`` too: one odd number in a status must not
    hide that a paid task is done. Raises ``MalformedError``.
    """
    if len(body) > BODY_BYTES_MAX:
        raise MalformedError("it is longer than 1 MiB")
    try:
        text = body.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("it is not UTF-8") from None
    _refuse_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_int,
            parse_constant=_nan if lenient_numbers else _refuse_constant,
        )
    except MalformedError:
        raise
    except json.JSONDecodeError as error:
        raise MalformedError(f"it is not JSON (at character {error.pos})") from None
    except (
        ValueError,
        RecursionError,
    ):  # pragma: no cover - excluded above, but for what a later Python may do
        raise MalformedError("it is not JSON that can be read") from None


def inflated(body: bytes, encoding: str) -> tuple[bytes, bool]:
    """``body`` without a gzip or deflate coating that nobody asked for, and whether it was whole.

    Stops at 1 MiB and a byte, so that a bomb costs no memory; what can be read of a broken one is returned.
    """
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"} and not body.startswith(_GZIP):
        return body, True
    inflater = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, whichever it is
    plain = bytearray()
    try:
        # In pieces, because a broken stream raises without handing over what came before.
        for start in range(0, len(body), 256):
            room = BODY_BYTES_MAX + 1 - len(plain)
            plain += inflater.decompress(body[start : start + 256], room)
            if len(plain) > BODY_BYTES_MAX:
                return bytes(plain), False
    except zlib.error:
        return bytes(plain) or body, False
    return bytes(plain), inflater.eof


def _refuse_depth(text: str) -> None:
    """Before the parser sees it: 100 000 brackets make ``json.loads`` run out of stack."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        first = match.group()[0]
        if first in "[{":
            depth += 1
            if depth > _DEPTH_MAX:
                raise MalformedError(f"it is nested more than {_DEPTH_MAX} levels deep")
        elif first in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError("it gives a key twice")
    return members


def _int(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= _DIGITS_MAX else float("nan")


def _nan(_word: str) -> float:
    return float("nan")


def _refuse_constant(word: str) -> float:
    raise MalformedError(f"it holds {word}, which is not JSON")
