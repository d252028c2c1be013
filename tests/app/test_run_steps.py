"""Processing steps at the end of a run: what they make, that it is kept, and that they touch no job and no credit."""

import hashlib
import shutil
from pathlib import Path

import pytest

from runner.core.processing import ProcessingStep, StepKind
from tests.app.bench import NAME, Bench
from tests.media.footage import film

THUMBNAIL = ProcessingStep(StepKind.THUMBNAIL, {"size": 320}).label
FRAMES = ProcessingStep(StepKind.FRAMES, {"every_s": 0.5}).label
STEPS = ["probe", {"frames": {"every": "500ms"}}, "thumbnail", {"transcode": {"height": 64}}]


def made(bench: Bench) -> dict[str, str]:
    """What stands in the place of the results, by path, as hashes."""
    found = (path for path in (bench.tree / "derived").rglob("*") if path.is_file())
    return {
        path.relative_to(bench.tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
    }


def steps(bench: Bench) -> list[tuple[str, int, int, int]]:
    """Each step as ``status`` has it: its kind, and of how many files it is made, failed, waiting."""
    found = bench.run("status", NAME, "--json").objects()[0]["steps"]
    return [(one["step"].partition("-")[0], one["made"], one["failed"], one["waiting"]) for one in found]


def run(bench: Bench, *more: str, **keys):
    if keys:
        bench.manifest(**keys)
    return bench.run("run", "demo.yaml", *more)


@pytest.fixture
def finished(bench: Bench) -> Bench:
    """Three done jobs, the first of which has two files."""
    bench.done(0, files=2)
    for place in (1, 2):
        bench.done(place)
    return bench


def test_each_step_is_carried_out_for_each_file(finished):
    done = run(finished, steps=STEPS)
    job = finished.job(1).job_id
    assert (done.code, steps(finished)) == (
        0,
        [("frames", 4, 0, 0), ("thumbnail", 4, 0, 0), ("transcode", 4, 0, 0)],
    )
    assert {path for path in made(finished) if job in path and "transcode" not in path} == {
        f"derived/{THUMBNAIL}/{job[:2]}/{job}-1.jpg",
        f"derived/{FRAMES}/{job[:2]}/{job}-1/00001.jpg",
        f"derived/{FRAMES}/{job[:2]}/{job}-1/00002.jpg",
    }
    assert [path.name for path in (finished.tree / ".partial").iterdir()] == ["lock"]


def test_the_state_knows_what_each_file_holds(finished):
    run(finished, steps=STEPS)
    recorded = finished.rows("SELECT path, sha256, bytes FROM derived")
    sizes = {path: (finished.tree / path).stat().st_size for path in made(finished)}
    assert {path: (sha256, size) for path, sha256, size in recorded} == {
        path: (sha256, sizes[path]) for path, sha256 in made(finished).items()
    }


def test_what_is_made_is_not_made_again(finished):
    run(finished, steps=STEPS)
    before = {path: path.stat().st_mtime_ns for path in finished.tree.rglob("*")}
    again = run(finished)
    after = {path: path.stat().st_mtime_ns for path in finished.tree.rglob("*")}
    assert (again.code, after) == (0, before)


def test_a_change_of_steps_costs_nothing_and_makes_only_what_changed(finished):
    run(finished, steps=["thumbnail", {"frames": {"every": "500ms"}}])
    before = finished.states(), finished.books(), made(finished)
    kept = {path: (finished.tree / path).stat().st_mtime_ns for path in before[2]}
    done = run(finished, steps=["thumbnail", {"frames": {"every": "250ms"}}])
    assert (done.code, finished.states(), finished.books(), finished.asked("generate")) == (
        0,
        *before[:2],
        [],
    )
    assert {path: (finished.tree / path).stat().st_mtime_ns for path in kept} == kept
    assert len(made(finished)) - len(kept) == 4 * 4  # a video of a second has as many


def test_a_step_that_comes_back_finds_what_it_made(finished):
    run(finished, steps=["thumbnail"])
    before = {path: path.stat().st_mtime_ns for path in finished.tree.rglob("*.jpg")}
    run(finished, steps=["probe"])
    between = steps(finished)
    run(finished, steps=["thumbnail"])
    after = {path: path.stat().st_mtime_ns for path in finished.tree.rglob("*.jpg")}
    assert (between, after) == ([], before)


def test_what_somebody_deleted_is_made_again(finished):
    run(finished, steps=STEPS)
    before = made(finished)
    for path in finished.tree.glob(f"derived/{FRAMES}/*/*/00001.jpg"):
        path.unlink()
    shutil.rmtree(finished.tree / "derived" / THUMBNAIL)
    assert (run(finished).code, made(finished)) == (0, before)


def test_what_a_run_that_died_left_behind_is_cleared_away(finished):
    left = finished.tree / ".partial"
    (left / "own-abc").mkdir(parents=True)
    for path in (left / "own-abc/a", left / "step-7-7.1"):
        path.write_bytes(b"left")
    run(finished, steps=["thumbnail"])
    assert [path.name for path in left.iterdir()] == ["lock"]


def test_videos_of_which_nothing_can_be_made_are_told_and_tried_again_and_stay_done(finished):
    path = finished.tree / "p1/take-01.mp4"
    whole = path.read_bytes()
    path.write_bytes(b"x" * len(whole))
    first = run(finished, steps=["thumbnail"])
    told = f"{THUMBNAIL} made nothing of 1 file, and tries it again at the next run: p1/take-01.mp4: "
    assert (first.code, steps(finished), finished.states()) == (1, [("thumbnail", 3, 1, 0)], ["done"] * 3)
    assert told + "it is not what was recorded (input)" in first.err
    path.write_bytes(whole)
    assert (run(finished).code, steps(finished)) == (0, [("thumbnail", 4, 0, 0)])


def test_a_program_hears_of_each_step(finished):
    path = finished.tree / "p1/take-01.mp4"
    path.write_bytes(b"x" * path.stat().st_size)
    told = run(finished, "--json", steps=["thumbnail"]).objects()
    kept = {"event", "waiting", "step", "path", "files", "error", "error_class"}
    steps = [
        {key: one[key] for key in kept & set(one)} for one in told if one["event"] in ("processing", "step")
    ]
    made = {"event": "step", "step": THUMBNAIL, "files": 1}
    failed = {"error": "it is not what was recorded", "error_class": "input"}
    assert (steps[0], sorted(steps[1:], key=lambda one: one["path"])) == (
        {"event": "processing", "waiting": 4},
        [
            made | {"path": "p0/take-01-1.mp4"},
            made | {"path": "p0/take-01-2.mp4"},
            {"event": "step", "step": THUMBNAIL, "path": "p1/take-01.mp4"} | failed,
            made | {"path": "p2/take-01.mp4"},
        ],
    )


def test_a_person_hears_of_each_step_who_asks_for_it(finished):
    finished.manifest(steps=["thumbnail"])
    said = finished.run("-v", "run", "demo.yaml").err
    assert "4 steps to carry out for the files, free of charge" in said
    assert f"{THUMBNAIL} made 1 file of p2/take-01.mp4" in said


def test_a_file_of_somebody_else_is_never_overwritten(finished):
    job = finished.job(1).job_id
    theirs = finished.tree / "derived" / THUMBNAIL / job[:2] / f"{job}-1.jpg"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"mine")
    done = run(finished, steps=["thumbnail"])
    assert (done.code, theirs.read_bytes(), steps(finished)) == (1, b"mine", [("thumbnail", 3, 1, 0)])
    assert "is taken by another file (taken)" in done.err
    theirs.unlink()
    assert (run(finished).code, steps(finished)) == (0, [("thumbnail", 4, 0, 0)])


def test_nothing_is_written_through_a_link(finished):
    elsewhere = finished.root / "elsewhere"
    elsewhere.mkdir()
    (finished.tree / "derived").symlink_to(elsewhere)
    done = run(finished, steps=["thumbnail"])
    assert (done.code, list(elsewhere.iterdir()), steps(finished)) == (1, [], [("thumbnail", 0, 4, 0)])


def test_a_video_that_was_replaced_has_its_results_made_anew(finished):
    run(finished, steps=["thumbnail"])
    before = made(finished)
    content = film(finished.tree / "p1/take-01.mp4").read_bytes()
    with finished.writer() as writer:
        writer.write_now(replaced, "p1/take-01.mp4", len(content), hashlib.sha256(content).hexdigest())
    done = run(finished)
    changed = {path for path, sha256 in made(finished).items() if before.get(path) != sha256}
    job = finished.job(1).job_id
    assert (done.code, changed, len(made(finished))) == (
        0,
        {f"derived/{THUMBNAIL}/{job[:2]}/{job}-1.jpg"},
        len(before),
    )


def replaced(connection, path: str, size: int, sha256: str) -> None:
    connection.exec_driver_sql("UPDATE file SET bytes = ?, sha256 = ? WHERE path = ?", (size, sha256, path))


def test_a_job_that_the_manifest_does_not_name_any_more_is_left_alone(finished):
    done = run(finished, "--yes", steps=["thumbnail"], prompts=[{"id": "p1", "text": "a grey owl"}])
    assert (done.code, steps(finished), len(made(finished))) == (0, [("thumbnail", 1, 0, 0)], 1)


def test_without_the_extra_nothing_is_sent(bench, monkeypatch):
    import sys

    monkeypatch.setattr(sys, "path", [one for one in sys.path if not Path(one, "av").exists()])
    for name in ("av", "PIL"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    done = run(bench, "--yes", steps=["probe"])
    assert (done.code, bench.asked("generate")) == (2, [])
    assert "steps need the extra `media` (PyAV and Pillow), which is not installed: pip install" in done.err
