"""The calls of a bucket, and the edges of the library below them."""

import asyncio
import errno
import hashlib
import pickle
from pathlib import Path

import pytest

from runner.core.bucket_url import bucket_url
from runner.files.bucket import Bucket
from runner.files.bucket_depot import BucketDepot
from runner.files.download import fetch
from runner.files.outcomes import Absent, AlreadyThere, Conflict, Content, Placed
from runner.files.session import open_session
from runner.files.tree import Tree
from runner.files.unfinished import abort_unfinished, uploads_of
from tests.files.files_support import LOOPBACK, fetched, mp4, reply, serving
from tests.storage.cloud import SECRET

URL = bucket_url("s3://films/trees/t")
FILM = b"a film" * 1000
PATH = "déjà vu/a 'b' #%20 😀.mp4"


def content_of(body):
    return Content(len(body), hashlib.sha256(body).hexdigest())


@pytest.fixture
def depot(store, tmp_path):
    with BucketDepot(Bucket(URL), tmp_path / "spool") as found:
        found.lock()
        yield found


def spooled(depot, body, name="job-1"):
    """A partial file of that content, as a download leaves it."""
    depot.spool.partials()
    Path(depot.spool.path, ".partial", name).write_bytes(body)
    return content_of(body)


def left(depot):
    """What the spool holds."""
    return sorted({path.name for path in Path(depot.spool.path, ".partial").iterdir()} - {"lock"})


def error_of(call):
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return None


def test_a_taken_key_is_not_put_again(store):
    bucket = Bucket(URL)
    bucket.create("x.mp4", b"one", {})
    again = error_of(lambda: bucket.create("x.mp4", b"two", {}))
    assert (again, store.get("trees/t/x.mp4")) == ("EEXIST", b"one")


def test_a_list_that_changed_meanwhile_is_not_replaced(store):
    bucket = Bucket(URL)
    bucket.replace("list", b"one", {}, None)
    held = bucket.look("list")
    bucket.replace("list", b"two", {}, held)
    late = error_of(lambda: bucket.replace("list", b"three", {}, held))
    unheld = error_of(lambda: bucket.replace("list", b"three", {}, None))
    assert (late, unheld, store.get("trees/t/list")) == ("ESTALE", "EEXIST", b"two")


def test_what_changes_while_it_is_read_is_not_mixed(store):
    bucket = Bucket(URL)
    bucket.create("x", b"old bytes", {})
    held = bucket.look("x")
    store.put("trees/t/x", b"new bytes")
    assert error_of(lambda: bucket.read("x", 0, 9, held)) == "ESTALE"


def test_a_bucket_is_not_pickled_and_shows_no_secret(store):
    bucket = Bucket(URL)
    with pytest.raises(TypeError, match="pass its URL on"):
        pickle.dumps(bucket)
    assert SECRET not in repr(bucket)


async def test_a_placed_file_stands_under_its_own_name_with_its_hash(store, depot):
    content = spooled(depot, FILM)
    outcome = await depot.place("job-1", PATH, content)
    key = f"trees/t/{PATH}"
    noted = store.headers(key)
    assert (outcome, store.get(key), noted["x-amz-meta-sha256"], noted["Content-Type"], left(depot)) == (
        *(Placed(), FILM),
        *(content.sha256, "video/mp4"),
        [],
    )


@pytest.mark.parametrize("is_noted", [True, False], ids=["with its hash noted", "put there by a person"])
async def test_a_file_that_is_there_already_is_not_put_again(store, depot, is_noted):
    content = spooled(depot, FILM)
    if is_noted:
        await depot.place("job-1", PATH, content)
        spooled(depot, FILM)
    else:
        store.put(f"trees/t/{PATH}", FILM)
    outcome = await depot.place("job-1", PATH, content)
    assert (outcome, left(depot)) == (AlreadyThere(), [])


async def test_a_key_that_holds_something_else_of_the_same_length_is_a_conflict(store, depot):
    content = spooled(depot, FILM)
    store.put(f"trees/t/{PATH}", FILM[::-1])
    outcome = await depot.place("job-1", PATH, content)
    assert (outcome, store.get(f"trees/t/{PATH}"), left(depot)) == (
        *(Conflict(f"{PATH} is taken by another file"), FILM[::-1]),
        ["job-1"],
    )


async def test_a_file_that_is_gone_from_the_spool_is_looked_for_in_the_bucket(store, depot):
    absent = await depot.place("job-1", PATH, content_of(FILM))
    store.put(f"trees/t/{PATH}", FILM)
    there = await depot.place("job-1", PATH, content_of(FILM))
    assert (type(absent), there) == (Absent, AlreadyThere())


async def test_a_spooled_file_that_changed_is_not_sent(store, depot):
    spooled(depot, FILM)
    outcome = await depot.place("job-1", PATH, content_of(FILM[::-1]))
    assert (type(outcome), store.sizes()) == (Absent, {})


@pytest.mark.parametrize("size", [2**24, 2**24 + 1, 2**25])
async def test_files_of_all_lengths_come_whole(store, depot, size):
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    content = spooled(depot, body)
    outcome = await depot.place("job-1", "x.mp4", content)
    found = await asyncio.to_thread(depot.check, "x.mp4", content)
    assert (outcome, store.sizes(), type(found).__name__, store.uploads(), left(depot)) == (
        *(Placed(), {"trees/t/x.mp4": size}),
        *("Intact", [], []),
    )


async def test_a_large_file_is_not_put_over_another(store, depot):
    content = spooled(depot, bytes(2**24 + 5))
    store.put("trees/t/x.mp4", b"a person's own film")
    outcome = await depot.place("job-1", "x.mp4", content)
    assert (outcome, store.keys(), store.uploads()) == (
        *(Conflict("x.mp4 is taken by another file"), {"trees/t/x.mp4": b"a person's own film"}),
        [],
    )


async def test_a_key_that_is_taken_while_the_parts_are_sent_is_left_alone(store, proxy, tmp_path):
    def put_theirs(asked):
        if asked.is_part and not store.sizes():
            store.put("trees/t/x.mp4", b"a person's own film")

    proxy.after = put_theirs
    with BucketDepot(Bucket(URL), tmp_path / "spool") as depot:
        content = spooled(depot, bytes(2**24 + 5))
        outcome = await depot.place("job-1", "x.mp4", content)
    assert (outcome, store.keys(), store.uploads()) == (
        *(Conflict("x.mp4 is taken by another file"), {"trees/t/x.mp4": b"a person's own film"}),
        [],
    )


async def test_a_key_that_no_store_takes_is_a_conflict(store, depot):
    content = spooled(depot, FILM)
    outcome = await depot.place("job-1", "a" * 1020, content)
    assert (type(outcome), store.sizes()) == (Conflict, {})


async def test_only_the_parts_of_our_own_key_are_taken_back(store):
    for key in ("x.mp4", "x.mp4.theirs", "y.mp4"):
        store.ask("POST", f"/films/trees/t/{key}?uploads")
    is_done = await abort_unfinished(URL, "x.mp4")
    assert (is_done, sorted(store.uploads())) == (True, ["trees/t/x.mp4.theirs", "trees/t/y.mp4"])


async def test_no_more_files_come_than_the_bucket_takes(store, depot):
    """Otherwise a fast sender and a slow store would put the whole batch on this machine's disk."""
    film = mp4()
    async with serving(reply(film)) as server, open_session(LOOPBACK) as session:
        tree = Tree(depot, session, LOOPBACK, at_once=1)
        first = await tree.fetch(server.url(), "job-1")
        second = asyncio.create_task(tree.fetch(server.url(), "job-2"))
        await fetch(session, depot.spool, server.request())  # long enough for the second one, if it were let
        before = (second.done(), len(server.requests))
        await tree.place("job-1", "1.mp4", content_of(film))
        after = (await second, len(server.requests))
    assert (first, before, after) == (fetched(film), (False, 2), (fetched(film), 3))


def test_the_local_store_of_the_library_keeps_no_attributes(tmp_path):
    """One of the reasons why local trees do not go through it; where nothing is noted, a key is read to be judged."""
    import obstore
    from obstore.store import LocalStore

    with pytest.raises(NotImplementedError, match="attributes"):
        obstore.put(LocalStore(tmp_path), "x", b"x", attributes={"sha256": "0"}, use_multipart=False)


def test_the_answer_of_a_store_names_uploads_by_their_key():
    listed = "<R><Upload><Key>a&amp;b</Key><UploadId>1</UploadId></Upload><Upload><UploadId>2</UploadId></Upload></R>"
    assert uploads_of(listed, "a&b") == ["1"]


def test_what_stands_in_the_way_goes_aside_under_a_free_name(store, depot):
    store.put("trees/t/x.mp4", b"one")
    store.put("trees/t/removed/j/x.mp4", b"two")
    moved = depot.set_aside("x.mp4", "removed/j")
    nothing = depot.set_aside("x.mp4", "removed/j")
    assert (moved, nothing, store.keys()) == (
        *("removed/j/x.1.mp4", None),
        {"trees/t/removed/j/x.1.mp4": b"one", "trees/t/removed/j/x.mp4": b"two"},
    )


def test_a_list_is_compared_however_it_is_cut(store, depot):
    store.put("trees/t/list", b"one\ntwo\n")
    answers = [
        depot.says("list", iter(pieces))
        for pieces in ([b"one\n", b"two\n"], [b"one\n"], [b"one\n", b"twO\n"], [b"one\n", b"two\n", b"x"], [])
    ]
    assert (answers, depot.says("none", iter([])), depot.says("none", iter([b"x"]))) == (
        [True, False, False, False, False],
        *(True, False),
    )


def test_a_large_list_is_replaced_whole(store, depot):
    depot.replace("list", iter([b"small\n"]))
    depot.replace("list", (b"%01023d\n" % number for number in range(20_000)))
    assert (store.sizes(), store.uploads(), left(depot)) == ({"trees/t/list": 20_480_000}, [], [])


def test_more_than_a_page_of_keys_is_listed(store, depot):
    for number in range(1001):
        store.put(f"trees/t/{number:04d}", b"x")
    size_at = depot.sizes()
    assert ([size_at(name) for name in ("0000", "1000", "1001")], len(store.sizes())) == ([1, 1, None], 1001)


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "", ".partial/x"])
def test_a_path_that_no_encoder_made_is_no_key(store, depot, path):
    with pytest.raises(ValueError, match="not a path below"):
        depot.has(path)
