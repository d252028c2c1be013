"""An export into a bucket: the keys and bytes that it has in a directory, whoever is killed meanwhile."""

import threading

import pytest

from tests.faults.scene import BATCH, scene_in
from tests.storage.near import below
from tests.storage.test_bucket_run import BUCKET_SETTINGS, LARGE, QUICK, TREE

DEST = "s3://films/sets/spring"
MARK = "sets/spring.partial/export"
FORMS = ("hf", "webdataset", "parquet", "csv", "jsonl")
SHARDS = ("--format", "webdataset", "--shard-samples", "1")


@pytest.fixture
def made(store, tmp_path):
    """A batch whose four files stand in a local tree."""
    with scene_in(tmp_path / "local", settings=QUICK, two_files=0.0) as scene:
        assert scene.resume().code == 0
        yield scene


@pytest.fixture
def large(store, tmp_path):
    """One with two files that go in parts."""
    options = {"file_size_bytes": LARGE, "two_files": 0.0}
    with scene_in(tmp_path / "large", settings=QUICK, prompts=("fox",), **options) as scene:
        assert scene.resume().code == 0
        yield scene


def export(scene, dest, *more):
    return scene.ask("export", BATCH, "-o", str(dest), *more)


def keys(store):
    """What stands below the prefix of DEST, and what was left beside it."""
    found = {key: content for key, content in store.keys().items() if key.startswith("sets/")}
    return {key.removeprefix("sets/spring/"): content for key, content in found.items()}


def left_behind(scene):
    return [path for path in scene.state.parent.iterdir() if "exports" in path.name]


@pytest.mark.parametrize("more", [("--split", "1/1", "--seed", "7"), ()], ids=["in two splits", "whole"])
@pytest.mark.parametrize("form", FORMS)
def test_an_export_into_a_bucket_has_the_bytes_of_one_into_a_directory(store, made, tmp_path, form, more):
    far = export(made, DEST, "--format", form, *more)
    near = export(made, tmp_path / "near", "--format", form, *more)
    assert (far.code, near.code, keys(store) == below(tmp_path / "near"), left_behind(made)) == (
        *(0, 0),
        *(True, []),
    ), far.err


@pytest.mark.parametrize("form", ["hf", "webdataset"])
def test_large_files_go_in_parts_and_none_of_them_is_left(store, large, tmp_path, form):
    far = export(large, DEST, "--format", form)
    export(large, tmp_path / "near", "--format", form)
    assert (far.code, keys(store) == below(tmp_path / "near"), store.uploads()) == (0, True, [])


def test_an_export_from_one_prefix_to_another_has_the_same_bytes(store, tmp_path):
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        far, near = export(scene, DEST, *SHARDS), export(scene, tmp_path / "near", *SHARDS)
    assert (far.code, near.code, keys(store) == below(tmp_path / "near")) == (0, 0, True)


@pytest.mark.parametrize("is_done", [False, True], ids=["before the store has it", "before it is known"])
@pytest.mark.parametrize("end", ["train-000002.tar", "_index.json", "README.md"])
def test_a_killed_export_goes_on_and_puts_no_finished_shard_again(store, made, proxy, tmp_path, end, is_done):
    reached, go_on = threading.Event(), threading.Event()

    def hold(asked):
        if asked.puts(f"/spring/{end}") and not reached.is_set():
            reached.set()
            go_on.wait(30)
            return None if is_done else (503, "SlowDown")
        return None

    setattr(proxy, "after" if is_done else "before", hold)
    with made.start_other("export", BATCH, "-o", DEST, *SHARDS) as process:
        assert reached.wait(60), process.said()
        process.kill()
    go_on.set()
    begun = MARK in store.sizes()
    proxy.asked.clear()
    done = export(made, DEST, *SHARDS)
    again = [one.path for one in proxy.asked if any(one.puts(f"00000{number}.tar") for number in (0, 1))]
    export(made, tmp_path / "near", *SHARDS)
    assert (begun, done.code, again, keys(store) == below(tmp_path / "near"), left_behind(made)) == (
        *(True, 0),
        *([], True, []),
    ), done.err


def test_an_export_that_is_killed_between_parts_leaves_none_of_them(store, large, proxy, tmp_path):
    reached, go_on = threading.Event(), threading.Event()

    def hold(asked):
        if asked.is_part and not reached.is_set():
            reached.set()
            go_on.wait(30)

    proxy.after = hold
    with large.start_other("export", BATCH, "-o", DEST, "--format", "jsonl") as process:
        assert reached.wait(60), process.said()
        process.kill()
    go_on.set()
    left = store.uploads()
    done = export(large, DEST, "--format", "jsonl")
    export(large, tmp_path / "near", "--format", "jsonl")
    assert (bool(left), done.code, keys(store) == below(tmp_path / "near"), store.uploads()) == (
        *(True, 0),
        *(True, []),
    ), done.err


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_damaged_file_stops_it_and_is_not_under_its_key(store, request, size):
    scene = request.getfixturevalue("made" if size == "small" else "large")
    video = scene.output / "fox/normal_1x1/take-01.mp4"
    content = video.read_bytes()
    video.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    stopped = export(scene, DEST, "--format", "jsonl")
    there = "videos/fox/normal_1x1/take-01.mp4" in keys(store)
    video.write_bytes(content)
    done = export(scene, DEST, "--format", "jsonl")
    assert (stopped.code, "does not hold what is recorded" in stopped.err, there, store.uploads()) == (
        *(1, True),
        *(False, []),
    )
    assert (done.code, MARK in store.sizes()) == (0, False)


def test_a_place_where_something_is_already_is_not_touched(store, made):
    store.put("sets/spring/theirs", b"theirs")
    refused = export(made, DEST, *SHARDS)
    said = "there is something already; name another DEST" in refused.err
    assert (refused.code, said, keys(store)) == (2, True, {"theirs": b"theirs"})


def test_a_key_that_somebody_takes_meanwhile_is_not_overwritten(store, made, proxy):
    def intrude(asked):
        if asked.puts("train-000001.tar"):
            store.put("sets/spring/train-000001.tar", b"theirs")

    proxy.before = intrude
    refused = export(made, DEST, *SHARDS)
    proxy.before = lambda _: None
    again = export(made, DEST, *SHARDS)
    kept = keys(store)["train-000001.tar"]
    said = f"{DEST}/train-000001.tar: something else is there" in refused.err
    assert (refused.code, again.code, said, kept, MARK in store.sizes()) == (2, 2, True, b"theirs", True)


def test_a_key_that_somebody_takes_while_it_goes_up_in_parts_is_not_overwritten(store, large, proxy):
    video = "sets/spring/videos/fox/normal_1x1/take-01.mp4"

    def intrude(asked):
        if asked.is_part and video in asked.path and video not in store.sizes():
            store.put(video, b"theirs")

    proxy.before = intrude
    refused = export(large, DEST, "--format", "jsonl")
    said = "take-01.mp4: something else is there" in refused.err
    assert (refused.code, said, store.get(video), store.uploads()) == (2, True, b"theirs", [])


def test_one_that_was_begun_otherwise_is_not_mixed_with_another(store, made, proxy):
    proxy.before = lambda asked: (403, "AccessDenied") if asked.puts("train-000001.tar") else None
    failed = export(made, DEST, *SHARDS)
    proxy.before = lambda _: None
    before = keys(store)
    refused = export(made, DEST, "--format", "jsonl")
    assert (failed.code, refused.code, "an export was begun there" in refused.err, keys(store) == before) == (
        *(2, 2),
        *(True, True),
    )
    assert "cannot be written: the store denies it" in failed.err


def test_a_store_that_would_overwrite_is_not_used(store, made, proxy):
    proxy.drops_conditions = True
    refused = export(made, DEST, *SHARDS)
    assert (refused.code, "the store overwrites a key" in refused.err, keys(store)) == (2, True, {})


REFUSED = {
    "s3://films": "name a prefix in the bucket",
    "s3://AKIA:hush@films/x": "a URL with credentials in it",
    "s3://absent-bucket/x": "there is no such bucket",
}


@pytest.mark.parametrize("dest", REFUSED)
def test_a_place_that_is_none_is_refused_without_its_secrets(made, dest):
    refused = export(made, dest, *SHARDS)
    assert (refused.code, REFUSED[dest] in refused.err, "hush" in refused.err) == (2, True, False)


@pytest.mark.parametrize(
    ("more", "why"),
    [(("--link",), "--link: "), (("--verify-load",), "--verify-load: ")],
)
def test_what_cannot_be_had_in_a_bucket_is_said(store, made, more, why):
    refused = export(made, DEST, "--format", "jsonl", *more)
    assert (refused.code, why in refused.err, keys(store)) == (2, True, {})


def test_an_export_is_not_made_in_the_tree_of_the_batch(store, tmp_path):
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        before = store.keys()
        refused = [export(scene, dest, *SHARDS) for dest in (TREE, f"{TREE}/set", "s3://films/trees")]
    assert ([one.code for one in refused], store.keys() == before) == ([2, 2, 2], True)
