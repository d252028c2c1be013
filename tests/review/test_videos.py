"""The files: those that the state lists, and no other, whole or in part."""

import os

import pytest

from tests.review.review_support import VIDEO, job_of

PATH = "p0/take-01.mp4"
SIZE = len(VIDEO)


async def test_a_video_is_had_whole_under_its_type_and_its_hash(stage):
    async with stage.review() as visitor:
        answer = await visitor.ask(PATH)
    headers = answer.headers
    assert (answer.status, answer.body == VIDEO, headers["Content-Type"], headers["Accept-Ranges"]) == (
        200,
        True,
        "video/mp4",
        "bytes",
    )
    assert len(headers["ETag"].strip('"')) == 64


RANGES = {
    "bytes=0-99": (206, VIDEO[:100], f"bytes 0-99/{SIZE}"),
    "bytes=1000-": (206, VIDEO[1000:], f"bytes 1000-{SIZE - 1}/{SIZE}"),
    "bytes=-24": (206, VIDEO[-24:], f"bytes {SIZE - 24}-{SIZE - 1}/{SIZE}"),
    "bytes=-99999": (206, VIDEO, f"bytes 0-{SIZE - 1}/{SIZE}"),
    "bytes=1020-99999": (206, VIDEO[1020:], f"bytes 1020-{SIZE - 1}/{SIZE}"),
    f"bytes={SIZE - 1}-": (206, VIDEO[-1:], f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"),
    f"bytes={SIZE}-": (416, b"", f"bytes */{SIZE}"),
    "bytes=99999-99999": (416, b"", f"bytes */{SIZE}"),
    "bytes=-0": (416, b"", f"bytes */{SIZE}"),
    "bytes=0-0,5-9": (200, VIDEO, None),
    "bytes=9-5": (200, VIDEO, None),
    "bytes=-": (200, VIDEO, None),
    "bytes=a-b": (200, VIDEO, None),
    "lines=0-9": (200, VIDEO, None),
    "bytes=" + "9" * 40 + "-": (200, VIDEO, None),
}


@pytest.mark.parametrize("wanted", RANGES)
async def test_a_part_is_what_was_asked_for_or_the_whole(stage, wanted):
    async with stage.review() as visitor:
        answer = await visitor.ask(PATH, {"Range": wanted})
    assert (answer.status, answer.body, answer.headers.get("Content-Range")) == RANGES[wanted]
    assert int(answer.headers["Content-Length"]) == len(answer.body)


async def test_a_part_of_what_has_become_another_file_is_the_whole(stage):
    async with stage.review() as visitor:
        etag = (await visitor.ask(PATH)).headers["ETag"]
        asked = [{"Range": "bytes=0-9", "If-Range": each} for each in (etag, '"other"')]
        assert [(await visitor.ask(PATH, each)).status for each in asked] == [206, 200]


async def test_what_the_browser_has_already_is_not_sent_again(stage):
    async with stage.review() as visitor:
        etag = (await visitor.ask(PATH)).headers["ETag"]
        given = (etag, f"W/{etag}", f'"x", {etag}', "*", '"x"')
        answers = [await visitor.ask(PATH, {"If-None-Match": each}) for each in given]
    assert [(one.status, len(one.body)) for one in answers] == [(304, 0)] * 4 + [(200, SIZE)]


async def test_the_head_of_a_video_has_its_length_and_no_body(stage):
    async with stage.review() as visitor:
        answer = await visitor.ask(PATH, {"Range": "bytes=0-9"}, method="HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, str(SIZE), b"")


async def test_a_video_longer_than_a_block_comes_whole(empty):
    empty.enrol(job_of(0))
    content = os.urandom(1_000_003)
    empty.finish(0, content)
    async with empty.review() as visitor:
        whole, part = await visitor.ask(PATH), await visitor.ask(PATH, {"Range": "bytes=300000-900000"})
    assert (whole.body == content, part.body == content[300000:900001]) == (True, True)


SPELLINGS = (
    "../secret.mp4",
    "p0/../../secret.mp4",
    "p0/../p0/take-01.mp4",
    "./p0/take-01.mp4",
    "p0//take-01.mp4",
    "/p0/take-01.mp4",
    "//etc/passwd",
    "/etc/passwd",
    "%2e%2e/secret.mp4",
    "%2E%2E/secret.mp4",
    ".%2e/secret.mp4",
    "%252e%252e/secret.mp4",
    "..%2fsecret.mp4",
    "..%5csecret.mp4",
    "..\\secret.mp4",
    "p0%2ftake-01.mp4",
    "p0%2Ftake-01.mp4",
    "p0/take-01.mp4%00",
    "p0/take-01.mp4%00.html",
    "p0/take-01.mp4/",
    "p0/take-01.mp4/.",
    "p0/take-01.mp4%20",
    "P0/take-01.mp4",
    "p0/take%2d01.mp",
    "p0/%ff",
    "%c0%ae%c0%ae/secret.mp4",
    "p0",
    "p0/",
    "metadata.jsonl",
    "index.html",
    ".partial/secret.mp4",
    ".partial/lock",
    "stray.mp4",
    "file:///etc/passwd",
    "p0/take-01.mp4;x",
    "~/secret.mp4",
)


@pytest.mark.parametrize("path", SPELLINGS)
async def test_a_path_that_the_state_does_not_list_is_not_there(stage, path):
    (stage.tree.parent / "secret.mp4").write_bytes(b"secret")
    (stage.tree / ".partial").mkdir()
    for name in (".partial/secret.mp4", ".partial/lock", "metadata.jsonl", "index.html", "stray.mp4"):
        (stage.tree / name).write_bytes(b"secret")
    async with stage.review() as visitor:
        answer = await visitor.ask(path)
    assert (answer.status, b"secret" in answer.body) == (404, False)


async def test_a_name_that_needs_escapes_is_found_by_them(empty):
    path = "ein füchs & <b>%2f/take-01"
    empty.enrol(job_of(0, path=path))
    file = empty.finish(0)
    moved = empty.tree / "ein füchs & <b>%2f"
    file.parent.rename(moved)
    empty.do(lambda c: c.exec_driver_sql("UPDATE file SET path = ?", (f"{path}.mp4",)))
    async with empty.review() as visitor:
        answer = await visitor.ask("ein%20f%C3%BCchs%20&%20%3Cb%3E%252f/take-01.mp4")
    assert (answer.status, answer.body == VIDEO) == (200, True)


def link_the_file(stage):
    file = stage.tree / PATH
    file.rename(stage.tree.parent / "elsewhere.mp4")
    file.symlink_to(stage.tree.parent / "elsewhere.mp4")


def link_the_folder(stage):
    (stage.tree / "p0").rename(stage.tree.parent / "elsewhere")
    (stage.tree / "p0").symlink_to(stage.tree.parent / "elsewhere")


def put_a_pipe(stage):
    (stage.tree / PATH).unlink()
    os.mkfifo(stage.tree / PATH)


def put_a_folder(stage):
    (stage.tree / PATH).unlink()
    (stage.tree / PATH).mkdir()


def take_it_away(stage):
    (stage.tree / PATH).unlink()


def edit_it(stage):
    (stage.tree / PATH).write_bytes(b"an edit")


def take_the_tree_away(stage):
    stage.tree.rename(stage.tree.parent / "gone")


def want_it_again(stage):
    stage.do(lambda c: c.exec_driver_sql("UPDATE file SET state = 'wanted' WHERE job = 1"))


def name_a_partial(stage):
    (stage.tree / ".partial").mkdir()
    (stage.tree / ".partial" / "a").write_bytes(VIDEO)
    stage.do(lambda c: c.exec_driver_sql("UPDATE file SET path = '.partial/a' WHERE job = 1"))


IN_THE_WAY = (
    link_the_file,
    link_the_folder,
    put_a_pipe,
    put_a_folder,
    take_it_away,
    edit_it,
    take_the_tree_away,
    want_it_again,
    name_a_partial,
)


@pytest.mark.parametrize("happens", IN_THE_WAY)
async def test_what_is_not_the_file_that_was_placed_is_not_there_and_the_page_is(stage, happens):
    async with stage.review() as visitor:
        happens(stage)
        answers = [await visitor.ask(PATH), await visitor.ask(".partial/a"), await visitor.ask()]
    assert [one.status for one in answers] == [404, 404, 200]


async def test_a_video_that_comes_later_is_had_at_once(stage):
    async with stage.review() as visitor:
        before = await visitor.ask("p3/take-01.mp4")
        stage.finish(3)
        after = await visitor.ask("p3/take-01.mp4")
    assert (before.status, after.status) == (404, 200)


async def test_a_video_of_another_batch_is_not_there(stage):
    stage.do(
        lambda c: c.exec_driver_sql(
            "INSERT INTO batch SELECT 2, 'autumn'"
            ", manifest, provider, output_dir, api_origin, price_credits, price_usd, 0, null, null, 0, 0, 0, 0, null, 0, created_at, updated_at, 0, 0 FROM batch"
        )
    )
    stage.do(lambda c: c.exec_driver_sql("UPDATE job SET batch = 2 WHERE id = 1"))
    async with stage.review() as visitor:
        assert [(await visitor.ask(f"p{rank}/take-01.mp4")).status for rank in (0, 1)] == [404, 200]
