"""The videos of the service: real, playable MP4 files, another one for every task.

The three files in ``media`` are test pictures of one second, 24 frames, H.264, yuv420p, 160x240, 240x160 and 192x192.
Each was made once, with ffmpeg 5.1, by

    ffmpeg -f lavfi -i testsrc2=size=160x240:rate=24:duration=1 -c:v libx264 -preset veryslow -crf 30 -pix_fmt yuv420p
        -movflags +faststart -map_metadata -1 -fflags +bitexact -flags:v +bitexact 2x3.mp4

What a task returns is such a file with one ``free`` box behind it, which players skip (ISO/IEC 14496-12, 8.1.2). The
box holds a digest of the task and, where a size is asked for, filling; it ends where the file ends.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_DIGEST_BYTES = 32
_BOX_HEAD_BYTES = 8
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Video:
    """One file: ``head`` is its beginning, and filling makes it up to ``size_bytes``."""

    head: bytes
    size_bytes: int
    etag: str

    def part(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``, both within the file."""
        if stop <= len(self.head):
            return self.head[start:stop]
        begin = max(start, len(self.head)) - len(self.head)
        length = stop - len(self.head) - begin
        skip = begin % len(_filling())
        repeats = (skip + length) // len(_filling()) + 1
        return self.head[start:] + (_filling() * repeats)[skip : skip + length]


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a video from ``start`` up to ``stop``, as the body of an answer."""

    video: Video
    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        """How many bytes the part has."""
        return self.stop - self.start

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the part, in order, in pieces of at most 256 KiB."""
        for start in range(self.start, self.stop, _PIECE_BYTES):
            yield self.video.part(start, min(start + _PIECE_BYTES, self.stop))


def video_of(task_id: str, number: int, ratio: str, size_bytes: int | None = None) -> Video:
    """The ``number``-th file (from 1) of a task: the same bytes each time, and others than those of any other task.

    It has ``size_bytes`` bytes, or as many as it needs (about 12 kB) where that is more, or ``None``.
    """
    media = _media(ratio)
    digest = hashlib.blake2b(f"{task_id}/{number}".encode(), digest_size=_DIGEST_BYTES).digest()
    smallest_bytes = len(media) + _BOX_HEAD_BYTES + _DIGEST_BYTES
    whole_bytes = max(smallest_bytes, size_bytes or 0)
    box = struct.pack(">I4s", whole_bytes - len(media), b"free") + digest
    return Video(media + box, whole_bytes, f'"{digest[:12].hex()}-{whole_bytes:x}"')


@cache
def _media(ratio: str) -> bytes:
    return files(__package__).joinpath("media", ratio.replace(":", "x") + ".mp4").read_bytes()


@cache
def _filling() -> bytes:
    # A prime length, so that a piece written to the wrong place never looks right.
    return hashlib.shake_256(b"filling").digest(65521)
