"""Downloads that go on where an earlier try stopped (faults.md 2.2, W12 to W18)."""

from dataclasses import replace

import pytest

from tests.files.files_support import ETAG, VIDEO, mp4, part, reply
from tests.outcomes.behaviours import fin, raw, rst, says, silence
from tests.outcomes.scene import Case
from tests.outcomes.test_downloads import GIVEN_UP, LATE, NAME, NEXT, at_port_of

HALF, TOTAL = 1500, len(VIDEO)
OTHER = mp4(b"other!" * 500)
REST = part(VIDEO, HALF)
OLD = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", "Date": "Mon, 01 Jan 2024 00:02:00 GMT"}
FRESH = OLD | {"Date": "Mon, 01 Jan 2024 00:00:30 GMT"}
OVER = replace(LATE, seen=(1, 2, 3))
ASKED = [None, f"bytes={HALF}-"]


def cut(headers=ETAG, then=fin):
    return raw(reply(VIDEO[:HALF], headers=headers, length=TOTAL), then)


def span(text, headers=ETAG):
    return reply(VIDEO[HALF:], 206, headers | {"Content-Range": text})


RESUMED = {
    "W13 the rest": [cut(), raw(REST)],
    "W13 the rest after a reset": [cut(then=rst), raw(REST)],
    "W13 the rest after a silence": [cut(then=silence), raw(REST)],
    "W12 a date that is old enough": [cut(OLD), raw(part(VIDEO, HALF, {"ETag": ""} | OLD))],
    "W15 the whole after all": [cut(), says(200, VIDEO)],
}
ANEW = {
    "W12 a weak ETag": cut({"ETag": 'W/"v1"'}),
    "W12 no validator": cut({}),
    "W12 a date of the same minute": cut(FRESH),
    "W12 an ETag without quotes": cut({"ETag": "v1"}),
}
WRONG = {
    "W14 an earlier start": span(f"bytes 1024-{TOTAL - 1}/{TOTAL}"),
    "W14 another total": span(f"bytes {HALF}-{TOTAL - 1}/{TOTAL + 1}"),
    "W14 an unknown total": span(f"bytes {HALF}-{TOTAL - 1}/*"),
    "W14 not to the end": span(f"bytes {HALF}-{TOTAL - 2}/{TOTAL}"),
    "W14 another unit": span(f"lines {HALF}-{TOTAL - 1}/{TOTAL}"),
    "W14 no Content-Range": reply(VIDEO[HALF:], 206, ETAG),
    "W14 several parts": reply(b"--x", 206, ETAG | {"Content-Type": "multipart/byteranges; boundary=x"}),
    "W16 416": reply(b"", 416, {"Content-Range": f"bytes */{HALF}"}),
    "W16 416 without a range": reply(b"", 416),
    "W17 another ETag": span(f"bytes {HALF}-{TOTAL - 1}/{TOTAL}", {"ETag": '"v2"'}),
    "W18 no validator": span(f"bytes {HALF}-{TOTAL - 1}/{TOTAL}", {}),
}
CASES = [*RESUMED, *ANEW, *WRONG]


def played(folder, expected, files):
    """What came of it, what stands in the tree, and the Range of each request."""
    story = Case(expected, files=files).play(folder)
    asked = [each.header("Range") for each in story.service.seen if each.kind == "file"]
    return story.account, story.tree, asked


@pytest.mark.parametrize("row", RESUMED)
def test_the_rest_is_asked_for_and_appended(row, tmp_path):
    assert played(tmp_path, LATE, RESUMED[row]) == (LATE, {NAME: VIDEO}, ASKED)


@pytest.mark.parametrize("row", ANEW)
def test_without_a_validator_to_trust_the_whole_is_asked_for(row, tmp_path):
    assert played(tmp_path, LATE, [ANEW[row]]) == (LATE, {NAME: VIDEO}, [None, None])


@pytest.mark.parametrize("row", WRONG)
def test_what_is_not_the_rest_starts_over_at_once(row, tmp_path):
    files = [cut(), raw(WRONG[row]), says(200, OTHER)]
    assert played(tmp_path, OVER, files) == (OVER, {NAME: OTHER}, [*ASKED, None])


def test_what_was_received_outlasts_the_process(tmp_path):
    """W13: the next run asks for the rest alone."""
    story = Case(GIVEN_UP, files=[cut(), *[says(500)] * 7]).play(tmp_path)
    later = Case(NEXT, files=[raw(REST)], service=at_port_of(story)).play(tmp_path)
    ((asked,),) = ([each.header("Range")] for each in later.service.seen)
    assert (story.account, later.account, later.tree, asked) == (
        GIVEN_UP,
        NEXT,
        {NAME: VIDEO},
        f"bytes={HALF}-",
    )
