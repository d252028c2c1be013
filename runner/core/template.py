"""Prompt texts with variables: ``a {animal} in a {place}``, where ``{{`` and ``}}`` are literal braces.

A name is a letter of any script or ``_``, then letters, digits, ``_`` and ``-``. There is nothing else inside
braces: no attribute, no index, no conversion, no format. A value is inserted as text and never looked at again,
so a value that holds ``{place}`` stays those seven characters.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_NAME = re.compile(r"[^\W\d][\w-]*")
_PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")


class TemplateError(ValueError):
    """A text that is no template. ``offset`` counts characters from 0; ``hint`` is the way out, if one is known."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class Piece(NamedTuple):  # a tuple, as a million prompts make some each
    """A part of a template: ``text`` as it stands, or what stands between the braces of a field."""

    text: str
    is_field: bool
    offset: int


class Template(NamedTuple):
    """A text that was read; ``names`` are its variables in the order of their first appearance."""

    pieces: tuple[Piece, ...]
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with each name replaced by its value, in one pass; ``KeyError`` where one has no value."""
        return "".join([values[piece.text] if piece.is_field else piece.text for piece in self.pieces])

    def filled_chars(self, values: Mapping[str, str]) -> int:
        """How many characters ``fill`` would give; a long value that is named often makes gigabytes."""
        return sum([len(values[piece.text]) if piece.is_field else len(piece.text) for piece in self.pieces])


def parse(text: str) -> Template:
    """Read a text; ``TemplateError`` for a lone brace, for ``{}``, and for anything but a name between braces."""
    if "{" not in text and "}" not in text:  # most texts of a million-line file; nothing to look for
        return Template((Piece(text, is_field=False, offset=0),), ())
    read = tuple(pieces(text))
    for piece in read:
        if piece.is_field and not is_name(piece.text):
            raise TemplateError(
                f"'{{{piece.text}}}' is not a variable",
                piece.offset,
                "a variable is a letter or '_', then letters, digits, '_' and '-'; '{{' and '}}' are literal braces",
            )
    return Template(read, tuple(dict.fromkeys(piece.text for piece in read if piece.is_field)))


def is_name(text: str) -> bool:
    """Whether a text can name a variable."""
    return _NAME.fullmatch(text) is not None


def pieces(text: str) -> Iterator[Piece]:
    """The parts of a template in order, the inside of its fields unchecked; ``TemplateError`` for a lone brace.

    Neighbouring literals are not joined. ``offset`` is that of the first character, for a field its brace.
    """
    end = 0
    for match in _PIECE.finditer(text):
        if match.start() > end:
            yield Piece(text[end : match.start()], is_field=False, offset=end)
        found, end = match[0], match.end()
        if found in ("{", "}"):
            raise TemplateError(
                f"a lone '{found}' at character {match.start() + 1}",
                match.start(),
                f"write '{found * 2}' for a literal brace, '{{name}}' for a variable",
            )
        is_field = found not in ("{{", "}}")
        yield Piece(found[1:-1] if is_field else found[0], is_field=is_field, offset=match.start())
    if end < len(text):
        yield Piece(text[end:], is_field=False, offset=end)
