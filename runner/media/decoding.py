"""A video file through PyAV, in the process of ``worker``: nothing here is bounded in time, that process is.

Files are opened by handle, never by name, and nothing that a file names is opened: no playlist format is known here, and no
protocol is allowed. All of it raises whatever PyAV raises.
"""

import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, TypedDict

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

MOST_PIXELS = 8192 * 8192
_FRAMES = 150
"""Frames that are decoded for one picture, at most: those from a keyframe to the wanted moment."""

OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "protocol_whitelist": "none",
    "max_pixels": str(MOST_PIXELS),
}
_MOMENTS = (1 / 3, 2 / 3, 1 / 2, 0.9, 0.0)
"""Parts of the duration at which a picture is looked for, until one is not black; the beginning is the last resort."""

_BLACK = 24
_LONGEST_S = 1e7
_TURNS = {
    (0, -1, 1, 0): "ROTATE_90",
    (-1, 0, 0, -1): "ROTATE_180",
    (0, 1, -1, 0): "ROTATE_270",
    (-1, 0, 0, 1): "FLIP_LEFT_RIGHT",
    (1, 0, 0, -1): "FLIP_TOP_BOTTOM",
    (0, 1, 1, 0): "TRANSPOSE",
    (0, -1, -1, 0): "TRANSVERSE",
}
SIDEWAYS = frozenset({"ROTATE_90", "ROTATE_270", "TRANSPOSE", "TRANSVERSE"})


class NoVideoError(Exception):
    """The file can be read and has no pictures."""


class Facts(TypedDict):
    """What is said of a video: the size as it is shown, in pixels."""

    width: int
    height: int
    duration_s: float | None
    fps: float | None
    codec: str


class Picture(TypedDict):
    """One picture: its size as stored, and how it is turned to be shown."""

    width: int
    height: int
    turn: str | None


def facts(file: BinaryIO) -> Facts:
    """What the file holds; its first picture is decoded, because only that one knows how it is turned."""
    with opened(file) as container:
        stream = video_of(container)
        frame = next(frames_of(container, stream), None)
        if frame is None:
            raise NoVideoError("not one picture can be decoded")
        width, height = shown(frame, stream)
        if turn_of(frame) in SIDEWAYS:
            width, height = height, width
        duration, rate = duration_s_of(container, stream), stream.average_rate
        return Facts(
            width=width,
            height=height,
            duration_s=None if duration is None else round(duration, 3),
            fps=round(float(rate), 3) if rate else None,
            codec=stream.codec_context.codec.canonical_name,
        )


def picture(file: BinaryIO, edge: int) -> tuple[Picture, bytes]:
    """A picture that stands for the whole, as large as fits into ``edge`` x ``edge``, and its rows of RGB.

    It is the one at a third of the duration; where that one is black, a later one, or the least black of them.
    """
    with opened(file) as container:
        stream = video_of(container)
        best: VideoFrame | None = None
        brightest = -1.0
        for moment in _MOMENTS:
            frame = _at(container, stream, moment)
            brightness = -1.0 if frame is None else _brightness(frame)
            if frame is not None and brightness > brightest:
                best, brightest = frame, brightness
            if brightest > _BLACK:
                break
        if best is None:
            raise NoVideoError("not one picture can be decoded")
        return _scaled(best, stream, edge)


def opened(file: BinaryIO) -> InputContainer:
    """The file as a container; nothing else that it names is opened."""
    return av.open(file, "r", options=OPTIONS, metadata_errors="replace")


def video_of(container: InputContainer) -> VideoStream:
    """Its pictures; raises ``NoVideoError``."""
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.attached_pic:  # a cover is no video
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            return stream
    raise NoVideoError("it has no video stream")


def frames_of(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The pictures from here on; what is broken between them is passed over."""
    for packet in container.demux(stream):
        try:
            frames = stream.decode(packet)
        except av.error.InvalidDataError:
            continue
        yield from frames


def _at(container: InputContainer, stream: VideoStream, moment: float) -> VideoFrame | None:
    """The picture at this part of the duration, the last before it that can be had; ``None`` where there is none."""
    duration = duration_s_of(container, stream)
    wanted_s = (stream.start_time or 0) * float(stream.time_base or 0) + (duration or 0) * moment
    if duration is not None and stream.time_base:
        try:
            container.seek(int(wanted_s / stream.time_base), stream=stream, backward=True)
        except av.error.FFmpegError:
            container.seek(0)
    found: VideoFrame | None = None
    for number, frame in enumerate(frames_of(container, stream)):
        found = frame
        if number >= _FRAMES or frame.pts is None or frame.time >= wanted_s:
            break
    return found


def duration_s_of(container: InputContainer, stream: VideoStream) -> float | None:
    """Its length in seconds, ``None`` where it does not say."""
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = (container.duration or 0) / av.time_base
    return seconds if 0 < seconds < _LONGEST_S else None


def shown(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """The size before it is turned: pixels that are not square make the picture wider or narrower."""
    aspect = stream.sample_aspect_ratio
    if not aspect or not 1 / 20 <= aspect <= 20:  # beyond that it is not meant
        return frame.width, frame.height
    return max(1, round(frame.width * aspect)), frame.height


def turn_of(frame: VideoFrame) -> str | None:
    """How the picture is turned: quarter turns and mirrors, as players do it; other angles are not turned."""
    try:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # beside it stands something that this PyAV has no name for
        return {90: "ROTATE_90", 180: "ROTATE_180", -180: "ROTATE_180", -90: "ROTATE_270"}.get(frame.rotation)
    if matrix is None:
        return None
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    return _TURNS.get((_sign(a), _sign(b), _sign(c), _sign(d)))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _brightness(frame: VideoFrame) -> float:
    """From 0 to 255, that of the brighter parts: a lit face in the dark is not black."""
    small = frame.reformat(width=16, height=16, format="gray")
    values = sorted(rows_of(small, 1))
    return sum(values[-64:]) / 64


def _scaled(frame: VideoFrame, stream: VideoStream, edge: int) -> tuple[Picture, bytes]:
    width, height = shown(frame, stream)
    scale = edge / max(width, height)
    width, height = max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    small = frame.reformat(width=width, height=height, format="rgb24")
    return Picture(width=width, height=height, turn=turn_of(frame)), rows_of(small, 3)


def rows_of(frame: VideoFrame, pixel_bytes: int) -> bytes:
    """The pixels without what stands behind each row to fill it up."""
    plane = frame.planes[0]
    whole, length = bytes(plane), frame.width * pixel_bytes
    return b"".join(
        whole[start : start + length] for start in range(0, frame.height * plane.line_size, plane.line_size)
    )
