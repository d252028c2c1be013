"""Where the fuzzing begins: examples of what is right, words worth trying, and strategies that put them together."""

import json
import struct
from random import Random

from hypothesis import strategies as st

from .crafted import Crafter
from .support import box, video

_MANIFEST = """version: 1
name: b
budget: {credits: 4000}
variables: {animal: [fox, owl], place: [forest]}
prompts:
  - a lake
  - {id: animals, text: "a {animal} in a {place}", modes: [fun], takes: 3, meta: {sku: A-17, n: 1.5}}
ratios: [1:1, 2:3]
exclude: [{animal: owl}]
include: [{prompt: animals, animal: owl, place: forest, mode: spicy, ratio: 1:1}]
order: breadth
limits: {in_flight: 10, max_failures: 5%, task_deadline: 45m}
output: {dir: out, layout: "{prompt_id}/{variant}{mode}_{ratio}/take-{take:02d}"}
"""
_WORDS = (
    *(
        "version: 1",
        "prompts",
        "text",
        "file",
        "id",
        "images",
        "variables",
        "takes",
        "ratios",
        "modes",
        "meta",
    ),
    *(
        "output",
        "layout",
        "budget",
        "credits",
        "usd",
        "1:1",
        "&a",
        "*a",
        "<<",
        "!!str",
        "? ",
        "- ",
        "|",
        ">",
        "---",
        "...",
    ),
    *(
        "{a}",
        "{{",
        "{0.x}",
        "\\ud83d",
        "\u202e",
        "\u2028",
        "\ufeff",
        "\x00",
        "\t",
        "9" * 30,
        "1e999",
        ".nan",
        "0x",
        "~",
        "''",
    ),
    *(
        "%YAML 1.1",
        "#",
        "https://a.example/b",
        "../",
        "CON",
        "\u0130",
        "e\u0301",
        "\U0001f600",
        '"',
        "\n",
        "  ",
        ": ",
        ", ",
    ),
)
_HEADER_NAMES = (
    *(
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
        "RateLimit-Reset",
        "Retry-After",
        "Date",
        "Content-Range",
    ),
    *("Content-Length", "ETag", "Last-Modified", "Transfer-Encoding", "Content-Encoding", "retry-after"),
)
_HEADER_VALUES = (
    *(
        "0",
        "-1",
        "1e400",
        "nan",
        "6m0s",
        "1h",
        "999999999999999",
        "Fri, 01 Jan 2100 00:00:00 GMT",
        "1735689600",
    ),
    *(
        "bytes 0-9/10",
        "bytes */10",
        '"v1"',
        'W/"v1"',
        "gzip, chunked",
        "2026-01-01T00:00:00Z",
        ";w=60",
        "\xb5s",
        "0x10",
    ),
    *("Mon, 99 Foo 99999 99:99:99 +9999", "10;r=1", "١", "9" * 300),
)
_BOXES = (
    b"ftyp",
    b"moov",
    b"mdat",
    b"free",
    b"moof",
    b"mfra",
    b"qt  ",
    b"\x1a\x45\xdf\xa3",
    b"\x18\x53\x80\x67",
    b"webm",
)
_SIZES = (0, 1, 7, 8, 9, 16, 24, 100, 2**31, 2**32 - 1)

SEEDS: dict[str, list[bytes]] = {
    "manifest": [
        _MANIFEST.encode(),
        b"1text,id,takes,colour\na fox,x,2,red\n",
        b'2{"text": "a {a}", "meta": {"n": [1]}}\n"short"\n',
        b"3a fox\n# no\n",
        b"4- a fox\n- {text: b, takes: 2}\n",
    ],
    "answers": [
        b"\x32\x00" + json.dumps({"code": 200, "message": "ok", "data": {"task_id": "task_1"}}).encode(),
        b"\x32\x00"
        + json.dumps(
            {
                "code": 200,
                "data": {
                    "task_id": "task_1",
                    "status": "completed",
                    "consumed_credits": 40,
                    "request": {"prompt": "a", "mode": "fun"},
                    "response": ["https://a.example/1.mp4"],
                },
            }
        ).encode(),
    ],
    "headers": [
        f"{name}: {value}".encode() for name, value in zip(_HEADER_NAMES, _HEADER_VALUES, strict=False)
    ],
    "video": [video(), b"\x1a\x45\xdf\xa3\x84webm\x18\x53\x80\x67\x81x"],
}


@st.composite
def _spoilt(draw: st.DrawFn, seeds: list[bytes], words: tuple[bytes, ...]) -> bytes:
    """A right example with pieces cut out, doubled, or replaced."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        piece = draw(st.sampled_from(words) | st.binary(max_size=6) | st.just(bytes(data[at : at + 40]) * 3))
        data[at : at + length] = piece
    return bytes(data)


def _crafted(seed: int, status: int) -> bytes:
    crafter = Crafter(Random(seed))
    answer = crafter.submission() if seed % 2 else crafter.standing("task_1", "a fox")
    return bytes([status, 0 if answer.complete else 1]) + answer.body


def _written(items: list[str]) -> bytes:
    return "".join(items).encode("utf-8", "surrogatepass")


_words = tuple(word.encode("utf-8", "surrogatepass") for word in _WORDS)
_line = st.tuples(
    st.sampled_from(_HEADER_NAMES) | st.text(max_size=9),
    st.sampled_from(_HEADER_VALUES) | st.text(st.characters(max_codepoint=255), max_size=40),
)
_box = st.tuples(
    # Mostly the right size: behind a box of a wrong one nothing is read any more.
    st.none() | st.none() | st.sampled_from(_SIZES) | st.integers(0, 2**32 - 1),
    st.sampled_from(_BOXES),
    st.binary(max_size=30),
)


def _file(begins_right: bool, boxes: list[tuple[int | None, bytes, bytes]]) -> bytes:
    start = box(b"ftyp", b"isom\0\0\2\0") if begins_right else b""
    whole = ((8 + len(body) if size is None else size, kind, body) for size, kind, body in boxes)
    return start + b"".join(struct.pack(">I4s", *each[:2]) + each[2] for each in whole)


STRATEGIES: dict[str, st.SearchStrategy[bytes]] = {
    "manifest": st.one_of(
        _spoilt(SEEDS["manifest"], _words),
        st.lists(st.sampled_from(_WORDS) | st.text(max_size=4), max_size=40).map(_written),
        st.binary(max_size=400),
    ),
    "answers": st.one_of(
        st.builds(_crafted, st.integers(0, 2**32), st.integers(0, 255)),
        _spoilt(
            SEEDS["answers"],
            (b'"', b"{", b"[", b"\\u0000", b"NaN", b"-", b"9" * 30, b"true", b"task_id", b"null"),
        ),
        st.binary(max_size=400),
    ),
    "headers": st.one_of(
        st.lists(_line, max_size=8).map(
            lambda lines: "\n".join(f"{n}: {v}" for n, v in lines).encode("latin-1", "replace")
        ),
        st.binary(max_size=300),
    ),
    "video": st.one_of(
        _spoilt(SEEDS["video"], tuple(struct.pack(">I", size) for size in _SIZES) + _BOXES),
        st.builds(_file, st.sampled_from((True, True, False)), st.lists(_box, max_size=12)),
        st.binary(max_size=400),
    ),
}
