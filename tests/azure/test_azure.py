"""A batch whose tree stands in Azure, as Azurite is it: the same keys and bytes as on a disk."""

import hashlib
import json

import pytest

from runner.core.bucket_url import bucket_url
from runner.files.bucket import Bucket
from tests.faults.scene import BATCH, scene_in, wait_until

TREE = "az://films/trees/four"
QUICK = "limits: {requests_per_minute: 6000}\n"
IN_AZURE = f"{QUICK}output: {{dir: '{TREE}'}}\n"
LARGE = 20 * 1024 * 1024
OURS = ("metadata.jsonl", "README.md", "index.html")


def below(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".partial" not in path.parts
    }


def keys_below(store, prefix):
    found = {key: content for key, content in store.keys().items() if key.startswith(f"{prefix}/")}
    return {key.removeprefix(f"{prefix}/"): content for key, content in found.items()}


def videos(tree):
    return {name: content for name, content in tree.items() if name not in OURS}


def local_tree(place, **options):
    with scene_in(place / "local", settings=QUICK, **options) as scene:
        assert scene.resume().code == 0
        return videos(below(scene.output))


@pytest.mark.parametrize(
    "options", [{"seed": 3}, {"file_size_bytes": LARGE, "two_files": 0.0}], ids=["small", "large"]
)
def test_a_run_puts_the_same_files_into_azure_as_on_a_disk(store, tmp_path, options):
    with scene_in(tmp_path / "cloud", settings=IN_AZURE, **options) as scene:
        done, verified = scene.resume(), scene.ask("verify", BATCH)
    tree = videos(keys_below(store, "trees/four"))
    assert (done.code, verified.code, tree == local_tree(tmp_path, **options)) == (0, 0, True), done.err


def test_a_run_that_is_killed_goes_on_to_the_same_tree(store, tmp_path):
    with scene_in(tmp_path / "cloud", settings=IN_AZURE, seed=3) as scene:
        with scene.start() as process:
            wait_until(lambda: any(key.endswith(".mp4") for key in list(store.keys())), "a video", 60)
            process.kill()
        done = scene.run()
        submissions = len(list(scene.books().requests("generate")))
    tree = videos(keys_below(store, "trees/four"))
    assert (done.code, submissions, tree == local_tree(tmp_path, seed=3)) == (0, 4, True)


def test_what_reads_and_mends_a_tree_works_in_azure(store, tmp_path):
    with scene_in(tmp_path / "cloud", settings=IN_AZURE, two_files=0.0) as scene:
        assert scene.resume().code == 0
        fox = "fox/normal_1x1/take-01.mp4"
        whole = videos(keys_below(store, "trees/four"))
        Bucket(bucket_url(TREE)).remove(fox)
        missed, mended = scene.ask("verify", BATCH), scene.ask("verify", BATCH, "--repair")
        reported = scene.ask("report", BATCH, "--json")
    assert (missed.code, mended.code, videos(keys_below(store, "trees/four")) == whole) == (1, 0, True)
    assert json.loads(reported.out)["url"] == f"{TREE}/index.html"


@pytest.mark.parametrize("form", ["webdataset", "jsonl"])
def test_an_export_out_of_azure_and_into_it_has_the_same_bytes(store, tmp_path, form):
    with scene_in(tmp_path / "cloud", settings=IN_AZURE, two_files=0.0) as scene:
        assert scene.resume().code == 0
        near = scene.ask("export", BATCH, "--format", form, "-o", str(tmp_path / "near"))
        far = scene.ask("export", BATCH, "--format", form, "-o", "az://films/sets/spring")
    assert (near.code, far.code, keys_below(store, "sets/spring") == below(tmp_path / "near")) == (0, 0, True)
    assert not keys_below(store, "sets/spring.partial")


def test_a_taken_key_is_left_and_a_changed_one_is_not_replaced(store):
    bucket = Bucket(bucket_url("az://films/keys"))
    attributes = {"sha256": hashlib.sha256(b"first").hexdigest(), "Content-Type": "video/mp4"}
    bucket.create("é a.mp4", b"first", attributes)
    with pytest.raises(FileExistsError):
        bucket.create("é a.mp4", b"second", {})
    held = bucket.look("é a.mp4")
    bucket.replace("é a.mp4", b"third", {}, held)
    with pytest.raises(OSError, match="changed it meanwhile"):
        bucket.replace("é a.mp4", b"fourth", {}, held)
    assert (held.sha256, store.get("keys/é a.mp4")) == (attributes["sha256"], b"third")
