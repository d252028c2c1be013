r"""Encoders for text that others wrote (manifests, the service): one for each place where it is shown.

What could act on the place, or hide there, becomes visible: ``\x1b``, ``\u202e``. A backslash itself stays, so the
result is for reading and not for decoding; JSON is the lossless export.
"""

import html
import json
import re

_HIDDEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 but tab, newline and carriage return; DEL; C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls
    "\u2028\u2029"  # line and paragraph separators
    "\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # seen by nobody
    "\ud800-\udfff"  # lone surrogates, which no encoding takes
)
_FOR_TERMINAL = re.compile(f"[\t\n\r{_HIDDEN}]")
_FOR_TERMINAL_LINES = re.compile(f"[\t\r{_HIDDEN}]")
_FOR_DOCUMENT = re.compile(f"[{_HIDDEN}]")
_FORMULA = re.compile(r"\s*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n\x00]")
_CUT = "…"


def for_terminal(text: str, max_chars: int | None = None, *, keep_newlines: bool = False) -> str:
    r"""Text for a terminal or a log line: no control sequence, no change of direction, no second line.

    At most ``max_chars`` characters (of the result; 1 or more), the last of them ``…`` where it was cut.
    ``keep_newlines`` lets ``\n`` pass. Square brackets pass too: what is printed through rich needs ``markup=False``.
    """
    if max_chars is not None:
        text = text[: max_chars + 1]  # one more, to see that it is cut; a megabyte of it need not be encoded
    shown = (_FOR_TERMINAL_LINES if keep_newlines else _FOR_TERMINAL).sub(_visible, text)
    if max_chars is None or len(shown) <= max_chars:
        return shown
    return shown[: max_chars - 1] + _CUT


def for_json(value: object) -> str:
    """A value as one line of JSON that may pass a terminal: what acts or hides stands there as an escape of JSON.

    Nothing is lost: a reader of JSON gets the very characters. Values that are no JSON are written as their texts.
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _FOR_TERMINAL.sub(lambda found: json.dumps(found[0])[1:-1], text)


def for_csv_cell(text: str) -> str:
    """Text for a cell that a spreadsheet opens: never a formula (OWASP ASVS 5.0, 1.2.10).

    ``'`` is put before ``= + - @`` and their full-width forms, blanks before them or not, and before a leading tab,
    line end or NUL. Quotes and separators are the CSV writer's business (RFC 4180).
    """
    shown = _FOR_DOCUMENT.sub(_visible, text)
    return "'" + shown if _FORMULA.match(text) else shown


def for_html(text: str) -> str:
    """Text for the content or a quoted attribute of an HTML page; tab, newline and carriage return stay."""
    return html.escape(_FOR_DOCUMENT.sub(_visible, text), quote=True)


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
