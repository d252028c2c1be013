"""P03 to P11: SIGKILL right before a system call, a sample of them; all with ``python -m tests.faults.long --part calls``."""

import pytest

from tests.faults import boundaries, checker, traced
from tests.faults.needs import needs
from tests.faults.scene import PRICE, scene_in
from tests.faults.trials import carry_out

pytestmark = [pytest.mark.faults, needs("tracing")]

SEED = 20
SAMPLED = 40


def test_a_kill_at_any_system_call_costs_nothing_twice_and_loses_nothing():
    figures = carry_out(boundaries.killed_at, boundaries.sampled(SAMPLED, SEED))
    assert figures.tags["killed"] == SAMPLED
    assert figures.violations == []


def test_a_recovery_that_is_killed_three_times_recovers_all_the_same(tmp_path):
    with scene_in(tmp_path, answer_delay_s=0.3) as scene:
        posts = [call.number for call in traced.run(scene, "--limit", "0").calls]
        for at in (len(posts) + 30, 60, 70, 80):
            traced.run(scene, at=at)
            assert checker.during(scene) == []
        assert checker.at_the_end(scene, scene.resume()) == []


def test_a_kill_right_before_the_first_byte_of_a_submission_finds_its_money_held(tmp_path):
    with scene_in(tmp_path, settings="limits: {in_flight: 1, requests_per_minute: 6000}\n") as scene:
        killed = traced.run(scene, at=1, match="sendto socket:")
        assert killed.struck is not None
        assert killed.struck.note.startswith("POST /v1/generate")
        held = sorted((job["state"], job["credits"]) for job in scene.jobs())
        assert (held, scene.books().tasks()) == ([("pending", 0)] * 3 + [("unknown", PRICE)], ())
        assert checker.during(scene) == []


def test_the_tracer_numbers_the_calls_of_every_thread(tmp_path):
    with scene_in(tmp_path) as scene:
        calls = traced.run(scene).calls
    commits = [call for call in calls if call.kind == "fdatasync runner.db-wal"]
    first_thread = calls[0].thread
    assert [call.number for call in calls] == list(range(1, len(calls) + 1))
    assert {call.thread == first_thread for call in commits} == {True, False}
    assert sum(call.name == "sendto" and call.note.startswith("POST /v1/generate") for call in calls) == 4
