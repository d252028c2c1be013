import struct
import subprocess

import pytest
from files_support import VIDEO, box, mp4
from hypothesis import given
from hypothesis import strategies as st

from runner.files.video import NotVideo, Video, check_video
from tests.faults.needs import needs

FTYP = box(b"ftyp", b"isom\0\0\2\0")
MOOV = box(b"moov", bytes(8))
MDAT = box(b"mdat", b"frames")
EBML = b"\x1a\x45\xdf\xa3\x88\x42\x82\x84webm\x00"
SEGMENT = b"\x18\x53\x80\x67"


def verdict(body, *, proven=True):
    return check_video(lambda offset, size: body[offset : offset + size], len(body), length_proven=proven)


def large(kind, body):
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


VERDICTS = {
    "moov first": (FTYP + MOOV + MDAT, Video(".mp4")),
    "moov last": (FTYP + MDAT + MOOV, Video(".mp4")),
    "other boxes between": (FTYP + box(b"free", b"x") + MOOV + box(b"uuid", bytes(16)) + MDAT, Video(".mp4")),
    "a 64-bit size": (FTYP + MOOV + large(b"mdat", b"frames"), Video(".mp4")),
    "mdat to the end": (FTYP + MOOV + b"\0\0\0\0mdatframes", Video(".mp4")),
    "QuickTime": (box(b"ftyp", b"qt  \0\0\0\0") + MOOV + MDAT, Video(".mov")),
    "WebM": (EBML + SEGMENT + b"\x83abc", Video(".webm")),
    "Matroska": (EBML.replace(b"webm", b"mkvs") + SEGMENT + b"\x83abc", Video(".mkv")),
    "WebM of unknown length": (EBML + SEGMENT + b"\x01" + b"\xff" * 7 + b"abc", Video(".webm")),
    "WebM cut": (EBML + SEGMENT + b"\x84abc", NotVideo("cut in 'Segment': it ends at byte 22, the file at 21")),
    "WebM without a segment": (EBML, NotVideo("an EBML header without a segment")),
    "an EBML header cut": (EBML[:4], NotVideo("cut in the EBML header")),
    "nothing": (b"", NotVideo("empty")),
    "no moov": (FTYP + MDAT, NotVideo("cut: no 'moov' box")),
    "no mdat": (FTYP + MOOV, NotVideo("cut: no 'mdat' box")),
    "ftyp alone": (FTYP, NotVideo("cut: no 'moov' box")),
    "cut in mdat": (FTYP + MOOV + MDAT[:-2], NotVideo("cut in 'mdat': it ends at byte 46, the file at 44")),
    "cut in a head": (FTYP + MOOV + MDAT[:5], NotVideo("cut in the head of a box at byte 32")),
    "cut in a 64-bit head": (FTYP + MOOV + large(b"mdat", b"")[:12], NotVideo("cut in the head of 'mdat' at byte 32")),
    "an impossible size": (FTYP + b"\0\0\0\7moov", NotVideo("'moov' at byte 16 has the impossible size 7")),
    "an impossible 64-bit size": (FTYP + struct.pack(">I4sQ", 1, b"moov", 15), NotVideo("'moov' at byte 16 has the impossible size 15")),
    "a size past everything": (FTYP + struct.pack(">I4sQ", 1, b"moov", 2**64 - 1), NotVideo(f"cut in 'moov': it ends at byte {2**64 + 15}, the file at 32")),
    "zeros at the end": (FTYP + MOOV + MDAT + bytes(16), NotVideo("'????' box without an end")),
    "text at the end": (FTYP + MOOV + MDAT + b"</html>", NotVideo("cut in the head of a box at byte 46")),
    "not ftyp first": (MOOV + FTYP + MDAT, NotVideo("not a video: begins with 00 00 00 10 6d 6f 6f 76")),
    "HTML": (b"\n <HTML>\x1b[31m", NotVideo("an HTML page: ? <HTML>?[31m")),
    "HTML after a byte order mark": (b"\xef\xbb\xbf<!doctype html>", NotVideo("an HTML page: ???<!doctype html>")),
    "XML": (b"<Error><Code>", NotVideo("an XML document: <Error><Code>")),
    "JSON": (b'{"a":1}', NotVideo('a JSON document: {"a":1}')),
    "a picture": (b"\x89PNG\r\n\x1a\n", NotVideo("not a video: begins with 89 50 4e 47 0d 0a 1a 0a")),
    "endless empty boxes": (FTYP + box(b"free") * 70_000, NotVideo("more than 65536 boxes")),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
def test_the_bytes_decide(name):
    body, expected = VERDICTS[name]
    assert verdict(body) == expected


UNPROVEN = {
    "mdat to the end": (FTYP + MOOV + b"\0\0\0\0mdatframes", NotVideo),
    "fragments": (FTYP + MOOV + box(b"moof") + MDAT, NotVideo),
    "fragments with their index": (FTYP + MOOV + box(b"moof") + MDAT + box(b"mfra"), Video),
    "WebM of unknown length": (EBML + SEGMENT + b"\x01" + b"\xff" * 7 + b"abc", NotVideo),
    "WebM of known length": (EBML + SEGMENT + b"\x83abc", Video),
    "plain boxes": (FTYP + MOOV + MDAT, Video),
}


@pytest.mark.parametrize("name", UNPROVEN)
def test_without_an_announced_length_the_structure_must_prove_the_end(name):
    body, kind = UNPROVEN[name]
    assert type(verdict(body, proven=False)) is kind


@given(
    st.binary(max_size=200), st.sampled_from([b"", FTYP, FTYP + MOOV, EBML, EBML + SEGMENT]), st.booleans()
)
def test_no_bytes_raise_anything_and_reasons_are_printable(tail, beginning, proven):
    found = verdict(beginning + tail, proven=proven)
    assert isinstance(found, Video) or found.reason.isprintable()


@given(st.integers(0, len(VIDEO) - 1))
def test_no_cut_of_a_video_is_a_video(length):
    assert isinstance(verdict(VIDEO[:length], proven=False), NotVideo)


FFMPEG = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=8"]


@needs("ffmpeg")
@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("a.mp4", []),
        ("a.mp4", ["-movflags", "+faststart"]),
        ("a.mp4", ["-movflags", "frag_keyframe+empty_moov"]),
        ("a.mov", []),
        ("a.mkv", []),
    ],
)
def test_what_ffmpeg_writes_is_whole_and_its_cuts_are_not(name, flags, tmp_path):
    subprocess.run([*FFMPEG, "-c:v", "mpeg4", *flags, str(tmp_path / name)], check=True)
    body = (tmp_path / name).read_bytes()
    cuts = {type(verdict(body[:length], proven=False)) for length in range(0, len(body), 97)}
    assert (verdict(body, proven=False), cuts) == (Video(name[1:]), {NotVideo})


def test_a_long_video_is_walked_without_being_read():
    body, read = mp4(bytes(10**6)), []

    def read_at(offset, size):
        read.append(size)
        return body[offset : offset + size]

    assert (check_video(read_at, len(body), length_proven=True), sum(read) < 1000) == (Video(".mp4"), True)
