"""C01 to C03, P16: several processes on one batch, and one that is suspended."""

import signal
import time

import pytest

from tests.faults import checker
from tests.faults.herd import a_round, herd
from tests.faults.scene import scene_in, wait_until

pytestmark = pytest.mark.faults

ROUNDS = 8


def test_of_four_processes_at_once_one_works_and_the_others_are_told(tmp_path):
    with herd() as one:
        verdicts = [a_round(one, number, tmp_path / str(number)) for number in range(ROUNDS)]
    assert [found for verdict in verdicts for found in verdict.violations] == []


def test_a_suspended_process_keeps_its_batch_and_finishes_it(tmp_path):
    with scene_in(tmp_path, latency_median_s=1.0) as scene, scene.start() as first:
        wait_until(lambda: scene.books().tasks(), "the first submission")
        first.signal(signal.SIGSTOP)
        began = time.monotonic()
        second = scene.run()
        took_s = time.monotonic() - began
        assert (second.code, "is working on batch" in second.err) == (75, True)
        assert scene.ask("plan", "--json", "batch.yaml").code == 0
        first.signal(signal.SIGCONT)
        assert checker.at_the_end(scene, first.end()) == []
    assert took_s < 10  # a second when nothing else goes on; a lease would make it wait, or let it in


def test_a_suspension_with_submissions_in_the_air_ends_in_what_the_service_says(tmp_path):
    with scene_in(tmp_path, answer_delay_s=0.5) as scene, scene.start() as process:
        wait_until(lambda: scene.books().tasks(), "the first submission")
        process.signal(signal.SIGSTOP)
        time.sleep(1.0)
        process.signal(signal.SIGCONT)
        assert checker.at_the_end(scene, process.end()) == []


def test_a_start_right_after_a_kill_has_the_lock_at_once(tmp_path):
    with scene_in(tmp_path, latency_median_s=1.0) as scene:
        with scene.start() as process:
            wait_until(lambda: scene.books().tasks(), "the first submission")
            process.kill()
        assert checker.at_the_end(scene, scene.resume()) == []
