"""What reads and mends a tree, on one in a bucket."""

import hashlib

import pytest

from tests.faults.scene import BATCH, scene_in
from tests.storage.cloud import rows_of
from tests.storage.test_bucket_run import BUCKET_SETTINGS, LARGE, QUICK, TREE, tree_of, without_list

FOX = "fox/normal_1x1/take-01.mp4"


@pytest.fixture
def made(store, tmp_path):
    """A batch whose four files stand in the bucket."""
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        assert scene.resume().code == 0
        yield scene


def moved_to(scene, layout):
    """The manifest, with another layout."""
    text = scene.manifest.read_text().replace(f"dir: '{TREE}'", f"dir: '{TREE}', layout: '{layout}'")
    scene.manifest.write_text(text)


def test_verify_finds_what_was_changed_and_what_is_gone(store, made):
    whole = made.ask("verify", BATCH)
    content = store.get(f"trees/four/{FOX}")
    store.put(f"trees/four/{FOX}", content[:-1] + bytes([content[-1] ^ 1]))
    store.remove("trees/four/owl/normal_1x1/take-01.mp4")
    done = made.ask("verify", BATCH)
    said = done.out + done.err
    assert (
        whole.code,
        done.code,
        f"damaged {FOX}" in said or FOX in said,
        "there is no such file" in said,
    ) == (
        *(0, 1),
        *(True, True),
    )


def test_repair_fetches_again_what_is_changed_or_gone_and_keeps_what_stood_there(store, made):
    before = without_list(tree_of(store))
    store.put(f"trees/four/{FOX}", b"a person's own film")
    store.remove("trees/four/owl/normal_1x1/take-01.mp4")
    done = made.ask("verify", BATCH, "--repair")
    after = without_list(tree_of(store))
    aside = {key: content for key, content in after.items() if key not in before}
    assert (done.code, {key: after.get(key) for key in before} == before, list(aside.values())) == (
        *(0, True),
        [b"a person's own film"],
    )


def test_another_layout_moves_the_files_with_what_is_noted_of_them(store, made):
    contents = sorted(without_list(tree_of(store)).values())
    moved_to(made, "all/{prompt_id}-{ratio}")
    done = made.resume()
    tree = tree_of(store)
    name = "all/fox-1x1.mp4"
    noted = store.headers(f"trees/four/{name}")
    assert (
        *(done.code, sorted(without_list(tree)), sorted(without_list(tree).values()) == contents),
        *(noted["x-amz-meta-sha256"], noted["Content-Type"]),
        sorted(row["file_name"] for row in rows_of(tree["metadata.jsonl"])),
    ) == (
        *(0, [f"all/{prompt}-{ratio}.mp4" for prompt in ("fox", "owl") for ratio in ("1x1", "2x3")], True),
        *(hashlib.sha256(tree[name]).hexdigest(), "video/mp4"),
        [f"all/{prompt}-{ratio}.mp4" for prompt in ("fox", "owl") for ratio in ("1x1", "2x3")],
    )


def test_a_large_file_moves_inside_the_store(store, tmp_path):
    large = {"file_size_bytes": LARGE, "two_files": 0.0}
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, prompts=("fox",), **large) as scene:
        assert scene.resume().code == 0
        contents = sorted(without_list(tree_of(store)).values())
        moved_to(scene, "all/{ratio}")
        done = scene.resume()
        verified = scene.ask("verify", BATCH)
    tree = without_list(tree_of(store))
    assert (done.code, sorted(tree), sorted(tree.values()) == contents, verified.code, store.uploads()) == (
        *(0, ["all/1x1.mp4", "all/2x3.mp4"]),
        *(True, 0, []),
    )


def test_a_file_is_not_moved_over_another(store, made):
    store.put("trees/four/all/fox-1x1.mp4", b"a person's own film")
    content = store.get(f"trees/four/{FOX}")
    moved_to(made, "all/{prompt_id}-{ratio}")
    done = made.resume()
    kept = (store.get("trees/four/all/fox-1x1.mp4"), content in tree_of(store).values())
    assert ("could not be moved" in done.err, kept) == (True, (b"a person's own film", True))


def test_a_file_that_a_person_changed_is_not_moved(store, made):
    store.put(f"trees/four/{FOX}", b"a person's own film")
    moved_to(made, "all/{prompt_id}-{ratio}")
    done = made.resume()
    kept = store.get(f"trees/four/{FOX}")
    assert ("could not be moved" in done.err, kept) == (True, b"a person's own film")


def test_a_job_that_leaves_the_manifest_keeps_its_file_and_its_row(store, made):
    made.manifest.write_text(made.manifest.read_text().replace("  - {id: owl, text: one owl}\n", ""))
    done = made.resume()
    rows = rows_of(tree_of(store)["metadata.jsonl"])
    removed = sorted(row["file_name"] for row in rows if row["removed"])
    assert (done.code, removed) == (0, [f"owl/normal_{ratio}/take-01.mp4" for ratio in ("1x1", "2x3")])


def test_a_file_that_a_person_deleted_is_missed_and_not_paid_for_again(store, made):
    store.remove(f"trees/four/{FOX}")
    text = made.manifest.read_text()
    made.manifest.write_text(text.replace("text: one owl}", "text: one owl}\n  - {id: bear, text: one bear}"))
    done = made.ask("run", "batch.yaml", "--budget", "4000")
    rows = [row["file_name"] for row in rows_of(tree_of(store)["metadata.jsonl"])]
    submissions = len(list(made.books().requests("generate")))
    assert (done.code, "verify four --repair" in done.err + done.out, FOX in rows, submissions) == (
        1,
        True,
        False,
        6,
    )


def test_a_lost_state_is_taken_over_from_the_bucket(store, made):
    before = tree_of(store)
    for path in made.state.parent.glob("runner.db*"):
        if path.is_file():
            path.unlink()
    adopted = made.ask("adopt", "batch.yaml")
    done = made.resume()
    submissions = len(list(made.books().requests("generate")))
    after, page = tree_of(store), {"index.html"}  # which says when the jobs came to this state
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    assert (adopted.code, done.code, changed - page, submissions) == (0, 0, set(), 4)


def test_the_doctor_looks_whether_the_bucket_takes_keys(store, made):
    good = made.ask("doctor", "batch.yaml")
    made.manifest.write_text(made.manifest.read_text().replace("s3://films", "s3://absent-bucket"))
    bad = made.ask("doctor", "batch.yaml")
    assert (f"{TREE} takes, shows and removes keys" in good.out, bad.code, "NoSuchBucket" in bad.out) == (
        *(True, 2),
        True,
    )


@pytest.mark.parametrize("words", [("verify", BATCH), ("verify", BATCH, "--repair")])
@pytest.mark.parametrize(
    "is_gone", [True, False], ids=["a bucket that is gone", "a store that is not reached"]
)
def test_a_store_that_cannot_be_asked_has_no_damaged_files(store, made, monkeypatch, words, is_gone):
    if is_gone:
        store.ask("POST", "/moto-api/reset")
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    done = made.ask(*words)
    reason = "no such bucket" if is_gone else "cannot be reached"
    assert (done.code, reason in done.err, "damaged" in done.out + done.err) == (2, True, False)


def test_a_plan_asks_nothing_of_the_store_and_leaves_no_spool(store, proxy, tmp_path):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        done = scene.ask("plan", "batch.yaml")
        spools = list(scene.root.rglob("*.spool"))
    assert (done.code, proxy.asked, spools) == (0, [], [])


def test_the_list_of_a_local_tree_and_of_one_in_a_bucket_say_the_same(store, made, tmp_path):
    with scene_in(tmp_path / "local", settings=QUICK, two_files=0.0) as scene:
        assert scene.resume().code == 0
        local = rows_of((scene.output / "metadata.jsonl").read_bytes())
    cloud = rows_of(tree_of(store)["metadata.jsonl"])

    def told(rows):
        return sorted((row["file_name"], row["prompt"], row["credits"], row["bytes"]) for row in rows)

    assert told(cloud) == told(local)
