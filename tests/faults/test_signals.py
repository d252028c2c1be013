"""P12 to P15: the polite signals; submissions in the air are waited for, so that none becomes unknown."""

import signal
import time

import pytest

from tests.faults import checker
from tests.faults.scene import scene_in, wait_until

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_for_the_submissions_in_the_air(tmp_path, number):
    with scene_in(tmp_path, answer_delay_s=0.7) as scene:
        with scene.start() as process:
            wait_until(lambda: len(scene.books().tasks()) == 4, "all submissions to be accepted")
            process.signal(number)
            done = process.end()
        assert (done.code, {job["state"] for job in scene.jobs()}) == (128 + number, {"running"})
        assert checker.during(scene) == []
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_second_signal_leaves_at_once_and_holds_what_is_in_the_air(tmp_path):
    with scene_in(tmp_path, answer_delay_s=2.5) as scene:
        with scene.start() as process:
            wait_until(lambda: len(scene.books().tasks()) == 4, "all submissions to be accepted")
            process.signal(signal.SIGINT)
            wait_until(lambda: "stopping" in process.said(), "the first signal to be heard")
            process.signal(signal.SIGINT)
            began = time.monotonic()
            done = process.end()
            took_s = time.monotonic() - began
        assert (done.code, {job["state"] for job in scene.jobs()}) == (130, {"unknown"})
        assert took_s < 2
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_signal_before_anything_is_sent_leaves_nothing_behind_that_was_paid(tmp_path):
    with scene_in(tmp_path) as scene:
        with scene.start() as process:
            wait_until(scene.state.exists, "the state to be made")
            process.signal(signal.SIGTERM)
            done = process.end()
        assert done.code in {143, -signal.SIGTERM}
        assert checker.during(scene) == []
        assert checker.at_the_end(scene, scene.resume()) == []
