"""Pictures and videos made of a video, in the process of ``workshop``: nothing here is bounded in time, that process is.

All that is made goes into one file that is handed over open, one output behind the other; what comes back is how long each
is. All of it raises whatever PyAV and Pillow raise.
"""

import io
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, BinaryIO, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from runner.media.decoding import (
    SIDEWAYS,
    NoVideoError,
    frames_of,
    opened,
    picture,
    rows_of,
    shown,
    turn_of,
    video_of,
)

MOST_OUTPUTS = 10_000
_JPEG_QUALITY = 90
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
_OPTIONS = {
    "h264": {"crf": "20", "preset": "fast"},
    "hevc": {"crf": "22", "preset": "fast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "vp9": {"crf": "30", "b": "0", "deadline": "good", "cpu-used": "5"},
    "av1": {"crf": "32", "preset": "8", "svtav1-params": "lp=1"},
}
_COPIED_SOUNDS = ("aac", "mp3")
_FILTERS = {
    "ROTATE_90": "transpose=cclock",
    "ROTATE_180": "hflip,vflip",
    "ROTATE_270": "transpose=clock",
    "FLIP_LEFT_RIGHT": "hflip",
    "FLIP_TOP_BOTTOM": "vflip",
    "TRANSPOSE": "transpose=cclock_flip",
    "TRANSVERSE": "transpose=clock_flip",
}


def make(kind: str, parameters: Mapping[str, Any], source: BinaryIO, target: BinaryIO) -> list[int]:
    """Carry out a step of that kind; ``target`` is empty. Returns how long each output is, in bytes."""
    match kind:
        case "transcode":
            return _transcoded(parameters, source, target)
        case "frames":
            return [target.write(each) for each in _frames(source, float(parameters["every_s"]))]
        case "thumbnail":
            return [target.write(_thumbnail(source, int(parameters["size"])))]
        case _:
            raise ValueError(f"no step of this process: {kind}")


def _thumbnail(source: BinaryIO, size: int) -> bytes:
    found, pixels = picture(source, size)
    image = Image.frombytes("RGB", (found["width"], found["height"]), pixels)
    return _jpeg(image, found["turn"])


def _frames(source: BinaryIO, every_s: float) -> Iterator[bytes]:
    """The first picture, and then the first of each further span of ``every_s``."""
    with opened(source) as container:
        stream = video_of(container)
        start_s, due, written = None, 0, 0
        for number, frame in enumerate(frames_of(container, stream)):
            at_s = float(number / (stream.average_rate or 24)) if frame.pts is None else float(frame.time)
            start_s = at_s if start_s is None else start_s
            span = math.floor((at_s - start_s) / every_s + 1e-6)
            if span < due:
                continue
            due, written = span + 1, written + 1
            if written > MOST_OUTPUTS:
                raise OverflowError(f"it has more than {MOST_OUTPUTS:,} such pictures")
            yield _jpeg(_image(frame, stream), turn_of(frame))
        if not written:
            raise NoVideoError("not one picture can be decoded")


def _image(frame: VideoFrame, stream: VideoStream) -> Image.Image:
    """The picture with square pixels, not turned yet."""
    width, height = shown(frame, stream)
    square = frame.reformat(width=width, height=height, format="rgb24")
    return Image.frombytes("RGB", (width, height), rows_of(square, 3))


def _jpeg(image: Image.Image, turn: str | None) -> bytes:
    turned = image if turn is None else image.transpose(Image.Transpose[turn])
    file = io.BytesIO()
    turned.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def _transcoded(parameters: Mapping[str, Any], source: BinaryIO, target: BinaryIO) -> list[int]:
    with (
        opened(source) as container,
        av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as made,
    ):
        film = _Film(container, made, parameters)
        film.copy()
        film.finish()
    return [target.seek(0, io.SEEK_END)]


class _Film:
    """One video on its way into another: every picture is turned, scaled and encoded; sound goes with it."""

    def __init__(
        self, container: InputContainer, made: OutputContainer, parameters: Mapping[str, Any]
    ) -> None:
        self._container = container
        self._made = made
        self._parameters = parameters
        self._video = video_of(container)
        self._sound: AudioStream | None = next(iter(container.streams.audio), None)
        self._is_copied = (
            self._sound is not None and self._sound.codec_context.codec.canonical_name in _COPIED_SOUNDS
        )
        self._graph: Graph | None = None
        self._pictures: VideoStream | None = None
        self._heard: Any = None

    def copy(self) -> None:
        """Take over everything up to the end."""
        streams = [self._video, *([] if self._sound is None else [self._sound])]
        early = []  # sound that comes before the first picture: nothing can be written before it is known
        for packet in self._container.demux(streams):
            if packet.stream is self._video:
                self._see(packet)
            elif self._pictures is None:
                early.append(packet)
            else:
                for each in (*early, packet):
                    self._hear(each)
                early.clear()
        for each in early:
            self._hear(each)

    def finish(self) -> None:
        """Write what the filters and the encoders still hold."""
        if self._graph is None or self._pictures is None:
            raise NoVideoError("not one picture can be decoded")
        self._graph.push(None)
        self._draw()
        self._made.mux(self._pictures.encode(None))
        if self._heard is not None and not self._is_copied:
            self._made.mux(self._heard.encode(None))

    def _see(self, packet: Any) -> None:
        try:
            frames = self._video.decode(packet)
        except av.error.InvalidDataError:
            return
        for frame in frames:
            if self._graph is None:
                self._begin(frame)
            assert self._graph is not None  # noqa: S101 - said to mypy
            self._graph.push(frame)
            self._draw()

    def _begin(self, frame: VideoFrame) -> None:
        """The first picture says how all of them are turned and scaled."""
        width, height = shown(frame, self._video)
        turn = turn_of(frame)
        filters = [] if turn is None else [_FILTERS[turn]]
        if turn in SIDEWAYS:
            width, height = height, width
        wanted = int(self._parameters.get("height", height - height % 2 or 2))
        wide = max(2, 2 * round(width * wanted / height / 2))
        filters += [f"scale={wide}:{wanted}:flags=bicubic", "setsar=1"]
        fps = self._parameters.get("fps")
        if fps is not None:
            filters.append(f"fps={Fraction(fps).limit_denominator(1001)}")
        self._graph = _graph(self._video, frame, ",".join([*filters, "format=yuv420p"]))
        rate = fps or self._video.average_rate or 24
        codec = str(self._parameters["codec"])
        exact = Fraction(rate).limit_denominator(1001)
        options = dict(_OPTIONS[codec])
        pictures = cast("VideoStream", self._made.add_stream(_ENCODERS[codec], rate=exact, options=options))
        pictures.width, pictures.height, pictures.pix_fmt = wide, wanted, "yuv420p"
        context = pictures.codec_context
        context.thread_count = 1  # the same bytes each time, and no more of the machine than is meant
        if fps is None and self._video.time_base:
            context.time_base = self._video.time_base
        if codec == "hevc":
            context.codec_tag = "hvc1"  # without it players of Apple show nothing
        self._pictures = pictures
        self._prepare_sound()

    def _prepare_sound(self) -> None:
        if self._sound is None:
            return
        if self._is_copied:
            self._heard = self._made.add_stream_from_template(self._sound)
        else:
            self._heard = self._made.add_stream("aac", rate=self._sound.rate)
            self._heard.layout = "mono" if self._sound.channels == 1 else "stereo"

    def _draw(self) -> None:
        assert self._graph is not None  # noqa: S101 - said to mypy
        assert self._pictures is not None  # noqa: S101 - said to mypy
        while True:
            try:
                frame = cast("VideoFrame", self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            frame.pict_type = PictureType.NONE  # which pictures stand alone is the encoder's to say
            self._made.mux(self._pictures.encode(frame))

    def _hear(self, packet: Any) -> None:
        if self._heard is None:
            return
        if self._is_copied:
            if packet.dts is not None:
                packet.stream = self._heard
                self._made.mux(packet)
            return
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            return
        for frame in frames:
            self._made.mux(self._heard.encode(frame))


def _graph(stream: VideoStream, frame: VideoFrame, filters: str) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=stream.time_base,
    )
    last = source
    for each in filters.split(","):
        name, _, arguments = each.partition("=")
        node = graph.add(name, arguments) if arguments else graph.add(name)
        last.link_to(node)
        last = node
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph
