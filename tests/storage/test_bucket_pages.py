"""The gallery of a batch whose tree stands in a bucket, and what is deleted of it because a person rejected it."""

import contextlib
import json
import threading

import pytest

from runner.core.choice import checked
from runner.core.model import JobState
from runner.store import batches, choices, reads
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter
from tests.faults.scene import BATCH, scene_in
from tests.storage.cloud import rows_of
from tests.storage.test_bucket_run import BUCKET_SETTINGS, TREE, tree_of, without_list

PRUNE = ("prune", BATCH, "--rejected", "--yes")
FOXES = {f"fox/normal_{ratio}/take-01.mp4" for ratio in ("1x1", "2x3")}
PAGE = "trees/four/index.html"


@pytest.fixture
def made(store, tmp_path):
    """A batch whose four files stand in the bucket; both foxes were rejected."""
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        reject_foxes(scene)
        yield scene


def reject_foxes(scene):
    with contextlib.closing(DirectWriter(open_for_writing(scene.state))) as writer:
        batch = writer.write_now(batches.by_name, BATCH)
        for job in writer.write_now(reads.in_state, batch.pk, JobState.DONE, 0, 10):
            if "fox" in job.prompt:
                fields = checked({"flag": "reject"})
                writer.write_now(choices.choose, job.pk, fields, "2026-01-01T00:00:00.000+00:00")


def gone(before, store):
    return set(before) - set(tree_of(store))


def test_a_report_brings_the_page_in_the_bucket_up_to_date(store, made):
    old = store.get(PAGE)
    done = made.ask("report", BATCH, "--json")
    fresh, told = store.get(PAGE), json.loads(done.out)
    assert (done.code, told["url"], told["bytes"], fresh != old) == (
        *(0, f"{TREE}/index.html", len(fresh)),
        True,
    )


def test_a_report_that_would_say_the_same_writes_nothing(made, proxy):
    made.ask("report", BATCH)
    proxy.asked.clear()
    done = made.ask("report", BATCH)
    assert (done.code, [one for one in proxy.asked if one.method not in {"GET", "HEAD"}]) == (0, [])


def test_a_page_of_somebody_else_in_the_bucket_is_left(store, made):
    store.put(PAGE, b"theirs")
    done = made.ask("report", BATCH)
    assert (done.code, "was not written by this program" in done.err, store.get(PAGE)) == (2, True, b"theirs")


def test_a_page_that_changes_meanwhile_is_not_overwritten(store, made, proxy):
    def intrude(asked):
        if asked.puts("index.html"):
            store.put(PAGE, b"theirs")

    proxy.before = intrude
    done = made.ask("report", BATCH)
    said = f"{TREE}/index.html cannot be written: somebody else changed it meanwhile" in done.err
    assert (done.code, said, store.get(PAGE)) == (2, True, b"theirs")


def test_a_page_in_a_local_file_is_made_for_a_copy_of_the_tree(store, made, tmp_path):
    made.ask("report", BATCH)
    done = made.ask("report", BATCH, "-o", str(tmp_path / "page.html"))
    said = f"put it at the top of a copy of {TREE}" in done.err
    assert (done.code, said, (tmp_path / "page.html").read_bytes()) == (0, True, store.get(PAGE))


def test_a_page_is_not_written_to_another_place_in_object_storage(made):
    refused = made.ask("report", BATCH, "-o", "s3://films/page.html")
    assert (refused.code, "name a local file" in refused.err) == (2, True)


def test_the_files_of_rejected_jobs_are_deleted_from_the_bucket_and_nothing_else(store, made):
    store.put("trees/four/fox/a-persons-own.mp4", b"film")
    before = tree_of(store)
    done = made.ask(*PRUNE)
    listed = {row["file_name"] for row in rows_of(tree_of(store)["metadata.jsonl"])}
    assert (done.code, gone(before, store), FOXES & listed, len(listed)) == (0, FOXES, set(), 2)


def test_what_was_deleted_from_the_bucket_is_neither_missed_nor_paid_again(store, made):
    made.ask(*PRUNE)
    before = store.keys()
    ends = [made.ask(*words).code for words in (("verify", BATCH), ("run", "batch.yaml"))]
    submissions = len(list(made.books().requests("generate")))
    assert (ends, submissions, store.keys() == before) == ([0, 0], 4, True)


def test_a_file_that_is_not_what_the_state_knows_is_left(store, made):
    fox = min(FOXES)
    store.put(f"trees/four/{fox}", b"a person's own film")
    before = tree_of(store)
    done = made.ask(*PRUNE)
    kept = store.get(f"trees/four/{fox}")
    said = f"{fox} is not what was recorded" in done.out
    assert (done.code, said, kept, gone(before, store)) == (1, True, b"a person's own film", FOXES - {fox})


@pytest.mark.parametrize("is_done", [False, True], ids=["before the store does it", "before it is noted"])
def test_a_prune_that_is_killed_goes_on_to_the_same_tree(store, made, proxy, is_done):
    before = tree_of(store)
    reached, go_on = threading.Event(), threading.Event()

    def hold(asked):
        if asked.method in {"POST", "DELETE"} and not reached.is_set():
            reached.set()
            go_on.wait(30)
            return None if is_done else (503, "SlowDown")
        return None

    setattr(proxy, "after" if is_done else "before", hold)
    with made.start_other(*PRUNE) as process:
        assert reached.wait(60), process.said()
        process.kill()
    go_on.set()
    done = made.ask(*PRUNE)
    verified = made.ask("verify", BATCH)
    rows = {row["file_name"] for row in rows_of(tree_of(store)["metadata.jsonl"])}
    assert (done.code, gone(before, store), verified.code, rows) == (
        *(0, FOXES, 0),
        set(without_list(before)) - FOXES,
    )


def test_a_store_that_is_not_reached_loses_nothing(store, made, monkeypatch):
    before = store.keys()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    refused = made.ask(*PRUNE)
    said = "cannot be reached" in refused.err and "nothing was deleted" in refused.err
    assert (refused.code, said, store.keys() == before) == (2, True, True)
