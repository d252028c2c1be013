"""A run whose files are fetched by workers, and put into a bucket by them."""

import contextlib
import hashlib
import sqlite3
import threading

import pytest

from tests.engines.cluster import cluster_in
from tests.engines.conftest import PROMPTS, SETTINGS
from tests.engines.tap import tapped
from tests.faults import checker
from tests.faults.checker import Content
from tests.faults.scene import TOKEN, Scene, scene_in, wait_until
from tests.storage.cloud import BUCKET, KEY_ID, SECRET, missing_tools

pytestmark = pytest.mark.skipif(missing_tools() is not None, reason=str(missing_tools()))

TREE = f"s3://{BUCKET}/trees/four"
BUCKET_SETTINGS = f"{SETTINGS}output: {{dir: '{TREE}'}}\n"
OURS = ("metadata.jsonl", "README.md", "index.html")
LARGE = 20 * 1024 * 1024


@pytest.fixture
def scene(store, tmp_path):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, prompts=PROMPTS, file_size_bytes=200_000) as one:
        yield one


@pytest.fixture
def cluster(store, tmp_path):
    """Two workers that have the store's variables."""
    with cluster_in(tmp_path / "cluster") as one:
        yield one


def tree_of(store):
    found = {key.removeprefix("trees/four/"): content for key, content in store.keys().items()}
    return {
        name: Content(len(content), hashlib.sha256(content).hexdigest())
        for name, content in found.items()
        if name not in OURS
    }


def videos(store):
    return [key for key in store.sizes() if key.endswith(".mp4")]


def committed(scene, path):
    """What the state says of the file of that path, which it knows with length and hash."""
    with contextlib.closing(sqlite3.connect(scene.state)) as state:
        found = state.execute(
            "select state from file where path = ? and bytes > 0 and length(sha256) = 64", (path,)
        )
        return [row[0] for row in found]


def downloads(scene, path):
    """How often the service was asked for that file."""
    with contextlib.closing(sqlite3.connect(scene.state)) as state:
        ((url,),) = state.execute("select url from file where path = ?", (path,))
    return sum(one.key in url for one in scene.books().requests("download"))


def faults(scene: Scene, store) -> list[str]:
    """What is wrong at the end: bytes, keys, parts, payments, or that a further run does anything."""
    tasks = scene.books().tasks()
    found = checker.Findings()
    found.expect(len(tasks) == len(scene.jobs()), f"{len(tasks)} tasks for {len(scene.jobs())} jobs")
    found.expect({job["state"] for job in scene.jobs()} == {"done"}, "not all is done")
    expected, tree = checker.expected_tree(scene, tasks), tree_of(store)
    found.expect(tree == expected, f"the tree is {sorted(tree)}, expected is {sorted(expected)}")
    found.expect(not store.uploads(), f"left in parts: {store.uploads()}")
    again = scene.run()
    found.expect((again.code, tree_of(store)) == (0, tree), "run again, it changed the tree")
    return [*found.found, *checker.secrets(scene)]


def test_the_workers_make_the_tree_in_the_bucket_and_no_secret_goes_to_them(cluster, scene, store):
    with tapped(cluster.port) as tap:
        done = scene.run("--engine", f"tcp://127.0.0.1:{tap.port}")
    noted = store.headers(videos(store)[0])
    heard = [word for word in (TOKEN, SECRET, KEY_ID) if word.encode() in tap.heard]
    assert (done.code, faults(scene, store), heard) == (0, [], [])
    assert (b"serve_bucket" in tap.heard, noted["Content-Type"]) == (True, "video/mp4")
    assert list((cluster.aside / "tmp").glob("runner-passing-*")) == []


def test_what_killed_workers_had_begun_is_done_by_others(cluster, scene, store):
    with scene.start("--engine", cluster.address) as process:
        for _ in range(3):
            before = len(videos(store))
            wait_until(
                lambda had=before: len(videos(store)) > had or process.popen.poll() is not None, "a video"
            )
            cluster.kill_worker(cluster.workers[0])
            cluster.start_worker()
        done = process.end()
    assert (done.code, faults(scene, store)) == (0, [])


@pytest.mark.parametrize(
    ("is_done", "has_engine"),
    [(False, False), (True, True)],
    ids=["before the store has it, on without an engine", "before it is known, on with it"],
)
def test_a_coordinator_that_is_killed_while_a_file_gets_its_key_goes_on(
    proxy, cluster, scene, store, is_done, has_engine
):
    """With its workers. Its content is committed then and its bytes wait in the bucket: it is neither paid nor fetched again."""
    reached, go_on, held = threading.Event(), threading.Event(), []

    def hold(asked):
        if asked.puts(".mp4") and not reached.is_set():
            held.append(asked.path.partition("trees/four/")[2])
            reached.set()
            go_on.wait(30)
            return None if is_done else (503, "SlowDown")
        return None

    setattr(proxy, "after" if is_done else "before", hold)
    with scene.start("--engine", cluster.address) as process:
        assert reached.wait(60), process.said()
        process.kill()
    for worker in list(cluster.workers):
        cluster.kill_worker(worker)
    assert committed(scene, held[0]) == ["verified"]
    go_on.set()
    if has_engine:
        cluster.start_worker()
    done = scene.run(*(["--engine", cluster.address] if has_engine else []))
    assert (done.code, downloads(scene, held[0]), faults(scene, store)) == (0, 1, [])


@pytest.mark.parametrize("where", [".partial", "final"])
def test_a_worker_that_is_killed_between_the_parts_of_a_file_leaves_none_of_them(
    proxy, tmp_path, where, store
):
    reached, go_on = threading.Event(), threading.Event()

    def hold(asked):
        if asked.is_part and (".partial" in asked.path) == (where == ".partial") and not reached.is_set():
            reached.set()
            go_on.wait(30)

    proxy.after = hold
    large = {"prompts": ("fox",), "file_size_bytes": LARGE, "two_files": 0.0}
    with (
        scene_in(tmp_path, settings=BUCKET_SETTINGS, **large) as scene,
        cluster_in(tmp_path / "cluster", workers=1) as cluster,
    ):
        with scene.start("--engine", cluster.address) as process:
            assert reached.wait(60), process.said()
            cluster.kill_worker(cluster.workers[0])
            go_on.set()
            begun = store.uploads()
            cluster.start_worker()
            done = process.end()
        assert (bool(begun), done.code, faults(scene, store)) == (True, 0, [])


def test_a_worker_without_credentials_is_refused_and_nothing_is_paid(tmp_path, scene, store):
    hidden = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    with cluster_in(tmp_path / "cluster", workers=1) as cluster:
        cluster.start_worker(**hidden)
        done = scene.run("--engine", cluster.address)
    assert (done.code, len(scene.books().tasks()), store.sizes()) == (2, 0, {})
    assert f"Every worker must read and write {TREE}" in done.err
