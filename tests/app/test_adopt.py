import json
import os

import pytest

from runner.files.root import OutputRoot
from runner.report.metadata import NAME as LIST
from runner.store.locks import holding
from tests.app.bench import NAME


def adopt(bench, *more):
    return bench.run("adopt", "demo.yaml", "--json", *more)


def rows_of(bench):
    return [json.loads(line) for line in (bench.tree / LIST).read_text().splitlines()]


def write_list(bench, rows):
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    (bench.tree / LIST).write_bytes(b"\n".join(lines) + b"\n")


def snapshot(bench):
    """All files but the gallery's page, which shows when a job was done: for the new state, when it was adopted."""
    return {
        path.relative_to(bench.root).as_posix(): path.read_bytes()
        for path in bench.root.rglob("*")
        if path.is_file() and not {".partial", "state", "index.html"} & set(path.parts)
    }


@pytest.fixture
def lost(bench):
    """A full tree, one job with two files, whose state is lost."""
    bench.done(0)
    bench.done(1, files=2)
    bench.done(2)
    bench.list_tree()
    bench.lose_state()
    return bench


def test_a_tree_whose_state_was_lost_is_taken_over_and_nothing_in_it_is_written(lost):
    before = snapshot(lost)
    done = adopt(lost)
    summary = done.objects()[-1]
    assert (done.code, summary["jobs"], summary["files"], summary["credits"]) == (0, 3, 4, 120)
    assert (lost.states(), lost.books(), snapshot(lost)) == (["done"] * 3, (120, 0, 0), before)
    assert lost.asked() == []


def test_the_next_run_finds_everything_done_and_sends_nothing(lost):
    assert lost.run("run", "demo.yaml").code == 2  # before: it would be bought again
    adopt(lost)
    assert lost.run("run", "demo.yaml").code == 0  # which looks into the videos, and lists what it found
    before = snapshot(lost)
    assert lost.run("run", "demo.yaml").code == 0
    assert (lost.asked(), lost.asked("generate"), snapshot(lost)) == ([], [], before)
    assert lost.run("verify", NAME).code == 0


def test_what_was_adopted_counts_against_the_lifetime_budget(lost):
    lost.manifest("a red fox", "a grey owl", "a brown bear", "a white hare", budget={"credits": 159})
    adopt(lost)
    assert lost.run("run", "demo.yaml").code == 3
    assert lost.asked("generate") == []


def test_a_second_adoption_changes_nothing(lost):
    adopt(lost)
    done = adopt(lost)
    summary = done.objects()[-1]
    assert (done.code, summary["jobs"], summary["known"], lost.books()) == (0, 0, 3, (120, 0, 0))


def test_a_tree_with_another_layout_now_is_adopted_where_it_is_and_moved_by_the_next_run(lost):
    lost.manifest(output={"layout": "videos/{prompt_id}"})
    before = snapshot(lost)
    adopt(lost)
    assert {name: text for name, text in snapshot(lost).items() if name != "demo.yaml"} == {
        name: text for name, text in before.items() if name != "demo.yaml"
    }
    assert lost.run("run", "demo.yaml").code == 0
    assert (lost.tree / "videos" / "p1-2.mp4").exists()
    assert (lost.run("verify", NAME).code, lost.asked("generate")) == (0, [])


@pytest.mark.parametrize("harm", ["gone", "changed", "not listed"])
def test_a_job_that_lacks_one_of_its_files_is_failed_remembered_and_had_again_without_paying(lost, harm):
    second = lost.tree / "p1" / "take-01-2.mp4"
    kept = second.read_bytes()
    if harm == "gone":
        second.unlink()
    elif harm == "changed":
        second.write_text("an edit")
    else:
        write_list(lost, [row for row in rows_of(lost) if not row["file_name"].endswith("-2.mp4")])
    done = adopt(lost)
    assert (done.code, lost.states(), lost.books()) == (1, ["done", "failed", "done"], (120, 0, 0))
    if harm == "changed":
        assert second.read_text() == "an edit"
        second.unlink()
    assert lost.run("run", "demo.yaml").code == 1
    assert lost.asked("generate") == []
    lost.run("retry", NAME, "--failed")
    assert lost.run("run", "demo.yaml").code == 0
    assert (second.read_bytes(), lost.books(), lost.asked("generate")) == (kept, (120, 0, 0), [])


def test_a_file_that_is_put_back_is_adopted_by_the_next_adoption(lost):
    path = lost.tree / "p0" / "take-01.mp4"
    rows, kept = rows_of(lost), path.read_bytes()
    path.unlink()
    adopt(lost)
    path.write_bytes(kept)
    write_list(lost, rows)
    assert (adopt(lost).code, lost.states(), lost.books()) == (0, ["done"] * 3, (120, 0, 0))


def test_the_list_that_names_more_than_was_taken_over_is_kept_beside_the_state(lost):
    old = (lost.tree / LIST).read_bytes()
    lost.manifest("a red fox", "a grey owl")
    done = lost.run("adopt", "demo.yaml")
    kept = lost.root / "state" / f"{NAME}.{LIST}.before-adopt"
    assert (done.code, kept.read_bytes(), lost.states()) == (0, old, ["done", "done"])
    assert (lost.tree / "p2" / "take-01.mp4").exists()
    assert "1 job of the tree is not in this manifest: its files stay" in done.out


def test_a_job_that_the_state_knows_as_removed_is_no_job_of_the_manifest(lost):
    rows = rows_of(lost)
    lost.enrol()
    lost.manifest("a red fox", "a grey owl")
    lost.enrol()
    write_list(lost, rows)
    done = adopt(lost)
    assert (done.objects()[-1]["strangers"], lost.states()) == (1, ["done", "done", "pending"])


def test_a_file_at_an_old_place_is_moved_by_the_next_run_also_where_the_jobs_were_enrolled_before(lost):
    rows = rows_of(lost)
    lost.manifest(output={"layout": "videos/{prompt_id}"})
    lost.enrol()
    lost.run("run", "demo.yaml", "--limit", "0")
    write_list(lost, rows)
    assert adopt(lost).code == 0
    assert lost.run("run", "demo.yaml").code == 0
    assert (lost.tree / "videos" / "p0.mp4").exists()


def test_jobs_that_are_new_in_the_manifest_stay_pending(lost):
    lost.manifest("a red fox", "a grey owl", "a brown bear", "a white hare")
    adopt(lost)
    assert lost.states() == ["done", "done", "done", "pending"]


def test_a_job_that_runs_or_is_done_in_the_present_state_is_left_alone(lost):
    rows = rows_of(lost)
    lost.enrol()
    lost.running(0, "task_0ee")
    lost.unknown(1)
    write_list(lost, rows)
    done = adopt(lost)
    assert (done.code, lost.states(), lost.books()) == (0, ["running", "unknown", "done"], (40, 80, 40))


def test_without_a_list_there_is_nothing_to_adopt_and_no_state_is_made(lost):
    (lost.tree / LIST).unlink()
    done = adopt(lost)
    assert (done.code, (lost.root / "state" / "runner.db").exists()) == (2, False)


def test_while_a_run_goes_on_nothing_is_adopted(lost):
    lost.state.parent.mkdir(exist_ok=True)
    with holding(lost.state, NAME):
        assert adopt(lost).code == 75


def test_a_manifest_of_another_tree_is_refused(lost):
    lost.enrol()
    (lost.root / "other.yaml").write_text(
        json.dumps(
            {"version": 1, "name": "other", "prompts": ["a cow"], "output": {"dir": f"outputs/{NAME}"}}
        )
    )
    assert lost.run("adopt", "other.yaml").code == 2


# hostile lists

HOSTILE = {
    "no JSON": b"{nope",
    "not UTF-8": b'{"job_id": "\xff\xfe"}',
    "no object": b"[1, 2]",
    "nested": b"[" * 100_000,
    "a long line": b'{"job_id": "' + b"x" * 2_000_000 + b'"}',
    "a number of 5000 digits": b'{"credits": ' + b"9" * 5000 + b"}",
    "an absolute path": {"file_name": "/etc/passwd"},
    "a path out of the tree": {"file_name": "../secret.mp4"},
    "a path out and in": {"file_name": "p0/../../secret.mp4"},
    "a partial file": {"file_name": ".partial/lock"},
    "a NUL": {"file_name": "p0/\0.mp4"},
    "half a character": {"file_name": "p0/\ud800.mp4"},
    "a path of the wrong type": {"file_name": ["p0"]},
    "an endless path": {"file_name": "x/" * 3000 + "y"},
    "no path": {"file_name": None},
    "a size of the wrong type": {"bytes": "12"},
    "a true size": {"bytes": True},
    "a size below 0": {"bytes": -1},
    "a size beyond SQLite": {"bytes": 2**70},
    "a charge beyond reason": {"credits": 2**40},
    "a charge below 1": {"credits": 0},
    "a charge in parts": {"credits": 40.5},
    "no task": {"task_id": None},
    "a task with a quote": {"task_id": "x'; DROP TABLE job"},
    "a hash of another kind": {"sha256": "AB" * 32},
    "a job of the wrong type": {"job_id": 7},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_row_is_reported_and_the_others_are_taken_over(lost, kind):
    (lost.root / "secret.mp4").write_text("not below the tree")
    first, *others = rows_of(lost)
    bad = HOSTILE[kind] if isinstance(HOSTILE[kind], bytes) else first | HOSTILE[kind]
    write_list(lost, [bad, *others])
    done = lost.run("adopt", "demo.yaml")
    assert (done.code, lost.states()) == (1, ["pending", "done", "done"])
    assert f"{LIST}:1: " in done.out
    assert (lost.root / "secret.mp4").read_text() == "not below the tree"


def test_a_list_of_somebody_else_is_refused_and_kept(lost):
    (lost.tree / LIST).write_text('{"file_name": "a.mp4", "text": "mine"}\n')
    done = adopt(lost)
    assert (done.code, (lost.tree / LIST).read_text()) == (2, '{"file_name": "a.mp4", "text": "mine"}\n')
    assert not lost.state.exists()


@pytest.mark.parametrize("kind", ["directory", "symlink", "FIFO"])
def test_a_list_that_is_no_file_is_refused(lost, kind):
    (lost.tree / LIST).rename(lost.root / "list")
    if kind == "directory":
        (lost.tree / LIST).mkdir()
    elif kind == "symlink":
        (lost.tree / LIST).symlink_to(lost.root / "list")
    else:
        os.mkfifo(lost.tree / LIST)
    assert (adopt(lost).code, lost.run("run", "demo.yaml").code) == (2, 2)


def test_a_file_of_the_list_that_is_a_link_out_of_the_tree_is_not_taken_over(lost):
    path = lost.tree / "p0" / "take-01.mp4"
    path.rename(lost.root / "outside.mp4")
    path.symlink_to(lost.root / "outside.mp4")
    assert (adopt(lost).code, lost.states()[0]) == (1, "failed")


def test_two_jobs_that_claim_one_file_or_one_task_do_not_both_get_it(lost):
    rows = rows_of(lost)
    claimed = {key: rows[0][key] for key in ("file_name", "bytes", "sha256")}
    write_list(lost, [rows[0], *rows[1:3], rows[3] | claimed])
    assert (adopt(lost).code, lost.states()) == (1, ["done", "done", "pending"])
    lost.lose_state()
    write_list(lost, [rows[0], *rows[1:3], rows[3] | {"task_id": rows[0]["task_id"]}])
    assert (adopt(lost).code, lost.states()) == (1, ["done", "done", "pending"])


def test_a_file_that_has_its_job_in_the_present_state_is_nobody_elses(lost):
    rows = rows_of(lost)
    write_list(lost, rows[:1])
    adopt(lost)
    claimed = {key: rows[0][key] for key in ("file_name", "bytes", "sha256")}
    write_list(lost, [rows[0], rows[3] | claimed])
    assert (adopt(lost).code, lost.states()) == (1, ["done", "pending", "pending"])


def test_a_tree_that_another_process_writes_to_is_not_adopted(lost):
    with OutputRoot(str(lost.tree)) as other:
        other.lock()
        assert (adopt(lost).code, lost.state.exists()) == (75, False)


def test_rows_of_one_job_that_disagree_are_reported(lost):
    rows = rows_of(lost)
    write_list(lost, [rows[0], rows[1], rows[2] | {"task_id": "task_other"}, rows[3]])
    assert (adopt(lost).code, lost.states()) == (1, ["done", "pending", "done"])


def test_a_thousand_bad_rows_are_counted_and_few_are_shown(lost):
    write_list(lost, [*rows_of(lost), *[b"bad"] * 1000])
    done = lost.run("adopt", "demo.yaml")
    assert (done.code, lost.states()) == (1, ["done"] * 3)
    assert "980 more" in done.out


def test_a_lost_state_is_noticed_by_run_whatever_else_stands_in_the_list(lost):
    write_list(lost, [b"\xff\xfe", b"[" * 100_000, {"job_id": 7}, *rows_of(lost)])
    done = lost.run("run", "demo.yaml")
    assert (done.code, "runner adopt" in done.err, lost.asked("generate")) == (2, True, [])
