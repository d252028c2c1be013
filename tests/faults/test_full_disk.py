"""D01 to D04, D06: no room left for the output, or for the state."""

import re

import pytest

from tests.faults import checker
from tests.faults.mounts import resize, tmpfs
from tests.faults.needs import needs
from tests.faults.scene import Scene, scene_in, served, wait_until

pytestmark = [pytest.mark.faults, needs("root", "mount")]

FILE_BYTES = 400_000
ROOMY = 16_000_000


def test_a_full_output_disk_is_named_with_the_bytes_needed_and_the_next_run_goes_on(tmp_path):
    with (
        tmpfs(tmp_path / "work" / "outputs", 1_000_000),
        scene_in(tmp_path, file_size_bytes=FILE_BYTES, two_files=0.0) as scene,
    ):
        full = scene.run()
        needed = re.search(r"the disk of (\S+) is full \((\d+) bytes more are needed\)", full.err)
        assert needed is not None, full.err
        assert needed[1].startswith(str(scene.output))
        assert 0 < int(needed[2]) <= FILE_BYTES
        assert full.code == 1
        assert checker.during(scene) == []
        resize(tmp_path / "work" / "outputs", ROOMY)
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_disk_that_stays_full_costs_nothing_however_often_it_is_tried(tmp_path):
    with (
        tmpfs(tmp_path / "work" / "outputs", 200_000),
        scene_in(tmp_path, file_size_bytes=FILE_BYTES, two_files=0.0) as scene,
    ):
        for _ in range(3):
            assert scene.run().code == 1
            assert checker.during(scene) == []
        resize(tmp_path / "work" / "outputs", ROOMY)
        assert checker.at_the_end(scene, scene.resume()) == []


@pytest.mark.parametrize("kibibytes", [8, 24, 60, 120])
def test_a_state_that_does_not_fit_is_told_before_anything_is_sent(tmp_path, kibibytes):
    with tmpfs(tmp_path / "work" / "state", kibibytes * 1024), scene_in(tmp_path) as scene:
        full = scene.run()
        assert (full.code, scene.books().requests("generate")) == (74, ())
        assert checker.ended_well(full) == []
        resize(tmp_path / "work" / "state", ROOMY)
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_state_disk_that_fills_up_with_submissions_in_the_air_stops_them_and_tells_every_task(tmp_path):
    settings = "limits: {in_flight: 2, requests_per_minute: 6000}\n"
    with tmpfs(tmp_path / "work" / "state", ROOMY), served(tmp_path / "ledger.db", answer_delay_s=1.0) as url:
        scene = Scene(tmp_path / "work", url, tmp_path / "ledger.db", settings=settings)
        with scene.start() as process:
            wait_until(lambda: len(scene.books().tasks()) == 2, "two submissions to be accepted")
            filler = fill(scene)
            done = process.end()
        tasks = scene.books().tasks()
        assert (done.code, len(tasks)) == (74, 2)
        assert [task.task_id for task in tasks if task.task_id not in done.err] == []
        assert checker.ended_well(done) == []
        filler.unlink()
        assert checker.during(scene) == []
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path):
    limited = ["prlimit", "--fsize=600000", "--"]
    with scene_in(tmp_path, file_size_bytes=900_000, two_files=0.0) as scene:
        full = scene.run(prefix=limited)
        assert (full.code, "is full" in full.err) == (1, True)
        assert checker.at_the_end(scene, scene.resume()) == []


def fill(scene: Scene):
    """Leave no room beside the state."""
    filler = scene.state.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler
