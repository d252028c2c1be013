"""Looking at the videos of a batch whose tree stands in a bucket: in a browser, as contact sheets, and by a run."""

import contextlib

import pytest

from runner.app.serving import subject_of
from runner.app.workplace import Workplace
from runner.review.server import reviewing
from tests.faults.scene import BATCH, scene_in
from tests.review.review_support import Visitor
from tests.storage.cloud import KEY_ID, SECRET, rows_of
from tests.storage.near import below, on_a_disk
from tests.storage.test_bucket_run import BUCKET_SETTINGS, LARGE, QUICK, tree_of, without_list

FOX = "fox/normal_1x1/take-01.mp4"
SEEN = ("width", "height", "duration", "fps")


@pytest.fixture
def made(store, tmp_path):
    """A batch whose four files stand in the bucket."""
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        yield scene


@contextlib.asynccontextmanager
async def review(scene):
    place = Workplace.at(f"sqlite:///{scene.state}", sandbox=False)
    async with reviewing(subject_of(place, BATCH)) as url:
        yield Visitor(url, None)


async def test_a_video_comes_out_of_the_bucket_whole_or_in_part(store, made):
    video = store.get(f"trees/four/{FOX}")
    async with review(made) as visitor:
        whole = await visitor.ask(FOX)
        part = await visitor.ask(FOX, {"Range": "bytes=100-199"})
        known = await visitor.ask(FOX, {"If-None-Match": whole.headers["ETag"]})
        beyond = await visitor.ask(FOX, {"Range": f"bytes={len(video)}-"})
    assert [(one.status, one.body) for one in (whole, part, known, beyond)] == [
        (200, video),
        (206, video[100:200]),
        (304, b""),
        (416, b""),
    ]


async def test_neither_keys_nor_signed_addresses_reach_the_browser(store, made):
    async with review(made) as visitor:
        page, video = await visitor.ask(), await visitor.ask(FOX)
    told = page.body + repr(page.headers).encode() + repr(video.headers).encode()
    shown = [one for one in (SECRET, KEY_ID, "X-Amz", store.url) if one.encode() in told]
    assert (page.status, video.status, shown) == (200, 200, [])


@pytest.fixture
def large(proxy, tmp_path):
    """A batch with two large files, made through the proxy."""
    options = {"file_size_bytes": LARGE, "two_files": 0.0}
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, prompts=("fox",), **options) as scene:
        assert scene.resume().code == 0
        proxy.asked.clear()
        yield scene


async def test_a_part_of_a_large_video_is_all_that_is_read_of_it(store, proxy, large):
    video = store.get(f"trees/four/{FOX}")
    async with review(large) as visitor:
        part = await visitor.ask(FOX, {"Range": f"bytes={len(video) - 1000}-"})
    ways = [one.method for one in proxy.asked]
    assert (part.status, part.body == video[-1000:], ways) == (206, True, ["HEAD", "GET"])


async def test_a_video_that_is_another_now_is_not_shown(store, made):
    store.put(f"trees/four/{FOX}", b"a person's own film")
    async with review(made) as visitor:
        answer = await visitor.ask(FOX)
    assert answer.status == 404


async def test_a_store_that_fails_is_said_and_choices_go_on(made, proxy):
    proxy.before = lambda _: (403, "AccessDenied")
    async with review(made) as visitor:
        answer = await visitor.ask(FOX)
        chosen = await visitor.choose({"jobs": [made.jobs()[0]["job_id"]], "set": {"flag": "keep"}})
    assert (answer.status, "the store denies it" in answer.json["error"], chosen.status) == (503, True, 200)


def test_a_sheet_shows_what_one_of_a_tree_on_a_disk_shows(store, made, tmp_path):
    far = made.ask("sheet", BATCH, "-o", str(tmp_path / "far"))
    left = [path.name for path in made.state.with_name("runner.db.spool").rglob("*") if path.is_file()]
    with on_a_disk(store, made):
        near = made.ask("sheet", BATCH, "-o", str(tmp_path / "near"))
    drawn = below(tmp_path / "far")
    assert (far.code, near.code, sorted(drawn), drawn == below(tmp_path / "near"), left) == (
        *(0, 0),
        ["fox.png", "owl.png"],
        *(True, ["lock"]),
    )


def test_sheets_stand_in_the_working_directory_unless_a_folder_is_named(made):
    done = made.ask("sheet", BATCH)
    refused = made.ask("sheet", BATCH, "-o", "s3://films/sheets")
    assert (done.code, sorted(below(made.root / "four-sheets")), refused.code) == (
        *(0, ["fox.png", "owl.png"]),
        2,
    )


def test_a_sheet_of_a_store_that_fails_is_none(made, proxy, tmp_path):
    proxy.before = lambda asked: (403, "AccessDenied") if asked.path.endswith(".mp4") else None
    refused = made.ask("sheet", BATCH, "-o", str(tmp_path / "far"))
    assert (refused.code, "cannot be read: the store denies it" in refused.err) == (2, True)


def test_a_run_looks_into_the_videos_of_a_bucket_as_of_a_disk(store, made, tmp_path):
    with scene_in(tmp_path / "local", settings=QUICK, two_files=0.0) as scene:
        assert scene.resume().code == 0
        local = rows_of((scene.output / "metadata.jsonl").read_bytes())
    cloud = rows_of(tree_of(store)["metadata.jsonl"])

    def seen(rows):
        return {row["file_name"]: [row[name] for name in SEEN] for row in rows}

    assert (seen(cloud), sorted(without_list(tree_of(store)))) == (seen(local), sorted(seen(local)))
    assert all(all(values) for values in seen(cloud).values())
