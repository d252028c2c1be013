import json
import struct
import subprocess

import pytest

from runner.sandbox.videos import Section, video_of
from tests.faults.needs import needs

SIZES = {"2:3": (160, 240), "3:2": (240, 160), "1:1": (192, 192)}


def boxes(content):
    at, names = 0, []
    while at < len(content):
        size_bytes, name = struct.unpack_from(">I4s", content, at)
        names.append(name.decode())
        at += size_bytes
    assert at == len(content)
    return names


@pytest.mark.parametrize("ratio", SIZES)
@pytest.mark.parametrize("size_bytes", [None, 700_000])
def test_a_video_is_whole_boxes_that_end_with_the_file(ratio, size_bytes):
    video = video_of("task_1", 1, ratio, size_bytes)
    content = video.part(0, video.size_bytes)
    assert boxes(content) == ["ftyp", "moov", "free", "mdat", "free"]
    assert len(content) == video.size_bytes >= (size_bytes or 0)


@needs("ffprobe")
@pytest.mark.parametrize(("ratio", "size"), SIZES.items())
@pytest.mark.parametrize("size_bytes", [None, 700_000])
def test_ffprobe_opens_a_video(tmp_path, ratio, size, size_bytes):
    video = video_of("task_1", 2, ratio, size_bytes)
    path = tmp_path / "video.mp4"
    path.write_bytes(video.part(0, video.size_bytes))
    command = ["ffprobe", "-v", "error", "-count_frames", "-of", "json"]
    shown = ["-show_entries", "stream=width,height,codec_name,pix_fmt,nb_read_frames"]
    answer = subprocess.run([*command, *shown, str(path)], capture_output=True, check=True, timeout=30)
    [stream] = json.loads(answer.stdout)["streams"]
    assert (answer.stderr, (stream["width"], stream["height"])) == (b"", size)
    assert (stream["codec_name"], stream["pix_fmt"], stream["nb_read_frames"]) == ("h264", "yuv420p", "24")


def test_files_of_one_task_and_of_two_tasks_differ_and_so_do_their_etags():
    videos = [video_of("task_1", 1, "1:1"), video_of("task_1", 2, "1:1"), video_of("task_2", 1, "1:1")]
    assert len({video.part(0, video.size_bytes) for video in videos}) == 3
    assert len({video.etag for video in videos}) == 3


def test_any_part_is_that_part_of_the_whole():
    video = video_of("task_1", 1, "1:1", 1_000_000)
    whole = video.part(0, video.size_bytes)
    edge = len(video.head)
    for start, stop in [
        (0, 10),
        (edge - 5, edge + 5),
        (edge, edge + 1),
        (300_000, 999_999),
        (65521, 131042),
        (7, 7),
    ]:
        assert video.part(start, stop) == whole[start:stop]


def test_the_pieces_of_a_section_join_to_it():
    video = video_of("task_1", 1, "3:2", 1_000_000)
    section = Section(video, 123, 900_001)
    assert b"".join(section.pieces()) == video.part(123, 900_001)
    assert max(map(len, section.pieces())) == 256 * 1024
