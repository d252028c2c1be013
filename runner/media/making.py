"""Pictures and videos made of a video, in the process of ``workshop``: nothing here is bounded in time, that process is.

All that is made goes into one file that is handed over open, one output behind the other; what comes back is how long each
is. All of it raises whatever PyAV and Pillow raise.
"""

import io
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from runner.media.decoding import NoVideoError, opened, picture, shown, turn_of, video_of

MOST_OUTPUTS = 10_000
_JPEG_QUALITY = 90
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
_OPTIONS = {
    "h264": {"crf": "20", "preset": "medium"},
    "hevc": {"crf": "22", "preset": "medium", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    "vp9": {"crf": "30", "b": "0", "deadline": "good", "cpu-used": "4"},
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
