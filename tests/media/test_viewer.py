"""What is found in a video, and that no file is too much for whoever looks into it."""

import os
import re
import signal
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from runner.core.errors import UsageError
from runner.core.records import Media
from runner.media.outcomes import Still, Unreadable
from runner.media.viewer import Viewer
from tests.media import footage
from tests.media.footage import BLACK, BLUE, GREEN, RED


@pytest.fixture
def viewer():
    with Viewer() as opened:
        yield opened


def asked(viewer: Viewer, path: Path, edge: int | None = None):
    handle = os.open(path, os.O_RDONLY)
    try:
        return viewer.probe(handle) if edge is None else viewer.still(handle, edge)
    finally:
        os.close(handle)


def is_near(pixel: tuple[int, ...], colour: tuple[int, int, int]) -> bool:
    """Whether it is that colour, but for what a codec does to it."""
    return all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("made", "width", "height"),
    [
        ({"width": 160, "height": 240}, 160, 240),
        ({"width": 240, "height": 160}, 240, 160),
        ({"width": 192, "height": 192}, 192, 192),
        ({"width": 240, "height": 160, "turned": "ROTATE_90"}, 160, 240),
        ({"width": 240, "height": 160, "turned": "ROTATE_270"}, 160, 240),
        ({"width": 240, "height": 160, "turned": "ROTATE_180"}, 240, 160),
        ({"width": 160, "height": 240, "pixel_aspect": Fraction(3, 2)}, 240, 240),
        ({"width": 240, "height": 160, "pixel_aspect": Fraction(2, 3), "turned": "ROTATE_90"}, 160, 160),
    ],
)
def test_the_size_is_that_of_the_picture_as_it_is_shown(viewer, tmp_path, made, width, height):
    found = asked(viewer, footage.film(tmp_path / "a.mp4", **made))
    assert found == Media(width, height, 1.0, 24.0, "h264")


def test_the_length_is_that_of_the_pictures(viewer, tmp_path):
    assert asked(viewer, footage.film(tmp_path / "a.mp4", frames=60)) == Media(160, 240, 2.5, 24.0, "h264")


def test_the_sandbox_sends_what_was_asked_for(viewer):
    clips = Path(__file__).parents[2] / "runner" / "sandbox" / "media"
    found = {path.stem: asked(viewer, path) for path in clips.glob("*.mp4")}
    sizes = {"1x1": (192, 192), "2x3": (160, 240), "3x2": (240, 160)}
    assert found == {name: Media(*size, 1.0, 24.0, "h264") for name, size in sizes.items()}


def broken(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def cut(path: Path) -> Path:
    """A video that ends in the middle, before what says where its pictures are."""
    whole = footage.film(path).read_bytes()
    return broken(path, whole[: len(whole) // 2])


def of_noise(path: Path) -> Path:
    """A video whose structure is whole and whose pictures are none."""
    whole = bytearray(footage.film(path).read_bytes())
    start = whole.index(b"mdat") + 4
    end = whole.index(b"moov") - 4
    whole[start:end] = bytes(index * 37 % 251 for index in range(end - start))
    return broken(path, bytes(whole))


NOT_VIDEOS = {
    "sound": (footage.sound, "it has no video stream"),
    "nothing": (lambda path: broken(path, b""), "Invalid data"),
    "text": (lambda path: broken(path, b"<html>Please log in</html>\n" * 50), "Invalid data"),
    "half a video": (cut, "Invalid data"),
    "noise": (of_noise, "not one picture can be decoded"),
    "a bomb": (footage.bomb, "not one picture can be decoded"),
    "a playlist": (lambda path: broken(path, b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"), "Invalid"),
    "a list of files": (lambda path: broken(path, b"ffconcat version 1.0\nfile a.mp4\n"), "Invalid"),
}


@pytest.mark.parametrize("name", NOT_VIDEOS)
@pytest.mark.parametrize("edge", [None, 240])
def test_what_is_no_video_is_an_answer_and_the_next_file_is_read(viewer, tmp_path, name, edge):
    make, reason = NOT_VIDEOS[name]
    found = asked(viewer, make(tmp_path / "broken.mp4"), edge)
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert asked(viewer, footage.film(tmp_path / "whole.mp4")) == Media(160, 240, 1.0, 24.0, "h264")


def test_words_that_are_no_text_hide_no_picture(viewer, tmp_path):
    path = tmp_path / "a.mp4"
    with footage.av.open(str(path), "w") as container:
        container.metadata["title"] = "TITLE"
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 240, "yuv420p"
        container.mux(stream.encode(footage.picture(160, 240, RED)))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes().replace(b"TITLE", b"\xff\xfe\xfd\xfc\xfb"))
    assert asked(viewer, path).width == 160


@pytest.mark.parametrize(
    ("colours", "seen"),
    [
        ((RED,), RED),
        ((BLACK, RED, BLUE), RED),
        ((BLACK, BLACK, BLUE), BLUE),
        ((GREEN, BLACK, BLACK), GREEN),
        ((BLACK,), BLACK),
    ],
)
def test_a_picture_is_taken_from_within_the_video_and_is_no_black_one_if_there_is_another(
    viewer, tmp_path, colours, seen
):
    found = asked(viewer, footage.film(tmp_path / "a.mp4", colours=colours, frames=48), 60)
    assert (found.width, found.height, is_near(tuple(found.pixels[:3]), seen)) == (40, 60, True)


@pytest.mark.parametrize("turned", [None, *footage.MATRICES])
def test_a_picture_says_how_it_is_turned(viewer, tmp_path, turned):
    found = asked(viewer, footage.halves(tmp_path / "a.mp4", turned), 60)
    assert (found.turn, len(found.pixels), isinstance(found, Still)) == (turned, 60 * 40 * 3, True)


@pytest.mark.parametrize("turned", footage.MATRICES)
def test_a_picture_is_as_wide_as_it_is_shown(viewer, tmp_path, turned):
    found = asked(viewer, footage.halves(tmp_path / "a.mp4", turned))
    is_sideways = turned in ("ROTATE_90", "ROTATE_270", "TRANSPOSE", "TRANSVERSE")
    assert (found.width, found.height) == ((160, 240) if is_sideways else (240, 160))


def test_pixels_that_are_not_square_make_the_picture_wider(viewer, tmp_path):
    path = footage.film(tmp_path / "a.mp4", 160, 240, pixel_aspect=Fraction(3, 1))
    found = asked(viewer, path, 240)
    assert (found.width, found.height) == (240, 120)


def test_a_file_that_takes_too_long_is_given_up(tmp_path):
    path = footage.film(tmp_path / "a.mp4", 1280, 720, frames=96)  # a still of it takes some time in any case
    with Viewer(longest_s=1e-6) as viewer:
        assert [asked(viewer, path, 64) for _ in range(2)] == [
            Unreadable("it takes the decoder more than 0 s")
        ] * 2


def test_a_file_that_ends_the_decoder_does_not_end_who_looks(viewer, tmp_path):
    path = footage.film(tmp_path / "a.mp4")
    first = asked(viewer, path)
    os.kill(viewer._process.pid, signal.SIGSEGV)
    viewer._process.wait()
    assert (asked(viewer, path), asked(viewer, path)) == (Unreadable("it ends the decoder"), first)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_decoder_knows_no_variable_and_has_a_bounded_memory(viewer, tmp_path, monkeypatch):
    monkeypatch.setenv("GROKIMAGINE_API_TOKEN", "secret")
    asked(viewer, footage.film(tmp_path / "a.mp4"))
    process = Path(f"/proc/{viewer._process.pid}")
    limits = dict(re.findall(r"^(Max [a-z ]+?)  +(\S+)", (process / "limits").read_text(), re.MULTILINE))
    assert b"secret" not in (process / "environ").read_bytes()
    assert (limits["Max address space"], limits["Max file size"]) == (str(2 * 1024**3), "0")


def test_a_decoder_that_cannot_be_had_says_why(tmp_path, monkeypatch):
    (tmp_path / "av.py").write_text("raise ImportError('the libraries are gone')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = broken(tmp_path / "a.mp4", b"")
    with (
        Viewer() as viewer,
        pytest.raises(UsageError, match=r"cannot be looked into: .*the libraries are gone"),
    ):
        asked(viewer, path)


def test_a_closed_viewer_has_left_no_process(tmp_path):
    viewer = Viewer()
    asked(viewer, broken(tmp_path / "a.mp4", b""))
    process = viewer._process
    viewer.close()
    viewer.close()
    assert process.returncode is not None


FORGED = """
def facts(file): return {facts}
def picture(file, edge): return {picture}
"""


@pytest.mark.parametrize(
    ("facts", "picture"),
    [
        ("{}", "({}, b'')"),
        (
            "{'width': 'x', 'height': 1, 'duration_s': None, 'fps': None, 'codec': 'a'}",
            "({'width': 9, 'height': 9, 'turn': None}, b'a')",
        ),
        (
            "{'width': 1, 'height': 1, 'duration_s': None, 'fps': None, 'codec': 7}",
            "({'width': 1, 'height': 1, 'turn': 'x'}, bytes(3))",
        ),
        ("{'a': 'a' * 9999}", "({}, bytes(1 << 25))"),
    ],
)
def test_a_decoder_that_a_file_took_over_can_say_nothing_strange(tmp_path, monkeypatch, facts, picture):
    """A module in the place of ours stands for it."""
    for folder in ("runner", "runner/media"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("")
    source = Path(sys.modules["runner.media.worker"].__file__).read_text()
    (tmp_path / "runner" / "media" / "worker.py").write_text(source)
    (tmp_path / "runner" / "media" / "decoding.py").write_text(FORGED.format(facts=facts, picture=picture))
    monkeypatch.syspath_prepend(str(tmp_path))
    path = broken(tmp_path / "a.mp4", b"")
    with Viewer() as viewer:
        assert {type(asked(viewer, path, edge)) for edge in (None, 9)} == {Unreadable}
