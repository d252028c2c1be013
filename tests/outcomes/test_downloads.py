"""Downloads (faults.md 2.2): a file is whole under its final name, or it is not there; money moves in no row."""

import errno
import gzip
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from tests.files.files_support import VIDEO, box, chunked, failing, part, reply
from tests.outcomes.behaviours import dripping, fin, raw, redirect, rst, says, silence, with_files
from tests.outcomes.scene import DONE, Account, Case
from tests.outcomes.service import Behaviour, deliver

NAME = "p0/take-01.mp4"
NO_HEAD = b"HTTP/1.0 200 OK\r\n\r\n"
FRAGMENTED = VIDEO + box(b"moof", b"x" * 20) + box(b"mdat", b"y" * 20)
OPEN_ENDED = box(b"ftyp", b"isom\0\0\2\0") + box(b"moov", bytes(8)) + b"\0\0\0\0mdat" + b"frames"


@dataclass(frozen=True)
class Row:
    """A case, and what stands in the tree afterwards."""

    case: Case
    tree: Mapping[str, bytes] = field(default_factory=dict)

    def holds(self, folder) -> None:
        story = self.case.play(folder)
        assert (story.account, story.tree) == (self.case.expected, self.tree)


def at_port_of(story) -> dict[str, int]:
    """A later service at the same address, where the URLs of the earlier one still lead."""
    return {"port": story.service.port}


NEXT = replace(DONE, posts=(), asks=(), seen=(0, 0, 1))


def there(expected: Account, *files: Behaviour, body: bytes = VIDEO, **more) -> Row:
    return Row(Case(expected, files=files, **more), {NAME: body})


def absent(expected: Account, *files: Behaviour, **more) -> Row:
    return Row(Case(expected, files=files, **more))


LATE = replace(DONE, asks=("Completed",) * 2, fetches=("Broken", "Fetched"), seen=(1, 2, 2))
RENEWED = replace(LATE, fetches=("Expired", "Fetched"))
NOT_YET = replace(DONE, places=(), jobs=(("fetching", "download"),), code=1)
GIVEN_UP = replace(NOT_YET, asks=("Completed",) * 2, fetches=("Broken",) * 8, seen=(1, 2, 8))
EXPIRED = replace(NOT_YET, asks=("Completed",) * 9, fetches=("Expired",) * 8, seen=(1, 9, 8))
REFUSED = replace(EXPIRED, fetches=("Refused",) * 8)
NEVER_ASKED = replace(REFUSED, seen=(1, 9, 0))
DISK = replace(NOT_YET, jobs=(("fetching", "disk"),))
FULL = replace(DISK, fetches=("DiskFull",))
BROKEN_DISK = replace(DISK, fetches=("DiskFailed",))
CONFLICT = replace(DISK, places=("Conflict",))

WHOLE = {
    "W7 chunks with their end": there(DONE, raw(chunked(VIDEO))),
    "W7 HTTP/1.0 without a length": there(DONE, raw(NO_HEAD + VIDEO)),
    "W9 mdat to the end, length announced": there(DONE, raw(reply(OPEN_ENDED)), body=OPEN_ENDED),
    "W9 fragments, length announced": there(DONE, raw(reply(FRAGMENTED)), body=FRAGMENTED),
    "W10 a video that calls itself a page": there(DONE, says(200, VIDEO, Content_Type="text/html")),
    "W38 a suggested name": there(
        DONE, says(200, VIDEO, Content_Disposition='attachment; filename="../../x.exe"')
    ),
    "W38 a name in the URL": there(DONE, asks=[with_files("%2e%2e/x.exe?name=../y")]),
    "W22 a redirect": there(replace(DONE, seen=(1, 1, 2)), redirect(302)),
    "W22 five redirects": there(replace(DONE, seen=(1, 1, 6)), *[redirect(307)] * 5),
}

EXPIRY = {
    **{f"W1 {status}": there(RENEWED, says(status, b"<Error/>")) for status in (401, 403, 404, 410)},
    "W1 a 400 that tells of expiry": there(RENEWED, says(400, b"<Error><Code>ExpiredToken</Code></Error>")),
    "W1 for ever": absent(EXPIRED, *[says(403)] * 9),
}

NOT_A_VIDEO = {
    "W4 400": says(400, b"bad"),
    "W4 429": says(429, b"", Retry_After=1),
    "W4 500": says(500, b"oops"),
    "W4 503": says(503, b"busy"),
    "W4 FIN": fin,
    "W4 RST": rst,
    "W4 RST in the middle": raw(reply(VIDEO[:1000], length=len(VIDEO)), rst),
    "W4 silence": silence,
    "W4 silence in the middle": raw(reply(VIDEO[:1000], length=len(VIDEO)), silence),
    "W4 a head that drips": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x", 10.0),
    "W4 not HTTP": raw(b"hello\r\n\r\n"),
    "W4 two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
    "W5 shorter than announced": raw(reply(VIDEO, length=len(VIDEO) + 9)),
    "W6 longer than announced": raw(reply(VIDEO) + b"more"),
    "W7 chunks without their end": raw(chunked(VIDEO, ended=False)),
    "W7 a bad chunk": raw(chunked(VIDEO, ended=False) + b"zz\r\n"),
    "W7 no length, cut in a box": raw(NO_HEAD + VIDEO[:-5]),
    "W7 no length, cut between boxes": raw(NO_HEAD + VIDEO[: VIDEO.index(b"mdat") - 4]),
    "W7 no length, mdat to the end": raw(NO_HEAD + OPEN_ENDED),
    "W7 no length, cut between fragments": raw(NO_HEAD + FRAGMENTED),
    "W8 empty": says(200),
    "W8 204": raw(b"HTTP/1.1 204 X\r\n\r\n"),
    "W8 a few bytes": says(200, VIDEO[:20]),
    "W9 announced and cut": says(200, VIDEO[:-5]),
    "W9 ftyp alone": says(200, box(b"ftyp", b"isom\0\0\2\0")),
    "W9 no mdat": says(200, VIDEO[: VIDEO.index(b"mdat") - 4]),
    "W9 a picture": says(200, b"\x89PNG\r\n\x1a\n" + bytes(2000)),
    "W10 an HTML page": says(200, b"<!DOCTYPE html><title>Sorry", Content_Type="video/mp4"),
    "W10 XML": says(200, b"<?xml version='1.0'?><Error/>", Content_Type="video/mp4"),
    "W10 JSON": says(200, b'{"error": "no"}', Content_Type="video/mp4"),
    "W11 gzip": says(200, gzip.compress(VIDEO), Content_Encoding="gzip"),
    "W11 br": says(200, VIDEO, Content_Encoding="br"),
    "W14 a part that nobody asked for": raw(part(VIDEO, 0)),
    "W22 a redirect to nowhere": says(302),
    "W22 a redirect to no URL": redirect(302, "http://[::1"),
    "W36 a byte every 6 s": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x", 6.0),
}
AGAIN = {name: there(LATE, behave) for name, behave in NOT_A_VIDEO.items()} | {
    f"{name}, for ever": absent(GIVEN_UP, *[NOT_A_VIDEO[name]] * 8)
    for name in (
        "W4 503",
        "W5 shorter than announced",
        "W9 announced and cut",
        "W10 an HTML page",
        "W11 gzip",
    )
}
AGAIN |= {
    "W22 a loop": there(replace(LATE, seen=(1, 2, 7)), *[redirect(302)] * 6),
    "W4 nobody is there": absent(
        replace(GIVEN_UP, seen=(1, 2, 0)), asks=[with_files("http://127.0.0.1:1/a.mp4")] * 2
    ),
}  # fmt: skip

INNER = (
    "http://10.0.0.1/a", "http://192.168.1.1/a", "http://169.254.169.254/a", "http://100.64.0.1/a",
    "http://[::ffff:10.0.0.1]/a", "http://0x0a000001/a", "http://224.0.0.1/a", "http://[fe80::1]/a",
    "ftp://127.0.0.1/a", "file:///etc/passwd", "http://user:word@127.0.0.1/a",
)  # fmt: skip
POLICY = {
    **{f"W21 a redirect to {url}": absent(REFUSED, *[redirect(302, url)] * 8) for url in INNER},
    **{
        f"W21 the URL {url}": absent(NEVER_ASKED, asks=[with_files(url)] * 9)
        for url in ("http://10.0.0.1/a", "http://169.254.169.254/a", "http://0x0a000001/a")
    },
    "W19 ten terabytes": absent(REFUSED, *[raw(reply(b"", length=10**13))] * 8),
}


def planted(body: bytes):
    def plant(_shop, out):
        (out / "p0").mkdir()
        (out / NAME).write_bytes(body)

    return plant


def taken_by(make):
    def plant(_shop, out):
        (out / "p0").mkdir()
        make(out / NAME)

    return plant


def a_socket(path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        folder = os.open(path.parent, os.O_RDONLY)  # its own path may be too long for a socket
        sock.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


IN_THE_WAY = {
    "a directory": lambda path: path.mkdir(),
    "a symlink to nowhere": lambda path: path.symlink_to("nowhere"),
    "a FIFO": os.mkfifo,
    "a socket": a_socket,
}
PLACES = {
    "W26 EIO at the sync": absent(BROKEN_DISK, disk=failing("sync", errno.EIO)),
    "W26 EROFS at a write": absent(BROKEN_DISK, disk=failing("write", errno.EROFS)),
    "W26 EIO at the link": absent(
        replace(DISK, places=("DiskFailed",)), disk=failing("link", errno.EIO)
    ),
    "W26 ENOSPC at a write": absent(FULL, disk=failing("write", errno.ENOSPC)),
    "W26 EDQUOT at the sync": absent(FULL, disk=failing("sync", errno.EDQUOT)),
    "W28 the same file is there": there(
        replace(DONE, places=("AlreadyThere",)), before=planted(VIDEO)
    ),
    "W29 another file is there": there(CONFLICT, before=planted(b"a holiday"), body=b"a holiday"),
    **{f"W30 {name}": absent(CONFLICT, before=taken_by(make)) for name, make in IN_THE_WAY.items()},
    "W30 a file in the place of its directory": Row(
        Case(CONFLICT, before=lambda _shop, out: (out / "p0").write_bytes(b"mine")), {"p0": b"mine"}
    ),
}  # fmt: skip

CASES = WHOLE | EXPIRY | AGAIN | POLICY | PLACES


@pytest.mark.parametrize("row", CASES)
def test_a_file_is_whole_under_its_name_or_is_not_there(row, tmp_path):
    CASES[row].holds(tmp_path)


def test_a_fresh_url_is_asked_for_and_taken(tmp_path):
    """W1."""
    story = Case(RENEWED, asks=[with_files("old"), with_files("new")], files=[says(403)]).play(tmp_path)
    targets = [each.target for each in story.service.seen if each.kind == "file"]
    assert (story.account, targets) == (RENEWED, ["/old", "/new"])


def test_tries_are_further_and_further_apart_but_never_more_than_a_minute(tmp_path):
    """W4."""
    story = Case(GIVEN_UP, files=[says(503)] * 8).play(tmp_path)
    at = [each.at for each in story.service.seen if each.kind == "file"]
    gaps = [after - before for before, after in pairwise(at)]
    assert all(gap <= min(2.0**tried, 60.0) + 1.0 for tried, gap in enumerate(gaps))
    assert sum(gaps) > 10.0


@pytest.mark.parametrize("trouble", [says(503), says(403), says(200, VIDEO[:-5])], ids=["503", "403", "cut"])
def test_the_next_run_begins_again_and_pays_nothing(trouble, tmp_path):
    """W4."""
    story = Case(GIVEN_UP, files=[trouble] * 8).play(tmp_path)
    assert story.account.jobs == GIVEN_UP.jobs
    there(NEXT, service=at_port_of(story)).holds(tmp_path)


def test_only_the_file_that_failed_is_fetched_again(tmp_path):
    """W37: the first of two is there, the second is not; the next run fetches the second alone."""
    two = with_files("a", "b")
    first = replace(GIVEN_UP, fetches=("Fetched", *GIVEN_UP.fetches), places=("Placed",), seen=(1, 2, 9))
    story = Case(first, asks=[two, two], files=[deliver, *[says(500)] * 8]).play(tmp_path)
    assert (story.account, story.tree) == (first, {"p0/take-01-1.mp4": VIDEO})
    both = {"p0/take-01-1.mp4": VIDEO, "p0/take-01-2.mp4": VIDEO}
    Row(Case(NEXT, service=at_port_of(story)), both).holds(tmp_path)


def test_room_that_was_made_lets_the_next_run_go_on(tmp_path):
    """W26."""
    story = CASES["W26 ENOSPC at a write"].case.play(tmp_path)
    assert story.account == FULL
    there(NEXT, service=at_port_of(story)).holds(tmp_path)


def test_a_download_carries_nothing_that_is_ours(tmp_path):
    """W21: neither the token nor a Range that nobody could answer."""
    story = Case(DONE, files=[redirect(302)]).play(tmp_path)
    heads = [each.head.lower() for each in story.service.seen if each.kind == "file"]
    assert [
        word for head in heads for word in (b"authorization", b"token", b"cookie", b"range") if word in head
    ] == []
