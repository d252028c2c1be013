"""An export of a batch whose tree stands in a bucket: the same bytes as one whose tree stands on a disk."""

import threading

import pytest

from tests.faults.scene import BATCH, scene_in
from tests.storage.near import below, on_a_disk
from tests.storage.test_bucket_run import BUCKET_SETTINGS, TREE

FOX = "fox/normal_1x1/take-01.mp4"
FORMS = ("hf", "webdataset", "parquet", "csv", "jsonl")
SHARDS = ("--format", "webdataset", "--shard-samples", "1")


@pytest.fixture
def made(store, tmp_path):
    """A batch whose four files stand in the bucket."""
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        yield scene


def export(scene, dest, *more):
    return scene.ask("export", BATCH, "-o", str(dest), *more)


@pytest.mark.parametrize("more", [("--split", "1/1", "--seed", "7"), ()], ids=["in two splits", "whole"])
@pytest.mark.parametrize("form", FORMS)
def test_an_export_from_a_bucket_has_the_bytes_of_one_from_a_disk(store, made, tmp_path, form, more):
    far = export(made, tmp_path / "far", "--format", form, *more)
    with on_a_disk(store, made):
        near = export(made, tmp_path / "near", "--format", form, *more)
    assert (far.code, near.code, below(tmp_path / "far") == below(tmp_path / "near")) == (0, 0, True), far.err


def test_embedded_videos_come_from_the_bucket_too(store, made, tmp_path):
    wished = ("--format", "parquet", "--embed")
    far = export(made, tmp_path / "far", *wished)
    with on_a_disk(store, made):
        export(made, tmp_path / "near", *wished)
    assert (far.code, below(tmp_path / "far") == below(tmp_path / "near")) == (0, True)


def test_a_killed_export_goes_on_and_reads_no_video_of_a_finished_shard_again(made, proxy, tmp_path):
    export(made, tmp_path / "whole", *SHARDS)
    read, seen, go_on = [], threading.Event(), threading.Event()

    def hold(asked):
        if asked.method == "GET" and asked.path.endswith(".mp4"):
            read.append(asked.path)
            if len(read) == 3 and not go_on.is_set():
                seen.set()
                go_on.wait(30)

    proxy.before = hold
    words = ("export", BATCH, "-o", str(tmp_path / "dest"), *SHARDS)
    with made.start_other(*words) as process:
        assert seen.wait(60), process.said()
        process.kill()
    go_on.set()
    first = read[:2]
    read.clear()
    done = export(made, tmp_path / "dest", *SHARDS)
    again = set(first) & set(read)
    assert (done.code, again, below(tmp_path / "dest") == below(tmp_path / "whole")) == (0, set(), True)


def test_a_file_that_was_changed_in_the_bucket_stops_it_and_the_way_out_is_named(store, made, tmp_path):
    content = store.get(f"trees/four/{FOX}")
    store.put(f"trees/four/{FOX}", content[:-1] + bytes([content[-1] ^ 1]))
    stopped = export(made, tmp_path / "dest", *SHARDS)
    repaired = made.ask("verify", BATCH, "--repair")
    done = export(made, tmp_path / "dest", *SHARDS)
    said = f"{TREE}/{FOX} does not hold what is recorded" in stopped.err and "--repair" in stopped.err
    assert (stopped.code, said, repaired.code, done.code) == (1, True, 0, 0)


def test_a_file_that_is_gone_from_the_bucket_is_left_out_and_named(store, made, tmp_path):
    store.remove(f"trees/four/{FOX}")
    done = export(made, tmp_path / "dest", "--format", "jsonl")
    videos = [name for name in below(tmp_path / "dest") if name.endswith(".mp4")]
    assert (done.code, f"left out ({FOX})" in done.err, len(videos)) == (1, True, 3)


def test_a_store_that_fails_is_not_taken_for_damage(made, proxy, tmp_path):
    proxy.before = lambda asked: (403, "AccessDenied") if asked.path.endswith(FOX) else None
    refused = export(made, tmp_path / "dest", *SHARDS)
    said = f"{TREE}/{FOX} cannot be read: the store denies it (HTTP 403)" in refused.err
    proxy.before = lambda _: None
    done = export(made, tmp_path / "dest", *SHARDS)
    assert (refused.code, said, done.code) == (2, True, 0), refused.err


def test_a_store_that_is_not_reached_leaves_nothing(made, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    refused = export(made, tmp_path / "dest", *SHARDS)
    found = (refused.code, f"{TREE} cannot be read: the store cannot be reached" in refused.err)
    assert (*found, list(tmp_path.glob("dest*"))) == (2, True, []), refused.err


def test_what_is_in_a_bucket_cannot_be_linked(made, tmp_path):
    refused = export(made, tmp_path / "dest", "--format", "jsonl", "--link")
    said = f"--link: {TREE} is no directory of this machine; leave it out" in refused.err
    assert (refused.code, said, list(tmp_path.glob("dest*"))) == (2, True, [])
