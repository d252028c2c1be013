"""What is wrong with a bucket is told before money is spent, in words that name it and the way out."""

import pytest

from tests.faults.scene import scene_in
from tests.storage.test_bucket_run import BUCKET_SETTINGS, QUICK, TREE


def refused(scene):
    """How a run ended, the first line that it said, and how many submissions the service saw."""
    done = scene.run()
    return done.code, done.err.strip().splitlines()[0], len(list(scene.books().requests("generate")))


def test_a_bucket_that_is_not_there_ends_a_run_before_anything_is_sent(store, tmp_path):
    with scene_in(tmp_path, settings=f"{QUICK}output: {{dir: 's3://absent-bucket/x'}}\n") as scene:
        code, said, submissions = refused(scene)
    assert (code, "no such bucket (NoSuchBucket)" in said, "nothing was sent" in said, submissions) == (
        *(2, True, True),
        0,
    )


def test_wrong_credentials_end_a_run_before_anything_is_sent(store, tmp_path):
    store.demand_credentials(wanted=True)
    try:
        with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
            code, said, submissions = refused(scene)
    finally:
        store.demand_credentials(wanted=False)
    assert (code, "the store denies it" in said, "nothing was sent" in said, submissions) == (
        2,
        True,
        True,
        0,
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "QuotaExceeded"), (507, "XMinioStorageFull"), (400, "XMinioAdminBucketQuotaExceeded")],
)
def test_a_full_quota_ends_a_run_before_anything_is_sent(store, proxy, tmp_path, status, code):
    proxy.before = lambda asked: (status, code) if asked.method == "PUT" else None
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        exit_code, said, submissions = refused(scene)
    assert (
        exit_code,
        f"no room or no quota left ({code})" in said,
        "nothing was sent" in said,
        submissions,
    ) == (
        *(2, True, True),
        0,
    )


def test_a_store_that_overwrites_taken_keys_is_not_used(store, proxy, tmp_path):
    """Some stores ignore If-None-Match, as if nobody had sent it."""
    proxy.drops_conditions = True
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        code, said, submissions = refused(scene)
    assert (code, "overwrites a key that is taken" in said, submissions, store.sizes()) == (2, True, 0, {})


def test_a_store_that_cannot_be_reached_ends_a_run_before_anything_is_sent(store, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        code, said, submissions = refused(scene)
    assert (code, "the store cannot be reached" in said, submissions) == (2, True, 0)


def test_without_any_credentials_nobody_asks_the_instance_for_them(store, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        code, said, submissions = refused(scene)
    assert (code, "AWS_EC2_METADATA_DISABLED forbids to ask" in said, submissions) == (2, True, 0)


def test_the_key_of_the_probe_is_removed(store, tmp_path):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        done = scene.run()
    assert (done.code, [key for key in store.sizes() if "probe" in key]) == (0, [])


def test_a_list_of_somebody_else_in_the_bucket_is_not_overwritten(store, tmp_path):
    store.put("trees/four/metadata.jsonl", b'{"theirs": 1}\n')
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        code, said, submissions = refused(scene)
    assert (code, "was not written by this program" in said, submissions, store.keys()) == (
        *(2, True, 0),
        {"trees/four/metadata.jsonl": b'{"theirs": 1}\n'},
    )


def test_a_tree_of_a_lost_state_is_not_bought_again(store, tmp_path):
    with scene_in(tmp_path / "first", settings=BUCKET_SETTINGS) as scene:
        assert scene.run().code == 0
    with scene_in(tmp_path / "second", settings=BUCKET_SETTINGS) as scene:
        code, said, submissions = refused(scene)
    assert (code, "which the state does not know" in said, "adopt" in said, submissions) == (2, True, True, 0)


def test_two_batches_with_one_tree_in_a_bucket_are_refused_however_it_is_spelt(store, tmp_path):
    with scene_in(tmp_path, settings=BUCKET_SETTINGS) as scene:
        assert scene.run().code == 0
        text = scene.manifest.read_text().replace("name: four", "name: other").replace(TREE, f"S3{TREE[2:]}/")
        scene.manifest.write_text(text)
        done = scene.run()
    assert (done.code, "belongs to the batch 'four'" in done.err) == (2, True)


def test_a_command_that_cannot_work_on_a_bucket_yet_says_so(tmp_path):
    from runner.core.errors import UsageError
    from runner.files.root import OutputRoot

    with pytest.raises(UsageError) as refusal:
        OutputRoot(TREE, create=False)
    assert str(refusal.value) == (
        f"{TREE}: this command cannot work on a tree in object storage yet; copy the tree to a local directory for it"
    )


def test_a_key_that_is_taken_by_something_else_is_a_conflict_and_stays(store, tmp_path):
    store.put("trees/four/fox/normal_1x1/take-01.mp4", b"a person's own film")
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        done = scene.run()
        errors = [one["error"] for one in scene.jobs() if one["state"] != "done"]
    assert (done.code, errors, store.get("trees/four/fox/normal_1x1/take-01.mp4")) == (
        1,
        ["fox/normal_1x1/take-01.mp4 is taken by another file"],
        b"a person's own film",
    )


def test_a_store_that_is_full_in_the_middle_stops_the_run_like_a_full_disk(store, proxy, tmp_path):
    files = []

    def third_is_too_much(asked):
        if asked.puts(".mp4"):
            files.append(asked)
        return (403, "QuotaExceeded") if len(files) > 2 and asked.puts(".mp4") else None

    proxy.before = third_is_too_much
    with scene_in(tmp_path, settings=BUCKET_SETTINGS, two_files=0.0) as scene:
        full = scene.run()
        proxy.before = lambda _: None
        resumed = scene.run()
        submissions = len(list(scene.books().requests("generate")))
    videos = [key for key in store.sizes() if key.endswith(".mp4")]
    assert (full.code, "no room or no quota left" in full.err, resumed.code, len(videos), submissions) == (
        *(1, True, 0),
        *(4, 4),
    )
