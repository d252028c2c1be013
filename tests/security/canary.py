"""Finding a text in everything that a program left behind, however it was written down."""

import base64
import html
import json
import re
from pathlib import Path
from urllib.parse import quote

_PIECE = 10
"""So many characters of a form give the whole away: a cut token is a leak too."""


class Canary:
    """A text that must be found nowhere: as it is, URL-encoded, JSON- or HTML-escaped, as hex, within any base64."""

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = {form[at : at + _PIECE] for form in forms(text) for at in range(len(form) - _PIECE + 1)}
        self._pieces = re.compile("|".join(sorted(map(re.escape, pieces), key=len, reverse=True)).encode())

    def within(self, content: bytes | str) -> list[str]:
        """The pieces of it that stand in there."""
        raw = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
        return sorted({found[0].decode() for found in self._pieces.finditer(raw)})

    def below(self, folder: Path) -> dict[str, list[str]]:
        """The files below the folder whose bytes, or names, hold pieces of it."""
        found = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            pieces = self.within(name) + (self.within(path.read_bytes()) if path.is_file() else [])
            if pieces:
                found[name] = pieces
        return found


def forms(text: str) -> set[str]:
    found = {text, quote(text), quote(text, safe=""), quote(text).lower(), html.escape(text)}
    found |= {json.dumps(text)[1:-1], text.encode().hex()}
    for shift in range(3):
        # After 0, 1 or 2 other bytes the same text has another base64; its first and last characters mix with theirs.
        raw = bytes(shift) + text.encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(raw).decode()[2 + shift : len(raw) * 8 // 6])
    return found
