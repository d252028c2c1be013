"""Videos made for a test: one colour or several, of any shape, whole or broken."""

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)
FPS = 24


def film(
    path: Path,
    width: int = 160,
    height: int = 240,
    colours: Sequence[tuple[int, int, int]] = (RED,),
    *,
    frames: int = FPS,
    turned: str | None = None,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """A video in which each colour fills the picture for as long as the others; ``turned`` as Pillow names it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        for number in range(frames):
            frame = picture(width, height, colours[number * len(colours) // frames])
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path if turned is None else turn(path, turned)


def halves(path: Path, turned: str | None = None) -> Path:
    """A wide video whose left half is red and whose right half is blue."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 240, 160, "yuv420p"
        row = bytes(RED) * 120 + bytes(BLUE) * 120
        container.mux(stream.encode(of_rows([row] * 160)))
        container.mux(stream.encode())
    return path if turned is None else turn(path, turned)


MATRICES = {
    "ROTATE_90": (0, -1, 1, 0),
    "ROTATE_180": (-1, 0, 0, -1),
    "ROTATE_270": (0, 1, -1, 0),
    "FLIP_LEFT_RIGHT": (-1, 0, 0, 1),
    "FLIP_TOP_BOTTOM": (1, 0, 0, -1),
    "TRANSPOSE": (0, 1, 1, 0),
    "TRANSVERSE": (0, -1, -1, 0),
}


def turn(path: Path, how: str) -> Path:
    """Say in the track's header how its pictures are shown (ISO/IEC 14496-12, 8.3.2 and 6.2.2)."""
    whole = bytearray(path.read_bytes())
    start = whole.index(b"tkhd") + 44
    a, b, c, d = (number * 65536 for number in MATRICES[how])
    whole[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(whole))
    return path


def picture(width: int, height: int, colour: tuple[int, int, int]) -> av.VideoFrame:
    return of_rows([bytes(colour) * width] * height)


def of_rows(rows: Sequence[bytes]) -> av.VideoFrame:
    frame = av.VideoFrame(len(rows[0]) // 3, len(rows), "rgb24")
    padding = bytes(frame.planes[0].line_size - len(rows[0]))
    frame.planes[0].update(b"".join(row + padding for row in rows))
    return frame.reformat(format="yuv420p")


def sound(path: Path) -> Path:
    """Half a second of silence, and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame(format="fltp", layout="mono", samples=4000)
        frame.planes[0].update(bytes(16000))
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def film_with_sound(path: Path, codec: str) -> Path:
    """A second of red, and of silence beside it."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=FPS)
        pictures.width, pictures.height, pictures.pix_fmt = 160, 240, "yuv420p"
        silence = container.add_stream(codec, rate=48_000)
        silence.layout = "stereo"
        for number in range(FPS):
            container.mux(pictures.encode(picture(160, 240, RED)))
            frame = av.AudioFrame(format="fltp", layout="stereo", samples=2000)
            for plane in frame.planes:
                plane.update(bytes(8000))
            frame.sample_rate, frame.pts = 48_000, number * 2000
            container.mux(silence.encode(frame))
        container.mux(pictures.encode())
        container.mux(silence.encode())
    return path


def bomb(path: Path, edge: int = 40_000) -> Path:
    """A video of one PNG picture that is tiny as a file and gigabytes as pixels."""
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        packet = av.Packet(_png(edge))
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 1)
        packet.is_keyframe = True
        container.mux(packet)
    return path


def _png(edge: int) -> bytes:
    head = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    )
