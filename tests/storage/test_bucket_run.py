"""A batch whose tree stands in a bucket: the same keys and bytes as on a disk, whoever is killed meanwhile."""

import threading

from tests.faults.scene import TOKEN, scene_in
from tests.storage.cloud import BUCKET, KEY_ID, SECRET, rows_of

TREE = f"s3://{BUCKET}/trees/four"
QUICK = "limits: {requests_per_minute: 6000}\n"
BUCKET_SETTINGS = f"{QUICK}output: {{dir: '{TREE}'}}\n"
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
    return {key: content for key, content in tree.items() if key != "metadata.jsonl"}


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
