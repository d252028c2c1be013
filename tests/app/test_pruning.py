"""Deleting the files of rejected jobs."""

import json

import pytest

from tests.app.bench import NAME, Bench


@pytest.fixture
def seen(bench: Bench) -> Bench:
    """Three done jobs, the first two of which were rejected; the first has two files."""
    bench.done(0, files=2)
    for place in (1, 2):
        bench.done(place)
    for place in (0, 1):
        bench.choose(place, flag="reject")
    bench.list_tree()
    return bench


def prune(bench, *more):
    return bench.run("prune", NAME, "--rejected", *(more or ("--yes",)))


def files(bench):
    return sorted(path.relative_to(bench.tree).as_posix() for path in bench.tree.rglob("*.mp4"))


def listed(bench):
    lines = (bench.tree / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted(json.loads(line)["file_name"] for line in lines)


def test_the_files_of_rejected_jobs_are_deleted_and_nothing_else(seen):
    done = prune(seen)
    assert (done.code, files(seen), listed(seen)) == (0, ["p2/take-01.mp4"], ["p2/take-01.mp4"])
    assert done.out.splitlines()[:3] == [
        "deleted     p0/take-01-1.mp4",
        "deleted     p0/take-01-2.mp4",
        "deleted     p1/take-01.mp4",
    ]
    assert [path.name for path in seen.tree.iterdir() if path.is_dir() and path.name != ".partial"] == ["p2"]


def test_what_was_deleted_is_neither_missed_nor_paid_again(seen):
    prune(seen)
    ends = [
        seen.run(*words).code
        for words in (("verify", NAME), ("verify", NAME, "--repair"), ("run", "demo.yaml"))
    ]
    assert (ends, files(seen), seen.states(), seen.books(), seen.asked("generate")) == (
        [0, 0, 0],
        ["p2/take-01.mp4"],
        ["done"] * 3,
        (120, 0, 0),
        [],
    )
    status = json.loads(seen.run("status", NAME, "--json").out)
    assert status["files"]["count"] == 1


def test_another_take_can_still_be_made_afterwards(seen):
    prune(seen)
    assert seen.run("retry", NAME, "--rejected").code == 0
    assert seen.run("run", "demo.yaml").code == 0
    assert files(seen) == ["p0/take-02.mp4", "p1/take-02.mp4", "p2/take-01.mp4"]


def test_without_a_terminal_it_must_be_said_twice(seen):
    refused = prune(seen, "--json")
    assert (refused.code, len(files(seen)), refused.out) == (2, 4, "")
    assert "this deletes 3 files (" in refused.err
    assert "give --yes" in refused.err
    assert seen.run("prune", NAME).code == 2


def test_a_file_that_somebody_changed_is_left_with_all_of_its_job(seen):
    (seen.tree / "p0/take-01-2.mp4").write_bytes(b"edited")
    done = prune(seen, "--yes", "--json")
    assert (done.code, files(seen)) == (1, ["p0/take-01-1.mp4", "p0/take-01-2.mp4", "p2/take-01.mp4"])
    assert [one["state"] for one in done.objects()[:-1]] == ["left", "left", "deleted"]
    assert done.objects()[-1] | {"bytes": 0} == {"batch": NAME, "jobs": 1, "files": 1, "bytes": 0, "left": 2}


def test_a_file_that_is_gone_already_is_done_with(seen):
    (seen.tree / "p1/take-01.mp4").unlink()
    assert (prune(seen).code, seen.run("verify", NAME).code) == (0, 0)


@pytest.mark.parametrize("gone", [("p0/take-01-1.mp4",), ("p0/take-01-1.mp4", "p0/take-01-2.mp4")])
def test_a_kill_between_a_file_and_its_row_is_made_good_by_doing_it_again(seen, gone):
    for path in gone:
        (seen.tree / path).unlink()
    assert (prune(seen).code, files(seen), listed(seen)) == (0, ["p2/take-01.mp4"], ["p2/take-01.mp4"])


def test_a_tree_that_is_not_there_loses_nothing(seen):
    seen.tree.rename(seen.tree.with_name("unmounted"))
    refused = prune(seen)
    seen.tree.with_name("unmounted").rename(seen.tree)
    assert (refused.code, len(files(seen)), seen.run("verify", NAME).code) == (2, 4, 0)


def test_a_link_in_the_tree_is_not_followed(seen, tmp_path):
    (seen.tree / "p1/take-01.mp4").rename(tmp_path / "elsewhere.mp4")
    (seen.tree / "p1/take-01.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    assert (prune(seen).code, (tmp_path / "elsewhere.mp4").exists()) == (1, True)


def test_what_is_kept_after_all_stays(seen):
    seen.choose(0, flag="keep")
    seen.choose(1, flag=None)
    done = prune(seen)
    assert (done.code, done.out, len(files(seen))) == (0, "there is no rejected job with a file\n", 4)


def test_a_batch_that_somebody_works_on_is_left_alone(seen):
    from runner.store import locks

    with locks.holding(seen.state, NAME):
        assert (prune(seen).code, len(files(seen))) == (75, 4)


def test_a_file_on_its_way_elsewhere_is_left(seen):
    with seen.writer() as writer:
        writer.write_now(
            lambda connection: (
                connection.exec_driver_sql("UPDATE file SET target = 'x.mp4' WHERE job = 2") and None
            )
        )
    done = prune(seen)
    assert (done.code, files(seen)) == (1, ["p1/take-01.mp4", "p2/take-01.mp4"])
    assert "was on its way to x.mp4" in done.out
