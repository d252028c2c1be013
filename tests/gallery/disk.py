"""Disks and trees: full, closed, in the way, damaged, lost."""

from collections.abc import Callable
from pathlib import Path

from tests.faults.mounts import read_only
from tests.gallery.stage import Stage

NEEDS_MOUNTS = {"a tree that is read-only", "a state that is read-only"}
"""Situations that only root can make."""
NEEDS_FULL = {"a full disk under the log", "a result that does not fit on the disk"}
"""Situations that are made with /dev/full."""


def a_file_where_the_tree_should_be(stage: Stage) -> None:
    stage.bench()
    stage.write("outputs", "in the way")
    stage.run("run", "demo.yaml")


def a_tree_that_is_read_only(stage: Stage) -> None:
    bench = stage.bench()
    bench.tree.mkdir(parents=True)
    with read_only(bench.tree):
        stage.run("run", "demo.yaml")


def a_state_that_is_read_only(stage: Stage) -> None:
    bench = stage.bench()
    with read_only(bench.state.parent):
        stage.run("run", "demo.yaml")


def a_file_where_the_state_should_be(stage: Stage) -> None:
    stage.paid_at("http://127.0.0.1:9")
    stage.write("state", "in the way")
    stage.run("run", "m.yaml")


def a_full_disk_under_the_tree(stage: Stage) -> None:
    bench = stage.bench(file_size_bytes=900_000)
    bench.manifest("a red fox", limits={"requests_per_minute": 6000, "downloads": 1})
    stage.run_limited(600, "run", "demo.yaml")


def a_full_disk_under_the_state(stage: Stage) -> None:
    stage.paid_at("http://127.0.0.1:9")
    stage.run_limited(20, "run", "m.yaml")


def a_full_disk_under_the_log(stage: Stage) -> None:
    stage.bench()
    stage.run("--log-file", "/dev/full", "run", "demo.yaml", "--limit", "0")


def a_result_that_does_not_fit(stage: Stage) -> None:
    stage.bench()
    with Path("/dev/full").open("w") as full:
        stage.run_to(full, "plan", "demo.yaml")


def a_file_that_was_deleted(stage: Stage) -> None:
    bench = stage.bench()
    for place in (0, 1, 2):
        bench.done(place)
    bench.list_tree()
    next(bench.tree.rglob("*.mp4")).unlink()
    stage.run("run", "demo.yaml")
    stage.run("verify", "demo")


def a_file_that_was_edited(stage: Stage) -> None:
    bench = stage.bench()
    bench.done(0)[0].write_bytes(b"an edit")
    stage.run("verify", "demo")


def a_list_that_somebody_else_wrote(stage: Stage) -> None:
    bench = stage.bench()
    bench.tree.mkdir(parents=True)
    (bench.tree / "metadata.jsonl").write_text('{"my": "notes"}\n')
    stage.run("run", "demo.yaml")


def a_tree_whose_state_was_lost(stage: Stage) -> None:
    bench = stage.bench()
    bench.done(0)
    bench.list_tree()
    bench.lose_state()
    stage.run("run", "demo.yaml")


def a_stranger_in_the_place_of_a_file(stage: Stage) -> None:
    bench = stage.bench()
    path = bench.tree / "p0" / "take-01.mp4"
    path.parent.mkdir(parents=True)
    path.write_text("my own film")
    bench.manifest("a red fox", limits={"requests_per_minute": 6000})
    stage.run("run", "demo.yaml", "--only", "prompt=p0")


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    "a file where the tree should be": a_file_where_the_tree_should_be,
    "a tree that is read-only": a_tree_that_is_read_only,
    "a state that is read-only": a_state_that_is_read_only,
    "a file where the state should be": a_file_where_the_state_should_be,
    "a full disk under the tree": a_full_disk_under_the_tree,
    "a full disk under the state": a_full_disk_under_the_state,
    "a full disk under the log": a_full_disk_under_the_log,
    "a result that does not fit on the disk": a_result_that_does_not_fit,
    "a file that was deleted": a_file_that_was_deleted,
    "a file that was edited": a_file_that_was_edited,
    "a list that somebody else wrote": a_list_that_somebody_else_wrote,
    "a tree whose state was lost": a_tree_whose_state_was_lost,
    "a stranger's file in the place of ours": a_stranger_in_the_place_of_a_file,
}
