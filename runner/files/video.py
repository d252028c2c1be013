"""Is this a whole video? A bounded walk over a file's own structure, which nobody's headers can talk round.

The boxes of MP4 and MOV: ISO/IEC 14496-12, section 4.2. The elements of WebM and Matroska: RFC 8794 and RFC 9559.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

ReadAt = Callable[[int, int], bytes]
"""``read_at(offset, size)``: at most ``size`` bytes from ``offset``; fewer only at the end."""

_MAX_BOXES = 65_536  # fragments of one second for 9 hours; a file of empty boxes must not keep a thread busy
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


@dataclass(frozen=True, slots=True)
class Video:
    """A whole video; ``extension`` is ``.mp4``, ``.mov``, ``.webm`` or ``.mkv``."""

    extension: str


@dataclass(frozen=True, slots=True)
class NotVideo:
    """Not a whole video; ``reason`` says what was found, or which box is cut, in printable ASCII."""

    reason: str


Verdict = Video | NotVideo


def check_video(read_at: ReadAt, size_bytes: int, *, length_proven: bool) -> Verdict:
    """Whether the ``size_bytes`` behind ``read_at`` are a whole video.

    ``length_proven``: the sender announced the length (or the end) and it was met. Without that, a cut cannot be
    seen in a last box that reaches "to the end", nor between two fragments; such files are not accepted then.
    Raises nothing but what ``read_at`` raises.
    """
    head = read_at(0, 512)
    if size_bytes == 0 or not head:
        return NotVideo("empty")
    if head[4:8] == b"ftyp":
        return _check_boxes(read_at, size_bytes, length_proven=length_proven)
    if head.startswith(_EBML):
        return _check_segment(head, size_bytes, length_proven=length_proven)
    return NotVideo(_describe(head))


@dataclass(frozen=True, slots=True)
class _Box:
    """``end`` is the offset after the box; ``is_open``: its size is 0, "to the end of the file"."""

    kind: bytes
    end: int
    is_open: bool


@dataclass(slots=True)
class _Tally:
    kinds: set[bytes] = field(default_factory=set)
    last: _Box = _Box(b"", 0, is_open=False)


def _check_boxes(read_at: ReadAt, size_bytes: int, *, length_proven: bool) -> Verdict:
    tally = _Tally()
    for _ in range(_MAX_BOXES):
        if tally.last.end == size_bytes:
            return _judge(tally, read_at(8, 4), length_proven=length_proven)
        box = _box_at(read_at, tally.last.end, size_bytes)
        if isinstance(box, NotVideo):
            return box
        tally.kinds.add(box.kind)
        tally.last = box
    return NotVideo(f"more than {_MAX_BOXES} boxes")


def _judge(tally: _Tally, brand: bytes, *, length_proven: bool) -> Verdict:
    missing = [name for name in ("moov", "mdat") if name.encode() not in tally.kinds]
    if missing:
        return NotVideo(f"cut: no '{missing[0]}' box")
    if tally.last.is_open and tally.last.kind != b"mdat":
        return NotVideo(f"'{_printable(tally.last.kind)}' box without an end")
    if tally.last.is_open and not length_proven:
        return NotVideo("'mdat' reaches to the end of a file whose length nobody announced")
    if b"moof" in tally.kinds and tally.last.kind != b"mfra" and not length_proven:
        # A cut between two fragments leaves a file of whole boxes; only 'mfra' marks the true end.
        return NotVideo("fragments without an 'mfra' box at the end, and nobody announced the length")
    return Video(".mov" if brand == b"qt  " else ".mp4")


def _box_at(read_at: ReadAt, start: int, size_bytes: int) -> _Box | NotVideo:
    header = read_at(start, 16)
    if len(header) < 8:
        return NotVideo(f"cut in the head of a box at byte {start}")
    kind, size, head_bytes = header[4:8], int.from_bytes(header[:4], "big"), 8
    if size == 0:
        return _Box(kind, size_bytes, is_open=True)
    if size == 1:
        if len(header) < 16:
            return NotVideo(f"cut in the head of '{_printable(kind)}' at byte {start}")
        size, head_bytes = int.from_bytes(header[8:16], "big"), 16
    if size < head_bytes:
        return NotVideo(f"'{_printable(kind)}' at byte {start} has the impossible size {size}")
    if start + size > size_bytes:
        return NotVideo(
            f"cut in '{_printable(kind)}': it ends at byte {start + size}, the file at {size_bytes}"
        )
    return _Box(kind, start + size, is_open=False)


def _check_segment(head: bytes, size_bytes: int, *, length_proven: bool) -> Verdict:
    length = _element_size(head, len(_EBML))
    if length is None or length.value is None:
        return NotVideo("cut in the EBML header")
    start = length.end + length.value
    size = _element_size(head, start + len(_SEGMENT))
    if head[start : start + len(_SEGMENT)] != _SEGMENT or size is None:
        return NotVideo("an EBML header without a segment")
    extension = ".webm" if b"webm" in head[:start] else ".mkv"
    if size.value is None:
        return (
            Video(extension)
            if length_proven
            else NotVideo("a segment of unknown length, and nobody announced it")
        )
    if size.end + size.value != size_bytes:
        return NotVideo(
            f"cut in 'Segment': it ends at byte {size.end + size.value}, the file at {size_bytes}"
        )
    return Video(extension)


@dataclass(frozen=True, slots=True)
class _ElementSize:
    """``value`` is ``None`` where the size is the reserved "unknown"; ``end`` is the offset after the number."""

    value: int | None
    end: int


def _element_size(content: bytes, at: int) -> _ElementSize | None:
    """The variable-length number at ``at`` (RFC 8794, section 4), ``None`` if it is not all there."""
    first = content[at] if at < len(content) else 0
    width = 9 - first.bit_length()
    if first == 0 or at + width > len(content):
        return None
    mask = (1 << (7 * width)) - 1
    value = int.from_bytes(content[at : at + width], "big") & mask
    return _ElementSize(None if value == mask else value, at + width)


def _describe(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    kinds = (
        ((b"<!doctype html", b"<html", b"<head", b"<body"), "an HTML page"),
        ((b"<",), "an XML document"),
        ((b"{", b"["), "a JSON document"),
        ((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"pk\x03\x04"), "a compressed file"),
    )
    for beginnings, name in kinds:
        if text.startswith(beginnings):
            return f"{name}: {_printable(head[:120])}"
    return f"not a video: begins with {head[:8].hex(' ')}"


def _printable(content: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in content)
