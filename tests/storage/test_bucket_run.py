"""A batch whose tree stands in a bucket: the same keys and bytes as on a disk, whoever is killed meanwhile."""

import hashlib
import os
import signal
import threading

import pytest

from tests.faults.scene import TOKEN, Process, scene_in
from tests.storage.cloud import BUCKET, KEY_ID, SECRET, rows_of

TREE = f"s3://{BUCKET}/trees/four"
QUICK = "limits: {requests_per_minute: 6000}\n"
BUCKET_SETTINGS = f"{QUICK}output: {{dir: '{TREE}'}}\n"
OURS = ("metadata.jsonl", "README.md", "index.html")
LARGE = 20 * 1024 * 1024


def local_tree(place, **options):
    """The files that the same batch makes below a directory, whatever their names below it are called."""
    with scene_in(place / "local", settings=QUICK, **options) as scene:
        assert scene.run().code == 0
        return {
            str(path.relative_to(scene.output)): path.read_bytes()
            for path in scene.output.rglob("*.mp4")
            if ".partial" not in path.parts
        }


def tree_of(store):
    return {key.removeprefix("trees/four/"): content for key, content in store.keys().items()}


def without_list(tree):
    return {key: content for key, content in tree.items() if key not in OURS}


def test_a_run_puts_the_same_files_into_a_bucket_as_on_a_disk(store, tmp_path):
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, seed=3) as scene:
        done = scene.run()
    tree = tree_of(store)
    listed = {row["file_name"]: row["bytes"] for row in rows_of(tree["metadata.jsonl"])}
    sizes = {path: len(content) for path, content in without_list(tree).items()}
    assert (done.code, without_list(tree), listed, store.uploads()) == (
        0,
        local_tree(tmp_path, seed=3),
        sizes,
        [],
    )


class Watcher:
    """Reads every video that can be seen in the bucket, again and again, while a ``with`` lasts."""

    def __init__(self, store):
        self._store, self._over = store, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen = {}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def never_saw_but(self, tree):
        """Whether all that was ever seen is what is there in the end; and something was seen."""
        whole = {key: {hashlib.sha256(content).hexdigest()} for key, content in tree.items()}
        return bool(self.seen) and all(hashes == whole.get(key) for key, hashes in self.seen.items())

    def _look(self):
        while True:
            is_last = self._over.is_set()
            for key in [one for one in self._store.sizes() if one.endswith(".mp4")]:
                found = hashlib.sha256(self._store.get(key)).hexdigest()
                self.seen.setdefault(key.removeprefix("trees/four/"), set()).add(found)
            if is_last:
                return


def killed_and_resumed(store, proxy, scene, *, moment, is_done):
    """Kill the program at the first request that ``moment`` picks, before the store gets it or when ``is_done``."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(asked):
        if moment(asked) and not reached.is_set():
            reached.set()
            go_on.wait(30)
            return None if is_done else (503, "SlowDown")
        return None

    setattr(proxy, "after" if is_done else "before", hold)
    with scene.start() as process:
        assert reached.wait(60), process.said()
        process.kill()
    go_on.set()
    left = store.uploads()
    return left, scene.run()


@pytest.mark.parametrize(
    "is_done", [False, True], ids=["before the store has it", "before the program knows"]
)
@pytest.mark.parametrize("end", ["-01.mp4", "metadata.jsonl"])
def test_a_run_that_is_killed_while_it_puts_a_file_goes_on_to_the_same_tree(
    store, proxy, tmp_path, end, is_done
):
    with scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, seed=3) as scene, Watcher(store) as watcher:
        _, done = killed_and_resumed(
            store, proxy, scene, moment=lambda asked: asked.puts(end), is_done=is_done
        )
        again = scene.run()
    tree = without_list(tree_of(store))
    assert (done.code, again.code, tree, watcher.never_saw_but(tree), store.uploads()) == (
        *(0, 0),
        local_tree(tmp_path, seed=3),
        *(True, []),
    )


def test_a_run_that_is_killed_between_the_parts_of_a_file_leaves_none_of_them(store, proxy, tmp_path):
    large = {"seed": 3, "file_size_bytes": LARGE, "two_files": 0.0}
    with (
        scene_in(tmp_path / "cloud", settings=BUCKET_SETTINGS, prompts=("fox",), **large) as scene,
        Watcher(store) as watcher,
    ):
        left, done = killed_and_resumed(store, proxy, scene, moment=lambda asked: asked.is_part, is_done=True)
    tree = without_list(tree_of(store))
    assert (bool(left), done.code, tree, watcher.never_saw_but(tree), store.uploads()) == (
        *(True, 0),
        local_tree(tmp_path, prompts=("fox",), **large),
        *(True, []),
    )


@pytest.mark.parametrize(
    "is_done", [False, True], ids=["before the store does it", "before the program knows"]
)
@pytest.mark.parametrize("what", ["a new key", "the removal of the old one"])
def test_a_run_that_is_killed_while_it_moves_a_file_goes_on_to_the_same_tree(
    store, proxy, tmp_path, what, is_done
):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        contents = sorted(without_list(tree_of(store)).values())
        scene.manifest.write_text(
            scene.manifest.read_text().replace(f"'{TREE}'", f"'{TREE}', layout: '{{job_id}}'")
        )

        def moment(asked):
            return asked.puts(".mp4") if what == "a new key" else asked.path.endswith("?delete")

        _, done = killed_and_resumed(store, proxy, scene, moment=moment, is_done=is_done)
        names = sorted(f"{one['job_id']}.mp4" for one in scene.jobs())
        submissions = len(list(scene.books().requests("generate")))
    tree = without_list(tree_of(store))
    listed = sorted(row["file_name"] for row in rows_of(store.get("trees/four/metadata.jsonl")))
    assert (done.code, sorted(tree), sorted(tree.values()) == contents, listed, submissions) == (
        *(0, names),
        *(True, names, 4),
    )


def test_an_interrupted_upload_of_a_large_file_is_taken_back_at_once(store, proxy, tmp_path):
    reached, go_on = threading.Event(), threading.Event()

    def hold(asked):
        if asked.is_part:
            reached.set()
            go_on.wait(30)

    proxy.after = hold
    large = {"file_size_bytes": LARGE, "two_files": 0.0}
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, prompts=("fox",), **large) as scene:
        with scene.start() as process:
            assert reached.wait(60), process.said()
            process.signal(signal.SIGTERM)
            go_on.set()
            done = process.end()
        left = store.uploads()
        keys = [key for key in store.sizes() if key.endswith(".mp4")]
        again = scene.run()
    assert (done.code, left, keys, again.code, store.uploads()) == (143, [], [], 0, [])


def test_the_gallery_and_the_card_are_put_beside_the_videos(store, tmp_path):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        done = scene.run()
    kinds = [store.headers(f"trees/four/{name}")["Content-Type"] for name in OURS]
    begins = [store.get(f"trees/four/{name}")[:4] for name in OURS]
    assert (done.code, kinds, begins) == (
        0,
        [f"text/{kind}; charset=utf-8" for kind in ("plain", "markdown", "html")],
        [b'{"fi', b"---\n", b"<!do"],
    )


def test_a_page_and_a_card_of_somebody_else_are_left_alone(store, tmp_path):
    theirs = {f"trees/four/{name}": b"theirs" for name in OURS[1:]}
    for key, content in theirs.items():
        store.put(key, content)
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        done = scene.run()
    assert (done.code, {key: store.get(key) for key in theirs}) == (0, theirs)


def test_a_finished_batch_run_again_changes_nothing_in_the_bucket(store, proxy, tmp_path):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        first = scene.run()
        before, proxy.asked[:] = store.keys(), []
        second = scene.run()
    writes = [one for one in proxy.asked if one.method not in {"GET", "HEAD"}]
    assert (first.code, second.code, store.keys() == before, writes) == (0, 0, True, [])


def test_neither_the_token_nor_the_keys_of_the_store_are_left_anywhere(store, proxy, tmp_path):
    proxy.before = lambda asked: (403, "AccessDenied") if asked.puts("take-01.mp4") else None
    with scene_in(tmp_path / "place", settings=BUCKET_SETTINGS) as scene:
        words = scene.command()
        words[3:3] = ["--log-file", "run.log", "-v"]
        environment = {**os.environ, "GROKIMAGINE_API_TOKEN": TOKEN}
        with Process.of(words, scene.root, scene.aside, environment) as process:
            done = process.end()
    left = b"".join(path.read_bytes() for path in (tmp_path / "place").rglob("*") if path.is_file())
    left += b"".join(store.keys().values()) + done.out.encode() + done.err.encode()
    found = [secret for secret in (TOKEN, SECRET, KEY_ID) if secret.encode() in left]
    assert (done.code, found, "AccessDenied" in done.err) == (1, [], True)
