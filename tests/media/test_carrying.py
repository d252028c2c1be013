"""What a step makes of a video, and that no file is too much for whoever asks for it."""

import hashlib
import json
import os
import signal
import socket
from pathlib import Path

import pytest
from PIL import Image

from runner.core.processing import StepKind, StepTrouble
from runner.core.records import Media
from runner.media.carrying import carry_out
from runner.media.outcomes import Made, NotMade, UnwantedError
from runner.media.task import Bench, Task
from runner.media.viewer import Viewer
from tests.media import footage
from tests.media.footage import BLUE, GREEN, RED
from tests.media.test_viewer import NOT_VIDEOS, asked, is_near

THUMBNAIL = (StepKind.THUMBNAIL, {"size": 120})
FRAMES = (StepKind.FRAMES, {"every_s": 0.5})
TRANSCODE = (StepKind.TRANSCODE, {"height": 120, "fps": 12.0, "codec": "h264"})


@pytest.fixture
def bench():
    with Bench() as opened:
        yield opened


@pytest.fixture
def made(bench, tmp_path):
    """Carries a step out for a video; its outputs lie in ``out``."""

    def make(path: Path, step, **more) -> Made | NotMade:
        (tmp_path / "out").mkdir(exist_ok=True)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return carry_out(
            Task(*step, str(path), sha256, str(tmp_path / "out"), "stem", **more), more.get("bench", bench)
        )

    return make


def colours_of(folder: Path, found: Made) -> list[tuple[int, int, int]]:
    """The colour in the middle of each picture."""
    pictures = [Image.open(folder / one.name) for one in found.outputs]
    return [one.getpixel((one.width // 2, one.height // 2)) for one in pictures]


def test_what_is_made_is_whole_and_counted_and_nothing_else_is_left(made, tmp_path):
    found = made(footage.film(tmp_path / "a.mp4", frames=48), FRAMES)
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    listed = {one.name: (one.size_bytes, one.sha256) for one in found.outputs}
    assert listed == {
        name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()
    }
    assert [one.suffix for one in found.outputs] == [f"/0000{number}.jpg" for number in (1, 2, 3, 4)]


def test_frames_are_those_of_their_moments(made, tmp_path):
    found = made(footage.film(tmp_path / "a.mp4", frames=48, colours=(RED, GREEN, BLUE, RED)), FRAMES)
    seen = colours_of(tmp_path / "out", found)
    assert [is_near(*pair) for pair in zip(seen, (RED, GREEN, BLUE, RED), strict=True)] == [True] * 4


def test_a_short_video_has_one_frame(made, tmp_path):
    found = made(footage.film(tmp_path / "a.mp4", frames=3), (StepKind.FRAMES, {"every_s": 60.0}))
    assert len(found.outputs) == 1


def test_a_thumbnail_is_as_large_as_was_said(made, tmp_path):
    found = made(footage.film(tmp_path / "a.mp4"), THUMBNAIL)
    with Image.open(tmp_path / "out" / found.outputs[0].name) as picture:
        assert ([one.suffix for one in found.outputs], picture.size) == ([".jpg"], (80, 120))


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_a_transcoded_video_is_as_was_said(made, tmp_path, codec):
    step = (StepKind.TRANSCODE, {"height": 120, "fps": 12.0, "codec": codec})
    found = made(footage.film(tmp_path / "a.mp4", frames=48), step)
    with Viewer() as viewer:
        assert asked(viewer, tmp_path / "out" / found.outputs[0].name) == Media(80, 120, 2.0, 12.0, codec)


def test_what_is_not_said_stays_as_it_is(made, tmp_path):
    found = made(footage.film(tmp_path / "a.mp4"), (StepKind.TRANSCODE, {"codec": "hevc"}))
    with Viewer() as viewer:
        assert asked(viewer, tmp_path / "out" / found.outputs[0].name) == Media(160, 240, 1.0, 24.0, "hevc")


def test_the_same_bytes_come_out_again(made, tmp_path):
    path = footage.film(tmp_path / "a.mp4")
    assert [made(path, step) == made(path, step) for step in (TRANSCODE, FRAMES, THUMBNAIL)] == [True] * 3


@pytest.mark.parametrize("turned", footage.MATRICES)
@pytest.mark.parametrize("step", [TRANSCODE, FRAMES])
def test_what_is_made_stands_as_the_video_is_shown(made, tmp_path, turned, step):
    """Of a wide picture, red on the left and blue on the right, as Pillow turns it."""
    found = made(footage.halves(tmp_path / "a.mp4", turned), step)
    path = tmp_path / "out" / found.outputs[0].name
    if step is TRANSCODE:
        path = tmp_path / "out" / made(path, THUMBNAIL).outputs[0].name
    picture = Image.open(path)
    shown = Image.new("RGB", (240, 160), BLUE)
    shown.paste(RED, (0, 0, 120, 160))
    shown = shown.transpose(Image.Transpose[turned]).resize(picture.size)
    corners = [(9, 9), (picture.width - 9, 9), (9, picture.height - 9)]
    assert [is_near(picture.getpixel(at), shown.getpixel(at)) for at in corners] == [True] * 3


@pytest.mark.parametrize("format_", ["aac", "libopus"])
def test_sound_goes_with_the_pictures(made, tmp_path, format_):
    path = footage.film_with_sound(tmp_path / "a.mp4", format_)
    found = made(path, TRANSCODE)
    with footage.av.open(str(tmp_path / "out" / found.outputs[0].name)) as container:
        sounds = [frame.samples for frame in container.decode(audio=0)]
        assert (container.streams.audio[0].codec_context.name, 40_000 < sum(sounds) < 60_000) == (
            "aac",
            True,
        )


@pytest.mark.parametrize("name", NOT_VIDEOS)
@pytest.mark.parametrize("step", [TRANSCODE, FRAMES, THUMBNAIL])
def test_what_is_no_video_is_an_answer_and_the_next_file_is_read(made, tmp_path, name, step):
    make, reason = NOT_VIDEOS[name]
    found = made(make(tmp_path / "broken.mp4"), step)
    assert (found.trouble, reason in found.reason) == (StepTrouble.UNREADABLE, True)
    assert list((tmp_path / "out").iterdir()) == []
    assert isinstance(made(footage.film(tmp_path / "whole.mp4"), step), Made)


def test_what_is_not_the_file_that_was_meant_is_not_touched(bench, tmp_path):
    path = footage.film(tmp_path / "a.mp4")
    task = Task(*THUMBNAIL, str(path), "0" * 64, str(tmp_path), "stem")
    gone = Task(*THUMBNAIL, str(tmp_path / "b.mp4"), "0" * 64, str(tmp_path), "stem")
    assert [carry_out(each, bench) for each in (task, gone)] == [
        NotMade(StepTrouble.INPUT, "it is not what was recorded"),
        NotMade(StepTrouble.INPUT, "it cannot be read: No such file or directory"),
    ]


def test_a_file_that_ends_the_process_does_not_end_who_asks(made, bench, tmp_path):
    path = footage.film(tmp_path / "a.mp4")
    first = made(path, THUMBNAIL)
    os.kill(bench.maker._process.pid, signal.SIGSEGV)
    bench.maker._process.wait()
    ended = NotMade(StepTrouble.ENDED, "it ends the process that makes it")
    assert [made(path, THUMBNAIL), made(path, THUMBNAIL)] == [ended, first]


def test_a_process_that_cannot_answer_ends_instead_of_waiting_for_another_question(made, bench, tmp_path):
    path = footage.film(tmp_path / "a.mp4")
    made(path, THUMBNAIL)
    bench.maker._line.shutdown(socket.SHUT_RD)
    with path.open("rb") as source, (tmp_path / "target").open("w+b") as target:
        question = json.dumps({"kind": "thumbnail", "parameters": {"size": 120}}).encode()
        socket.send_fds(bench.maker._line, [question], [source.fileno(), target.fileno()])
        assert bench.maker._process.wait(60) != 0


def test_a_file_that_takes_too_long_is_given_up(made, tmp_path):
    path = footage.film(tmp_path / "a.mp4", 1280, 720, frames=96)
    with Bench(longest_s=1e-6) as bench:
        task = Task(*TRANSCODE, str(path), hashlib.sha256(path.read_bytes()).hexdigest(), str(tmp_path), "s")
        assert carry_out(task, bench) == NotMade(StepTrouble.TIMEOUT, "it takes more than 0 s")


def test_who_does_not_want_it_any_more_does_not_wait_for_it(tmp_path):
    path = footage.film(tmp_path / "a.mp4")
    task = Task(*TRANSCODE, str(path), hashlib.sha256(path.read_bytes()).hexdigest(), str(tmp_path), "stem")
    with Bench(is_wanted=lambda: False) as bench, pytest.raises(UnwantedError):
        carry_out(task, bench)
