"""The token: kept out of every text, taken out of every text that comes back."""

import base64
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Self
from urllib.parse import quote

from runner.core.errors import UsageError

MASK = "***"

_LENGTH_MAX = 4096  # aiohttp and most servers end a header line at 8190 bytes
_PIECE_LEAST = 8  # shorter ones are words, and hiding words would garble messages and spoil URLs
_opened: set[str] = (
    set()
)  # of this process: a log takes in texts from everywhere, so it must know all of them


class Secret:
    """A text that shows as ``***`` wherever it is printed, formatted or logged."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def token(cls, text: str, source: str) -> Self:
        """The token in ``text``, without the white space around it.

        ``source`` names where it comes from (a variable). Raises ``UsageError``, which does not show the token,
        unless it is 1 to 4096 visible ASCII characters (RFC 9110, 5.5: nothing else is safe in a header).
        """
        stripped = text.strip()
        if not stripped:
            raise UsageError(f"{source} is empty - set it to the token of the service")
        if len(stripped) > _LENGTH_MAX:
            raise UsageError(f"{source} holds {len(stripped)} characters - a token has at most {_LENGTH_MAX}")
        odd = next((at for at, char in enumerate(stripped, 1) if not "!" <= char <= "~"), None)
        if odd is not None:
            raise UsageError(
                f"{source} holds a character that no token has, at position {odd} of {len(stripped)}"
                " - give the token alone, without 'Bearer', quotes or line breaks"
            )
        _opened.add(stripped)
        return cls(stripped)

    def reveal(self) -> str:
        """The text itself; to be called only where it is put into a request."""
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


class Redactor:
    """Takes secrets out of texts: as they are, escaped for JSON, Python, HTML or a URL, as hex, and within any base64.

    Secrets of fewer than 8 characters are left alone: those are words that stand in texts by chance.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _PIECE_LEAST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._found = re.compile("|".join(longest_first), re.IGNORECASE) if forms else None

    def __call__(self, text: str) -> str:
        """The same text with ``***`` in place of each secret."""
        return text if self._found is None else self._found.sub(MASK, text)


def hide_opened(text: str) -> str:
    """``text`` without any token that this process has opened."""
    return _hider(frozenset(_opened))(text)


@lru_cache(maxsize=1)
def _hider(secrets: frozenset[str]) -> Redactor:
    return Redactor(secrets)


def _forms(secret: str) -> Iterable[str]:
    """Patterns."""
    yield "".join(map(_escaped, secret))
    yield secret.encode().hex()
    for shift in range(3):
        # Base64 takes three bytes at a time: after 0, 1 or 2 other bytes the same token looks different. Only the
        # characters that depend on nothing but the token are looked for.
        raw = bytes(shift) + secret.encode()
        inner = slice(-(-shift * 8 // 6), len(raw) * 8 // 6)
        for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
            piece = encoded.decode("ascii")[inner]
            if len(piece) >= _PIECE_LEAST:
                yield re.escape(piece)


_ENTITIES = {'"': "quot", "&": "amp", "'": "apos", "<": "lt", ">": "gt"}


def _escaped(char: str) -> str:
    """A pattern for one character as it is, and as encoders write it; letters and digits are left alone by all of them.

    A library that quotes what it could not parse escapes it once more, so several backslashes may stand before it.
    """
    if char.isascii() and (char.isalnum() or char in "-._~"):
        return re.escape(char)
    code = ord(char)
    itself = r"\\{1,8}" if char == "\\" else r"\\{0,4}" + re.escape(char)
    entity = rf"&(?:#{code}|#x{code:x}|{_ENTITIES.get(char, '#')});"
    return rf"(?:{itself}|{re.escape(quote(char, safe=''))}|{entity}|\\{{1,4}}(?:u{code:04x}|x{code:02x}))"
