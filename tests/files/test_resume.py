import json

import pytest
from files_support import ETAG, LOOPBACK, VIDEO, box, chunked, fetched, mp4, part, reply, serving

from runner.files.download import FetchRequest, fetch
from runner.files.outcomes import Broken

HALF = 1500
OTHER = mp4(b"other!" * 500)
CUT = reply(VIDEO[:HALF], headers=ETAG, length=len(VIDEO))
OLD = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", "Date": "Mon, 01 Jan 2024 00:02:00 GMT"}
FRESH = OLD | {"Date": "Mon, 01 Jan 2024 00:00:30 GMT"}


def cut_with(headers):
    return reply(VIDEO[:HALF], headers=headers, length=len(VIDEO))


async def fetched_twice(session, root, *scripts, path="/a.mp4?signature=secret"):
    """The outcome of a second try after a cut one, and the Range headers of all requests."""
    async with serving(*scripts) as server:
        assert isinstance(await fetch(session, root, server.request()), Broken)
        return await fetch(session, root, server.request(path)), server.header("Range")


async def test_w13_the_rest_is_asked_for_and_appended(session, root):
    async with serving(CUT, part(VIDEO, HALF)) as server:
        await fetch(session, root, server.request())
        outcome = await fetch(session, root, server.request())
        asked = server.header("Range")[1], server.header("If-Range")[1]
    assert (outcome, asked) == (fetched(VIDEO), (f"bytes={HALF}-", '"v1"'))


async def test_a_fresh_signature_for_the_same_file_goes_on(session, root):
    outcome, asked = await fetched_twice(session, root, CUT, part(VIDEO, HALF), path="/a.mp4?signature=new")
    assert (outcome, asked) == (fetched(VIDEO), [None, f"bytes={HALF}-"])


async def test_another_url_starts_over_though_the_etag_is_equal(session, root):
    outcome, asked = await fetched_twice(session, root, CUT, reply(OTHER, headers=ETAG), path="/b.mp4")
    assert (outcome, asked) == (fetched(OTHER), [None, None])


async def test_an_old_modification_date_will_do(session, root):
    rest = part(VIDEO, HALF, {"ETag": ""} | OLD)
    outcome, asked = await fetched_twice(session, root, cut_with(OLD), rest)
    assert (outcome, asked) == (fetched(VIDEO), [None, f"bytes={HALF}-"])


NOT_RESUMABLE = {
    "a weak ETag": {"ETag": 'W/"v1"'},
    "no validator": {},
    "a date of the same minute": FRESH,
    "a weak ETag beside an old date": {"ETag": 'W/"v1"'} | OLD,
    "an ETag without quotes": {"ETag": "v1"},
    "an endless ETag": {"ETag": f'"{"x" * 2000}"'},
}


@pytest.mark.parametrize("name", NOT_RESUMABLE)
async def test_w12_without_a_validator_to_trust_it_starts_over(name, session, root):
    outcome, asked = await fetched_twice(session, root, cut_with(NOT_RESUMABLE[name]), reply(VIDEO))
    assert (outcome, asked) == (fetched(VIDEO), [None, None])


def span(text, headers=ETAG):
    return reply(VIDEO[HALF:], 206, headers | {"Content-Range": text})


TOTAL = len(VIDEO)
WRONG_PARTS = {
    "W14 an earlier start": span(f"bytes 1024-{TOTAL - 1}/{TOTAL}"),
    "W14 another total": span(f"bytes {HALF}-{TOTAL - 1}/{TOTAL + 1}"),
    "W14 an unknown total": span(f"bytes {HALF}-{TOTAL - 1}/*"),
    "W14 not to the end": span(f"bytes {HALF}-{TOTAL - 2}/{TOTAL}"),
    "W14 another unit": span(f"lines {HALF}-{TOTAL - 1}/{TOTAL}"),
    "W14 no Content-Range": reply(VIDEO[HALF:], 206, ETAG),
    "W14 multipart": reply(b"--x", 206, ETAG | {"Content-Type": "multipart/byteranges; boundary=x"}),
    "W14 a body of another length": reply(
        VIDEO[HALF:-1], 206, ETAG | {"Content-Range": f"bytes {HALF}-{TOTAL - 1}/{TOTAL}"}
    ),
    "W16 416": reply(b"", 416, {"Content-Range": f"bytes */{HALF}"}),
    "W17 another ETag": span(f"bytes {HALF}-{TOTAL - 1}/{TOTAL}", {"ETag": '"v2"'}),
    "W18 no validator": span(f"bytes {HALF}-{TOTAL - 1}/{TOTAL}", {}),
}


@pytest.mark.parametrize("name", WRONG_PARTS)
async def test_an_answer_that_is_not_the_rest_starts_over_at_once(name, session, root):
    outcome, asked = await fetched_twice(session, root, CUT, WRONG_PARTS[name], reply(OTHER))
    assert (outcome, asked) == (fetched(OTHER), [None, f"bytes={HALF}-", None])


async def test_w15_a_whole_answer_to_a_range_replaces_what_was_there(session, root):
    outcome, asked = await fetched_twice(session, root, CUT, reply(OTHER, headers={"ETag": '"v2"'}))
    assert (outcome, asked) == (fetched(OTHER), [None, f"bytes={HALF}-"])


async def test_a_rest_without_a_length_that_ends_too_early_is_not_the_whole_file(session, root):
    """Cut between two fragments it looks whole by its boxes, and the end mark of its chunks says that all came."""
    fragment = box(b"moof", box(b"mfhd", bytes(8))) + box(b"mdat", b"frames" * 300)
    film = mp4() + fragment
    head = f"bytes {HALF}-{len(film) - 1}/{len(film)}"
    early = chunked(film[HALF : -len(fragment)], status=206, headers=ETAG | {"Content-Range": head})
    cut = reply(film[:HALF], headers=ETAG, length=len(film))
    outcome, _ = await fetched_twice(session, root, cut, early)
    assert outcome == Broken(f"{len(mp4())} bytes instead of the {len(film)} announced")


async def test_a_rest_that_is_cut_too_goes_on_from_there(session, root):
    headers = ETAG | {"Content-Range": f"bytes {HALF}-{TOTAL - 1}/{TOTAL}"}
    cut_again = reply(VIDEO[HALF:2000], 206, headers, length=TOTAL - HALF)
    async with serving(CUT, cut_again, part(VIDEO, 2000)) as server:
        outcomes = [await fetch(session, root, server.request()) for _ in range(3)]
        assert (outcomes[2], server.header("Range")[1:]) == (
            fetched(VIDEO),
            [f"bytes={HALF}-", "bytes=2000-"],
        )


async def test_an_expired_url_keeps_what_was_received(session, root):
    async with serving(CUT, reply(b"", 403), part(VIDEO, HALF)) as server:
        outcomes = [await fetch(session, root, server.request()) for _ in range(3)]
    assert outcomes[2] == fetched(VIDEO)


DAMAGE = {
    "a flipped byte, as after a power cut": lambda part, note: part.write_bytes(
        b"\xff" + part.read_bytes()[1:]
    ),
    "a shorter file": lambda part, note: part.write_bytes(part.read_bytes()[:-1]),
    "no file": lambda part, note: part.unlink(),
    "a symlink": lambda part, note: (
        part.rename(part.with_suffix(".old")) and part.symlink_to(part.name + ".old")
    ),
    "no note": lambda part, note: note.unlink(),
    "an empty note": lambda part, note: note.write_bytes(b""),
    "a note that is no object": lambda part, note: note.write_bytes(b"[1]"),
    "a note with an offset that is a word": lambda part, note: spoil(note, offset="x"),
    "a note with an offset past the end": lambda part, note: spoil(note, offset=10**9),
    "a note with an offset of 0": lambda part, note: spoil(note, offset=0),
    "a note with another total": lambda part, note: spoil(note, total_bytes="1"),
    "a note without a key": lambda part, note: note.write_text('{"offset": 1}'),
    "a note too deep to read": lambda part, note: note.write_bytes(b"[" * 1024),
    "a second name": lambda part, note: (part.parent.parent / "final.mp4").hardlink_to(part),
}


def spoil(note, **changes):
    note.write_text(json.dumps(json.loads(note.read_text()) | changes))


@pytest.mark.parametrize("name", DAMAGE)
async def test_a_partial_file_that_cannot_be_trusted_starts_over(name, session, root, tmp_path):
    async with serving(CUT, reply(VIDEO)) as server:
        await fetch(session, root, server.request())
        DAMAGE[name](tmp_path / "out/.partial/job-1", tmp_path / "out/.partial/job-1.json")
        outcome = await fetch(session, root, server.request())
        assert (outcome, server.header("Range")) == (fetched(VIDEO), [None, None])


async def test_bytes_beyond_the_note_are_dropped_not_trusted(session, root, tmp_path):
    async with serving(CUT, part(VIDEO, HALF)) as server:
        await fetch(session, root, server.request())
        partial = tmp_path / "out/.partial/job-1"
        partial.write_bytes(partial.read_bytes() + b"written after the last note" * 1000)
        outcome = await fetch(session, root, server.request())
    assert (outcome, partial.read_bytes()) == (fetched(VIDEO), VIDEO)


async def test_starting_over_never_writes_into_a_file_that_has_its_final_name(session, root, tmp_path):
    async with serving(CUT, reply(OTHER)) as server:
        await fetch(session, root, server.request())
        (tmp_path / "out/final.mp4").hardlink_to(tmp_path / "out/.partial/job-1")
        await fetch(session, root, server.request())
    assert (tmp_path / "out/final.mp4").read_bytes() == VIDEO[:HALF]


async def test_the_note_is_renewed_on_the_way_for_a_process_that_is_killed(session, root, tmp_path):
    body = mp4(bytes(12 * 2**20))
    notes = []

    async with serving(reply(body, headers=ETAG)) as server:
        note = tmp_path / "out/.partial/job-1.json"
        outcome = await fetch(
            session,
            root,
            server.request(),
            now=lambda: notes.append(note.exists() and note.read_text()) or 0.0,
        )
    offsets = {json.loads(each)["offset"] // 2**20 for each in notes if each}
    assert (outcome, offsets - {12}) == (fetched(body), {4, 8})


async def test_a_finished_file_leaves_no_note(session, root, tmp_path):
    async with serving(reply(VIDEO, headers=ETAG)) as server:
        await fetch(session, root, FetchRequest(server.url(), "job-1", LOOPBACK))
    assert [each.name for each in (tmp_path / "out/.partial").iterdir()] == ["job-1"]


@pytest.mark.parametrize("name", ["", ".", "..", "lock", "a/b", "../x", "a.json", "-x", "a\0b", "x" * 300])
async def test_a_partial_file_cannot_have_such_a_name(name, session, root):
    with pytest.raises(ValueError, match="not the name of a partial file"):
        await fetch(session, root, FetchRequest("http://127.0.0.1:9/", name, LOOPBACK))
