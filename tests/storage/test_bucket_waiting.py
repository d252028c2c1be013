"""Files that workers leave in a bucket until their content is committed."""

import pytest

from runner.files import waiting
from runner.files.bucket import Bucket
from runner.files.bucket_depot import BucketDepot
from runner.files.handing import fresh_name
from runner.files.outcomes import Absent, AlreadyThere, Conflict, Placed
from tests.storage.test_bucket import FILM, URL, content_of, left, spooled

LARGE = bytes(2**24 + 5)


@pytest.fixture
def depot(store, tmp_path):
    with BucketDepot(Bucket(URL), tmp_path / "spool") as found:
        found.lock()
        yield found


async def left_there(depot, tmp_path, body, partial="job-1"):
    """What a worker leaves, from a spool of its own."""
    name = fresh_name(partial)
    with BucketDepot(depot.bucket, tmp_path / "worker") as worker:
        content = spooled(worker, body, name)
        assert await waiting.hand_in(worker.bucket, name, worker.spool, content) == Placed()
    return content


@pytest.mark.parametrize("body", [FILM, LARGE], ids=["small", "in parts"])
async def test_what_waits_is_put_under_its_key_and_waits_no_more(store, depot, tmp_path, body):
    content = await left_there(depot, tmp_path, body)
    outcome = await depot.place("job-1", "a/x.mp4", content)
    noted = store.headers("trees/t/a/x.mp4")
    assert (outcome, store.keys(), left(depot), store.uploads()) == (
        *(Placed(), {"trees/t/a/x.mp4": body}),
        *([], []),
    )
    assert (noted["Content-Type"], noted["x-amz-meta-sha256"]) == ("video/mp4", content.sha256)


async def test_parts_that_a_killed_worker_left_under_the_final_key_are_taken_back(store, depot, tmp_path):
    store.ask("POST", "/films/trees/t/x.mp4?uploads")
    content = await left_there(depot, tmp_path, LARGE)
    assert (await depot.place("job-1", "x.mp4", content), store.uploads()) == (Placed(), [])


async def test_what_is_placed_already_waits_no_more(store, depot, tmp_path):
    content = await left_there(depot, tmp_path, FILM)
    store.put("trees/t/x.mp4", FILM)
    outcome = await depot.place("job-1", "x.mp4", content)
    assert (outcome, list(store.sizes())) == (AlreadyThere(), ["trees/t/x.mp4"])


async def test_what_waits_and_is_not_what_was_committed_is_not_placed(store, depot, tmp_path):
    await left_there(depot, tmp_path, FILM[::-1])
    outcome = await depot.place("job-1", "x.mp4", content_of(FILM))
    assert (type(outcome), "trees/t/x.mp4" in store.sizes()) == (Absent, False)


async def test_a_taken_key_is_left_alone(store, depot, tmp_path):
    content = await left_there(depot, tmp_path, FILM)
    store.put("trees/t/x.mp4", b"a person's own film")
    outcome = await depot.place("job-1", "x.mp4", content)
    assert (type(outcome), store.get("trees/t/x.mp4")) == (Conflict, b"a person's own film")


async def test_only_what_nobody_will_ask_for_is_swept_up(store, depot, tmp_path):
    for partial in ("job-1", "job-2"):
        await left_there(depot, tmp_path, FILM, partial)
    store.put("trees/t/.partial/notes.txt", b"theirs")
    store.put("trees/t/x.mp4", FILM)
    waiting.sweep(depot.bucket, {"job-2"})
    names = sorted(key.removeprefix("trees/t/").partition(".at-")[0] for key in store.sizes())
    assert names == [".partial/job-2", ".partial/notes.txt", "x.mp4"]


async def test_parts_that_nobody_ended_are_taken_back_below_partial_only(store, depot):
    for key in (".partial/job-1.at-0123456789abcdef", ".partial/b", "x.mp4"):
        store.ask("POST", f"/films/trees/t/{key}?uploads")
    await waiting.abort_begun(depot.bucket)
    assert store.uploads() == ["trees/t/x.mp4"]


async def test_where_nothing_waits_it_is_to_be_fetched_again(store, depot):
    assert type(await depot.place("job-1", "x.mp4", content_of(FILM))) is Absent
