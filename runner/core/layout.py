"""Where a job's file goes: the manifest's ``layout``, read once and filled in for every job.

Only the slashes of the layout itself make folders. Whatever comes from a manifest is made safe for Linux, macOS and
Windows, so that no value can climb out of the output folder, hide a file or shadow what the runner keeps there.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from runner.core.processing import TOP
from runner.core.suggestion import did_you_mean
from runner.core.template import Piece, TemplateError, is_name, pieces

FIELDS = ("batch", "prompt_id", "variant", "mode", "ratio", "take", "job_id")
"""The fields that every job has; they win over variables and meta of the same name."""

_TAKE_FORMAT = re.compile(r"(?:0?[1-9])?d")
_PATH_BYTES = (
    1000  # PATH_MAX is 1024 on macOS; what is left over is for the output folder's own `.partial` names
)
_COMPONENT_BYTES = 180  # of 255, so that `-12`, an extension and a suffix of ours still fit
_COMPONENTS_MAX = 16
_LAYOUT_CHARS_MAX = 2000
_OWN_NAMES = frozenset({".partial", "removed", TOP, "metadata.jsonl", "index.html", "readme.md"})
_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,98}[a-z0-9_-])?")
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE | re.DOTALL
)
_UNSAFE_MARKS = re.compile(r'[<>:"/\\|?*]')
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # APFS refuses the unassigned ones
_TRAILING = re.compile(r"[. ]+\Z")
_ACCENTS = re.compile("[\u0300-\u036f]+")  # what a decomposition leaves beside Latin letters
_SLUG_BYTES = bytes(code if chr(code).isalnum() else 32 for code in range(128)) + b" " * 128
_NO_DECOMPOSITION = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t"}
)


class LayoutError(ValueError):
    """A text that is no layout; ``hint`` is the way out, if one is known."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout that was read.

    ``fields`` are the fields it uses, in the order of their first appearance; ``components`` its folders and its file
    name, each as a ``%`` format over the values by name; ``room_bytes`` is what each of them may take in UTF-8.
    """

    fields: tuple[str, ...]
    components: tuple[str, ...]
    room_bytes: int

    def path(self, values: Mapping[str, str | int]) -> str:
        """The safe relative path of a job's file, with ``/``, without ``-N`` and extension.

        ``values`` by field name: ``ratio`` as the manifest has it (``2:3``), ``take`` as an ``int``, ``variant`` from
        ``variant_of``. A field without a value counts as empty. Append the extension: a dot in the last part is part
        of the name.
        """
        known = {name: values.get(name, "") for name in self.fields}
        known["ratio"] = ratio_in_name(str(known.get("ratio", "")))
        return self.filled(known)

    def filled(self, known: Mapping[str, str | int]) -> str:
        """``path`` in a hurry: ``known`` has every field of the layout, and ``ratio`` as ``ratio_in_name`` writes it."""
        parts = [safe_component(component % known, self.room_bytes) for component in self.components]
        if parts[0].casefold() in _OWN_NAMES:
            parts[0] = "_" + parts[0]
        return "/".join(parts)


def parse_layout(text: str, *, extra_fields: Collection[str] | None) -> Layout:
    """Read a layout.

    ``extra_fields`` are the names of variables and meta that may be used beside ``FIELDS``; ``None`` lets every name
    pass, for a reader that cannot know the columns of the prompt files yet (``expansion`` then reports the names that
    no prompt gives a value). ``LayoutError`` for what is no relative path of known fields.
    """
    if len(text) > _LAYOUT_CHARS_MAX:
        raise LayoutError(f"{len(text)} characters; a layout has at most {_LAYOUT_CHARS_MAX}")
    components = [""]
    fields: dict[str, None] = {}
    try:
        for piece in pieces(text):
            if piece.is_field:
                name, form = _field(piece, extra_fields)
                fields[name] = None
                components[-1] += f"%({name}){form}"
            else:
                first, *others = piece.text.replace("%", "%%").split("/")
                components[-1] += first
                components += others
    except TemplateError as error:
        raise LayoutError(error.message, error.hint) from error
    _check_components(text, components)
    room_bytes = min(_COMPONENT_BYTES, _PATH_BYTES // len(components) - 1)
    return Layout(tuple(fields), tuple(components), room_bytes)


def ratio_in_name(ratio: str) -> str:
    """A ratio as ``{ratio}`` reads: ``2x3`` for ``2:3``."""
    return ratio.replace(":", "x")


def variant_of(values: Mapping[str, str]) -> str:
    """What ``{variant}`` reads: the values of the variables that a text names, in that order, as slugs.

    They are joined by ``-`` and followed by ``_``; the empty text without variables. A value of which a slug keeps
    too little (other scripts, or too long) gets 8 hex digits of its hash.
    """
    return "-".join(map(_value_slug, values.values())) + "_" if values else ""


def slug(text: str, max_chars: int = 48) -> str:
    """The text in ``a-z0-9`` and single ``-``, at most ``max_chars``; empty where nothing of it is left.

    Letters lose their accents (``Ğüneş`` reads ``gunes``); those of other scripts are dropped.
    """
    words = _folded(text).encode("ascii", "replace").translate(_SLUG_BYTES).split()
    return b"-".join(words)[:max_chars].rstrip(b"-").decode()


def prompt_id_of(text: str) -> str:
    """The id of a prompt without one: its slug, ``-`` and 12 hex digits of the SHA-256 of its UTF-8 bytes."""
    digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{slug(text) or 'prompt'}-{digits}"


def collision_key(path: str) -> str:
    """The key under which two paths are the same file on macOS or Windows: canonical caseless matching, in NFC."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


@lru_cache(maxsize=8192)  # most parts repeat from job to job; bounded, as a million prompt ids do not
def safe_component(text: str, max_bytes: int = _COMPONENT_BYTES) -> str:
    """One name of a file or folder that Linux, macOS and Windows take, in NFC, at most ``max_bytes`` in UTF-8.

    What is not allowed becomes ``_``; a name that is too long is cut, and ``-`` and 8 hex digits of the SHA-256 of
    the full one follow. Making a safe name safe again changes nothing.
    """
    if len(text) <= max_bytes and _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    text = "".join(map(_safe_character, unicodedata.normalize("NFC", text)))
    text = _TRAILING.sub(lambda found: "_" * len(found[0]), _UNSAFE_MARKS.sub("_", text))
    if text[:1] in ("", ".", "-", "~", " ") or _RESERVED.fullmatch(text):
        text = "_" + text
    raw = text.encode()
    if len(raw) <= max_bytes:
        return text
    kept = raw[: max_bytes - 9].decode("utf-8", "ignore")
    return f"{kept}-{hashlib.sha256(raw).hexdigest()[:8]}"


def _field(piece: Piece, extra_fields: Collection[str] | None) -> tuple[str, str]:
    """The name of a field and the ``%`` conversion that writes it."""
    name, colon, form = piece.text.partition(":")
    if not is_name(name):
        raise LayoutError(
            f"'{{{piece.text}}}' is not a field",
            "a field is a name in braces; '{{' and '}}' are literal braces",
        )
    if name not in FIELDS and extra_fields is not None and name not in extra_fields:
        allowed = (*FIELDS, *extra_fields)
        hint = did_you_mean(name, allowed)
        raise LayoutError(f"unknown field '{{{name}}}'; there are {', '.join(allowed)}", hint)
    if not colon:
        return name, "s"
    if name != "take" or not _TAKE_FORMAT.fullmatch(form):
        raise LayoutError(
            f"'{{{piece.text}}}' has a format that is not allowed", "only take has one, such as '{take:02d}'"
        )
    return name, form


def _check_components(text: str, components: Collection[str]) -> None:
    if "\\" in text:
        raise LayoutError("a layout has no backslash", "folders are separated by '/'")
    if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:", text):
        raise LayoutError(f"'{text}' is not a relative path", "output.dir says where the folder is")
    if not text.strip():
        raise LayoutError("the layout is empty")
    if ".." in components or "." in components:
        raise LayoutError(
            "a layout may not contain '.' or '..' as a folder", "output.dir says where the folder is"
        )
    if any(not component.strip() for component in components):
        raise LayoutError(
            f"'{text}' has a folder or a file without a name", "write one '/' between two names"
        )
    if len(components) > _COMPONENTS_MAX:
        raise LayoutError(f"{len(components)} folders deep; at most {_COMPONENTS_MAX} are allowed")


def _safe_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    return "_" if category in _UNSAFE_CATEGORIES else character


def _value_slug(value: str) -> str:
    found = slug(value)
    kept = sum(map(str.isalnum, found))
    if found and kept == sum(map(str.isalnum, _folded(value))):
        return found
    digits = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{found}-{digits}" if found else digits


def _folded(text: str) -> str:
    """The text in lower case without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()  # 𝕊 has no lower case before it is S
    return _ACCENTS.sub("", plain).translate(_NO_DECOMPOSITION)
