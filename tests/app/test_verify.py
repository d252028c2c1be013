import json

import pytest

from runner.core.outcomes import TaskId
from runner.files.root import OutputRoot
from runner.store import decisions, mending, outputs
from runner.store.locks import holding
from tests.app.bench import NAME, NOW


def verify(bench, *more):
    return bench.run("verify", NAME, "--json", *more)


def snapshot(bench):
    return {
        path.relative_to(bench.tree).as_posix(): path.read_bytes()
        for path in bench.tree.rglob("*")
        if path.is_file() and ".partial" not in path.parts
    }


def test_an_intact_tree_is_said_to_be_so_and_nothing_is_asked_or_written(bench):
    bench.done(0)
    bench.done(1, files=2)
    before = snapshot(bench)
    done = verify(bench)
    [summary] = done.objects()
    assert (done.code, summary["files"], summary["damaged"], snapshot(bench)) == (0, 3, 0, before)
    assert summary["bytes"] == sum(map(len, before.values()))
    assert bench.asked() == []


def test_what_is_gone_cut_or_changed_is_named_and_nothing_is_touched(bench):
    [gone], [cut], [changed] = bench.done(0), bench.done(1), bench.done(2)
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    changed.write_bytes(b"\xff" + changed.read_bytes()[1:])
    before = snapshot(bench)
    done = verify(bench)
    assert (done.code, done.states(), snapshot(bench)) == (1, ["missing", "damaged", "damaged"], before)
    assert "SHA-256" in done.objects()[2]["reason"]


@pytest.mark.parametrize("instead", ["directory", "symlink", "unreadable parent"])
def test_what_is_no_file_is_damage(bench, instead):
    [path] = bench.done(0)
    kept = path.read_bytes()
    path.unlink()
    if instead == "directory":
        path.mkdir()
    elif instead == "symlink":
        (bench.root / "kept.mp4").write_bytes(kept)
        path.symlink_to(bench.root / "kept.mp4")
    else:
        path.parent.rmdir()
        path.parent.write_text("in the way")
    assert verify(bench).code == 1


def test_a_tree_that_is_gone_as_a_whole_is_all_missing_and_is_not_made_by_looking(bench):
    import shutil

    bench.done(0)
    shutil.rmtree(bench.root / "outputs")
    done = verify(bench)
    assert (done.code, done.states(), (bench.root / "outputs").exists()) == (1, ["missing"], False)


def test_looking_needs_no_lock(bench):
    bench.done(0)
    with holding(bench.state, NAME):
        assert verify(bench).code == 0
        assert verify(bench, "--repair").code == 75


def test_a_tree_that_another_process_writes_to_is_not_repaired(bench):
    [path] = bench.done(0)
    path.unlink()
    with OutputRoot(str(bench.tree)) as other:
        other.lock()
        assert (verify(bench, "--repair").code, path.exists()) == (75, False)


def test_a_file_whose_move_was_cut_off_is_found_at_its_target(bench):
    [path] = bench.done(0)
    path.rename(path.with_name("moved.mp4"))
    with bench.writer() as writer:
        file = bench.rows("SELECT id FROM file")[0][0]
        writer.write_now(outputs.aim, file, "p0/moved.mp4")
    assert verify(bench).code == 0


# --repair


def test_what_is_gone_is_fetched_again_free_of_charge(bench):
    [gone], _ = bench.done(0), bench.done(1)
    before = snapshot(bench)
    gone.unlink()
    done = verify(bench, "--repair")
    assert (done.code, done.states(), bench.states()) == (
        0,
        ["missing", "repaired"],
        ["done", "done", "pending"],
    )
    assert {name: snapshot(bench)[name] for name in before} == before
    assert (bench.books(), bench.asked("generate"), verify(bench).code) == ((80, 0, 0), [], 0)


def test_one_of_several_files_is_fetched_again_and_the_others_are_left_alone(bench):
    gone, kept = bench.done(0, files=2)
    gone.unlink()
    stamp = kept.stat().st_mtime_ns
    assert verify(bench, "--repair").code == 0
    assert (gone.exists(), kept.stat().st_mtime_ns, bench.asked("download")) == (
        True,
        stamp,
        [f"/files/{bench.job(0).task_id}/1.mp4"],
    )


def test_a_changed_file_is_kept_aside_under_a_free_name_and_never_overwritten(bench):
    [path] = bench.done(0)
    aside = bench.tree / "removed" / bench.job(0).job_id
    aside.mkdir(parents=True)
    (aside / path.name).write_text("of an earlier repair")
    path.write_text("an edit that took hours")
    done = verify(bench, "--repair")
    assert (done.code, verify(bench).code) == (0, 0)
    assert (aside / path.name).read_text() == "of an earlier repair"
    assert (aside / "take-01.1.mp4").read_text() == "an edit that took hours"
    assert "removed/" in done.objects()[1]["reason"]


def test_a_directory_in_the_place_of_a_file_is_kept_aside_too(bench):
    [path] = bench.done(0)
    path.unlink()
    path.mkdir()
    (path / "notes.txt").write_text("mine")
    assert verify(bench, "--repair").code == 0
    assert (bench.tree / "removed" / bench.job(0).job_id / path.name / "notes.txt").read_text() == "mine"


def test_the_list_of_the_tree_is_restored_and_an_intact_tree_needs_no_token(bench, monkeypatch):
    bench.done(0)
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    assert verify(bench, "--repair").code == 0
    [row] = [json.loads(line) for line in (bench.tree / "metadata.jsonl").read_text().splitlines()]
    assert row["job_id"] == bench.job(0).job_id
    (bench.tree / "metadata.jsonl").unlink()
    verify(bench, "--repair")
    assert (bench.tree / "metadata.jsonl").exists()


def test_without_a_token_the_damage_is_named_and_nothing_is_moved(bench, monkeypatch):
    [path] = bench.done(0)
    path.write_text("an edit")
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    done = bench.run("verify", NAME, "--repair")
    assert (done.code, path.read_text(), bench.states()[0]) == (2, "an edit", "done")
    assert "damaged" in done.out


@pytest.mark.parametrize("says", ["gone", "failed", "running"])
def test_what_the_service_does_not_have_any_more_stays_as_it_is(bench, says):
    [path] = bench.done(0)
    path.write_text("an edit")
    bench.service_says(bench.job(0).task_id, says)
    done = verify(bench, "--repair")
    assert (done.code, done.states(), path.read_text()) == (1, ["damaged", "unrepaired"], "an edit")
    assert (bench.states()[0], bench.books()) == ("done", (40, 0, 0))


def test_a_task_that_shows_another_request_is_not_fetched(bench):
    [path] = bench.done(0)
    path.unlink()
    bench.service_echoes(bench.job(0).task_id, "something else")
    assert (verify(bench, "--repair").code, path.exists()) == (1, False)


def test_a_service_that_cannot_be_reached_ends_it(bench):
    [path] = bench.done(0)
    path.write_text("an edit")
    bench.manifest(provider={"base_url": "http://127.0.0.1:9"})
    assert (verify(bench, "--repair").code, path.read_text()) == (5, "an edit")


def test_other_bytes_of_the_same_task_are_taken_and_recorded_and_that_is_said(bench_with):
    bench = bench_with(file_size_bytes=20_000)
    [path] = bench.done(0)  # of the size that the service had then
    path.unlink()
    done = verify(bench, "--repair")
    assert (done.code, path.stat().st_size, verify(bench).code) == (0, 20_000, 0)
    assert "other bytes" in done.objects()[1]["reason"]


def test_a_repair_that_was_cut_off_is_seen_by_the_next_look_and_finished_by_the_next_run(bench):
    [path] = bench.done(0)
    path.unlink()
    with bench.writer() as writer:
        file = bench.rows("SELECT id FROM file")[0][0]
        writer.write_now(mending.want_again, bench.job(0).pk, [file], [])
    assert (verify(bench).code, bench.states()[0]) == (1, "fetching")
    assert bench.run("run", "demo.yaml", "--limit", "0").code == 0
    assert (verify(bench).code, bench.states()[0], bench.asked("generate")) == (0, "done", [])


def test_a_file_that_a_person_puts_back_after_a_failed_repair_ends_it(bench, monkeypatch):
    bench.done(0)
    with bench.writer() as writer:
        file = bench.rows("SELECT id FROM file")[0][0]
        writer.write_now(mending.want_again, bench.job(0).pk, [file], [])
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    assert (verify(bench, "--repair").code, bench.states()[0]) == (0, "done")


def test_a_removed_jobs_file_is_repaired_as_well(bench):
    [path] = bench.done(2)
    bench.manifest("a red fox", "a grey owl")
    bench.enrol()
    path.unlink()
    assert (verify(bench, "--repair").code, path.exists()) == (0, True)


def test_an_adopted_file_is_repaired_by_its_task(bench):
    bench.accept("task_01d", "a red fox")
    bench.service_says("task_01d", "completed")
    from runner.core.money import Credits
    from runner.core.records import Claim, ClaimedFile

    file = ClaimedFile("p0/take-01.mp4", 5, "ab" * 32, "")
    with bench.writer() as writer:
        claim = Claim(bench.job(0).job_id, TaskId("task_01d"), Credits(40), (file,))
        writer.write_now(decisions.adopt, bench.job(0).pk, claim, NOW)
    done = verify(bench, "--repair")
    assert (done.code, (bench.tree / "p0/take-01.mp4").exists()) == (0, True), done


def test_damage_of_many_files_is_repaired_page_by_page(bench):
    bench.manifest(*(f"prompt {number}" for number in range(24)))
    bench.enrol()
    paths = [bench.done(place)[0] for place in range(24)]
    for path in paths:
        path.unlink()
    done = verify(bench, "--repair")
    assert (done.code, done.objects()[-1]["damaged"], done.objects()[-1]["remaining"]) == (0, 24, 0)
    assert all(path.exists() for path in paths)
