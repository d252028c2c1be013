"""K01, K05: the wall clock is days off, and jumps; clocks pace, and nothing else hangs on them.

A wait that is computed from a wrong clock would be one of many minutes: the patience with each process is the test.
"""

import subprocess
import time

import pytest

from tests.faults import checker
from tests.faults.needs import needs
from tests.faults.scene import scene_in, wait_until

pytestmark = [pytest.mark.faults, needs("faketime")]

SPECS = ["+10d", "1970-01-02 00:00:00"]


def library() -> str:
    """The path of the library that ``faketime`` puts before a program."""
    done = subprocess.run(["faketime", "-f", "+0", "env"], check=True, capture_output=True, text=True)
    return next(line for line in done.stdout.splitlines() if line.startswith("LD_PRELOAD=")).partition("=")[2]


def fake(spec: str) -> dict[str, str]:
    """The environment in which the wall clock stands at ``spec``, and no other clock is touched."""
    return {
        "LD_PRELOAD": library(),
        "FAKETIME": spec,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.parametrize("spec", SPECS)
def test_a_clock_that_is_wrong_all_along_changes_nothing(tmp_path, spec):
    with scene_in(tmp_path) as scene:
        done = scene.run(**fake(spec))
        assert checker.at_the_end(scene, done) == []


@pytest.mark.parametrize(
    ("before", "after"), [("+10d", "-10d"), ("-10d", "+10d"), ("+10d", "1970-01-02 00:00:00")]
)
def test_a_clock_that_jumps_between_a_kill_and_the_resume_loses_nothing(tmp_path, before, after):
    with scene_in(tmp_path, latency_median_s=1.0) as scene:
        with scene.start(**fake(before)) as process:
            wait_until(lambda: len(scene.books().tasks()) == 4, "all submissions")
            time.sleep(0.2)
            process.kill()
        assert checker.during(scene) == []
        assert checker.at_the_end(scene, scene.run(**fake(after))) == []


@pytest.mark.parametrize("spec", ["+10d", "-10d"])
def test_a_clock_that_jumps_during_a_run_changes_nothing(tmp_path, spec):
    now = tmp_path / "now"
    now.write_text("+0")
    environment = {**fake(""), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1"}
    del environment["FAKETIME"]
    with scene_in(tmp_path, latency_median_s=1.5) as scene:
        with scene.start(**environment) as process:
            wait_until(lambda: len(scene.books().tasks()) == 4, "all submissions")
            now.write_text(spec)
            done = process.end()
        assert checker.at_the_end(scene, done) == []


@pytest.mark.parametrize("form", ["epoch", "epoch_ms"])
def test_a_rate_limit_announced_as_a_moment_is_read_by_the_services_clock(tmp_path, form):
    with scene_in(tmp_path, window_requests=5, window_s=2.0, reset_form=form) as scene:
        done = scene.run(**fake("-10d"))
        assert checker.at_the_end(scene, done) == []
        assert len(scene.books().requests("refused")) <= 1
