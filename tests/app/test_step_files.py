"""What steps made, under the promises of the videos: checked, made again, deleted with the job."""

import hashlib

import pytest

from tests.app.bench import NAME, Bench
from tests.media.footage import film

STEPS = ["thumbnail", {"frames": {"every": "500ms"}}]


@pytest.fixture
def finished(bench: Bench) -> Bench:
    """Three done jobs of a file each, of which a thumbnail and two frames are made."""
    for place in range(3):
        bench.done(place)
    bench.manifest(steps=STEPS)
    assert bench.run("run", "demo.yaml").code == 0
    return bench


def derived(bench: Bench) -> dict[str, str]:
    found = (path for path in (bench.tree / "derived").rglob("*") if path.is_file())
    return {
        path.relative_to(bench.tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
    }


def of_job(bench: Bench, place: int) -> list[str]:
    """The thumbnail and the two frames of the job's file, in this order."""
    return sorted((path for path in derived(bench) if bench.job(place).job_id in path), reverse=True)


def spoil(bench: Bench) -> list[str]:
    """Change the thumbnail of the first job, and delete a frame of the second; returns their paths."""
    changed, gone = of_job(bench, 0)[0], of_job(bench, 1)[1]
    (bench.tree / changed).write_bytes(b"edited")
    (bench.tree / gone).unlink()
    return [changed, gone]


def test_verify_counts_them_and_finds_what_is_gone_or_changed(finished):
    whole = finished.run("verify", NAME, "--json")
    paths = spoil(finished)
    spoilt = finished.run("verify", NAME, "--json")
    assert (whole.code, whole.objects()[-1]["files"], spoilt.code) == (0, 3 * (1 + 1 + 2), 1)
    assert {one["path"]: one["state"] for one in spoilt.objects()[:-1]} == dict(
        zip(paths, ["damaged", "missing"], strict=True)
    )


def test_repair_makes_them_again_for_free_and_keeps_what_was_there(finished):
    before = derived(finished)
    paths = spoil(finished)
    done = finished.run("verify", NAME, "--repair", "--json")
    aside = finished.tree / "removed" / finished.job(0).job_id / paths[0].rpartition("/")[2]
    assert (done.code, derived(finished), aside.read_bytes(), finished.asked("generate")) == (
        0,
        before,
        b"edited",
        [],
    )
    assert sorted(done.states()) == ["damaged", "missing", "repaired", "repaired"]
    counts = {key: done.objects()[-1][key] for key in ("files", "damaged", "remaining")}
    assert counts == {"files": 12, "damaged": 2, "remaining": 0}


def test_a_repair_of_a_video_and_of_what_was_made_of_it_comes_in_one(finished):
    before = derived(finished)
    for path in ("p0/take-01.mp4", *of_job(finished, 0)):
        (finished.tree / path).unlink()
    done = finished.run("verify", NAME, "--repair")
    assert (done.code, derived(finished)) == (0, before)


def test_what_cannot_be_made_again_remains(finished):
    (finished.tree / of_job(finished, 1)[0]).unlink()
    film(finished.tree / "p1/take-01.mp4")
    finished.service_says(finished.job(1).task_id, "gone")
    done = finished.run("verify", NAME, "--repair", "--json")
    assert (done.code, done.objects()[-1]["remaining"]) == (1, 2)
    assert sorted(done.states()) == ["damaged", "missing", "unrepaired", "unrepaired"]


def test_what_a_function_made_is_left_to_a_run_that_may_call_it(finished):
    (finished.root / "mine.py").write_text("def made(video, folder):\n    (folder / 'a').touch()\n")
    finished.manifest(steps=[{"python": "mine:made"}])
    finished.run("run", "demo.yaml", "--allow-code")
    gone = of_job(finished, 1)[0]
    for path in finished.tree.rglob("a"):
        path.unlink()
    repaired = finished.run("verify", NAME, "--repair", "--json")
    assert (repaired.code, repaired.objects()[-1]["remaining"]) == (1, 3)
    again = finished.run("run", "demo.yaml", "--allow-code")
    assert (again.code, (finished.tree / gone).exists(), finished.run("verify", NAME).code) == (0, True, 0)


def test_what_is_of_a_step_that_nobody_wants_is_not_missed(finished):
    finished.manifest(steps=["thumbnail"])
    finished.run("run", "demo.yaml")
    for path in derived(finished):
        if "frames" in path:
            (finished.tree / path).unlink()
    assert finished.run("verify", NAME, "--json").objects()[-1]["files"] == 6


def test_files_of_rejected_jobs_are_deleted_with_what_was_made_of_them(finished):
    finished.choose(0, flag="reject")
    doomed = of_job(finished, 0)
    done = finished.run("prune", NAME, "--rejected", "--yes")
    after = finished.run("run", "demo.yaml")
    assert (done.code, len(doomed), of_job(finished, 0), after.code) == (0, 3, [], 0)
    assert (finished.run("verify", NAME).code, len(derived(finished))) == (0, 6)


def test_what_somebody_made_of_it_is_not_deleted(finished):
    finished.choose(0, flag="reject")
    theirs = of_job(finished, 0)[0]
    (finished.tree / theirs).write_bytes(b"edited")
    done = finished.run("prune", NAME, "--rejected", "--yes")
    assert (done.code, of_job(finished, 0)) == (0, [theirs])


def test_a_moved_video_keeps_what_was_made_of_it(finished):
    before = {path: (finished.tree / path).stat().st_mtime_ns for path in derived(finished)}
    finished.manifest(steps=STEPS, output={"layout": "all/{prompt_id}-{take}"})
    done = finished.run("run", "demo.yaml")
    after = {path: (finished.tree / path).stat().st_mtime_ns for path in derived(finished)}
    assert (done.code, after, (finished.tree / "all/p0-1.mp4").exists()) == (0, before, True)


def test_what_is_of_a_step_that_nobody_wants_can_be_deleted(finished):
    finished.manifest(steps=["thumbnail"])
    finished.run("run", "demo.yaml")
    kept = {path: content for path, content in derived(finished).items() if "thumbnail" in path}
    refused = finished.run("prune", NAME, "--steps")
    done = finished.run("prune", NAME, "--steps", "--yes", "--json")
    again = finished.run("prune", NAME, "--steps", "--yes")
    assert (refused.code, done.code, derived(finished)) == (2, 0, kept)
    assert done.objects()[0] | {"bytes": 0} == {"batch": NAME, "jobs": 0, "files": 6, "bytes": 0, "left": 0}
    assert again.out == "there is nothing of a step that the manifest does not name\n"
    assert [path.name for path in (finished.tree / "derived").iterdir()] == [
        path.split("/")[1] for path in list(kept)[:1]
    ]


def test_prune_is_told_what_is_meant(finished):
    assert finished.run("prune", NAME, "--steps", "--rejected").code == 2
