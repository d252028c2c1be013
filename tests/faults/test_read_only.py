"""D10 to D12: directories that cannot be written, before the run or in the middle of it."""

import pytest

from tests.faults import checker
from tests.faults.mounts import read_only, tmpfs, unchangeable, unmount
from tests.faults.needs import needs
from tests.faults.scene import scene_in, wait_until

pytestmark = [pytest.mark.faults, needs("root", "mount")]


def test_a_read_only_output_directory_is_told_before_anything_is_sent(tmp_path):
    with scene_in(tmp_path) as scene:
        scene.output.mkdir(parents=True)
        with read_only(scene.output):
            refused = scene.run()
        assert (refused.code, scene.books().requests()) == (2, ())
        assert "Read-only file system" in refused.err
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_read_only_state_directory_is_told_before_anything_is_sent(tmp_path):
    with scene_in(tmp_path) as scene:
        scene.state.parent.mkdir()
        with read_only(scene.state.parent):
            refused = scene.run()
        assert (refused.code, scene.books().requests()) == (74, ())
        assert checker.ended_well(refused) == []
        assert checker.at_the_end(scene, scene.resume()) == []


@needs("chattr")
def test_an_output_directory_that_nobody_may_change_is_told_before_anything_is_sent(tmp_path):
    with scene_in(tmp_path) as scene:
        scene.output.mkdir(parents=True)
        with unchangeable(scene.output):
            refused = scene.run()
        assert (refused.code, scene.books().requests()) == (2, ())
        assert checker.ended_well(refused) == []
        assert checker.at_the_end(scene, scene.resume()) == []


@needs("chattr")
def test_a_directory_of_partial_files_that_is_closed_in_mid_run_stops_the_downloads(tmp_path):
    with scene_in(tmp_path, latency_median_s=1.0) as scene:
        with scene.start() as process:
            wait_until(lambda: len(scene.books().tasks()) == 4, "all submissions")
            with unchangeable(scene.output / ".partial"):
                done = process.end()
        assert (done.code, "Operation not permitted" in done.err) == (1, True)
        assert [*checker.ended_well(done), *checker.during(scene)] == []
        assert checker.at_the_end(scene, scene.resume()) == []


def test_an_output_directory_that_is_unmounted_costs_nothing_twice(tmp_path):
    output = tmp_path / "work" / "outputs"
    with tmpfs(output, 16_000_000), scene_in(tmp_path, latency_median_s=1.0) as scene:
        with scene.start() as process:
            wait_until(lambda: len(scene.books().tasks()) == 4, "all submissions")
            unmount(output)
            done = process.end()
        assert (done.code, "unmounted or replaced" in done.err) == (1, True)
        assert checker.ended_well(done) == []
        requests = len(scene.books().requests("generate"))
        again = scene.run()
        assert (len(scene.books().requests("generate")), checker.ended_well(again)) == (requests, [])
