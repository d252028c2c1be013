"""The one way to the API: whose turn it is, and who is sent away."""

import asyncio
from random import Random

import pytest
from clock import in_virtual_time

from runner.core.events import EventName
from runner.core.glance import Cause, Waiting
from runner.core.outcomes import Announcement, Running, Throttled
from runner.core.pacing import Pace, Requests
from runner.core.polling import Question
from runner.core.task_times import TaskTimes
from runner.engine.gate import Gate, NoSlotError, SubmissionOverError

PAID, SUBMISSION, POLL, LEFT_ALONE = "paid", "submission", "poll", "left alone"


def question(now, *, age_s=10.0):
    """About a task of a kind that takes a second, accepted so long ago and never asked about."""
    times = TaskTimes()
    for _ in range(50):
        times.ended(0.9, 1.1)
    return Question(times, now - age_s, now - age_s)


class Scene:
    """A gate, those who stand before it, and what it tells."""

    def __init__(self, per_minute=6000.0, per_hour=None):
        self.told = []
        self.gate = Gate(Pace(per_minute, per_hour), Random(7), self.told.append)
        self.passed = []
        self.tasks = []

    def comes(self, name, kind):
        self.tasks.append(asyncio.create_task(self._pass(name, kind)))
        return self.tasks[-1]

    async def _pass(self, name, kind):
        now, allowed = asyncio.get_running_loop().time, True
        try:
            await self._way(kind, now())
        except (SubmissionOverError, NoSlotError):
            allowed = False
        self.passed.append((name, allowed, round(now(), 3)))

    def _way(self, kind, now):
        match kind:
            case "paid":
                return self.gate.at_once()
            case "submission":
                return self.gate.to_submit()
            case "poll":
                return self.gate.worth_asking(question(now))
            case _:
                return self.gate.worth_asking(question(now, age_s=3600.0))


def played(story, **rates):
    async def main():
        scene = Scene(**rates)
        await story(scene)
        return scene

    return in_virtual_time(main)


def names(scene):
    return [name for name, *_ in scene.passed]


def test_the_urgent_go_first_and_among_equals_who_came_first():
    async def story(scene):
        scene.gate.heard(0.0, Throttled("wait", 10.0))
        for name, kind in (
            ("poll", POLL),
            ("submission", SUBMISSION),
            ("another", SUBMISSION),
            ("left alone", LEFT_ALONE),
            ("paid", PAID),
        ):
            scene.comes(name, kind)
            await asyncio.sleep(0)
        await asyncio.gather(*scene.tasks)

    assert names(played(story)) == ["paid", "left alone", "submission", "another", "poll"]


def test_submissions_that_wait_for_their_hour_do_not_hold_up_the_polls_behind_them():
    async def story(scene):
        for name, kind in (("1st", SUBMISSION), ("2nd", SUBMISSION), ("poll", POLL)):
            scene.comes(name, kind)
            await asyncio.sleep(0)
        await asyncio.gather(*scene.tasks)

    scene = played(story, per_hour=1.0)
    assert (names(scene), scene.passed[2][2]) == (["1st", "poll", "2nd"], 3600.5)


def test_a_refusal_for_a_passing_reason_holds_everybody():
    async def story(scene):
        scene.gate.heard(0.0, Throttled("wait", 30.0))
        scene.comes("a", SUBMISSION)
        scene.comes("b", PAID)
        await asyncio.gather(*scene.tasks)

    assert {at for _, _, at in played(story).passed} == {30.0}


def test_who_gives_up_waiting_takes_nobodys_turn():
    async def story(scene):
        scene.gate.heard(0.0, Throttled("wait", 30.0))
        gone = scene.comes("gone", PAID)
        scene.comes("stays", POLL)
        await asyncio.sleep(1)
        gone.cancel()
        await asyncio.gather(*scene.tasks, return_exceptions=True)

    assert played(story).passed == [("stays", True, 30.0)]


def test_at_the_end_of_submission_who_waits_is_sent_away_and_whoever_comes_and_polls_go_on():
    async def story(scene):
        scene.gate.heard(0.0, Throttled("wait", 30.0))
        waiting = scene.comes("waits", SUBMISSION)
        gone = scene.comes("gone", SUBMISSION)
        scene.comes("poll", POLL)
        await asyncio.sleep(1)
        gone.cancel()
        await asyncio.sleep(0)
        scene.gate.end_submission()
        await waiting
        await scene.comes("late", SUBMISSION)
        scene.gate.go_on_with_submission()
        scene.comes("again", SUBMISSION)
        await asyncio.gather(*scene.tasks, return_exceptions=True)

    assert played(story).passed == [
        ("waits", False, 1.0),
        ("late", False, 1.0),
        ("again", True, 30.0),
        ("poll", True, 30.0),
    ]


def test_whoever_is_one_too_many_is_sent_back_the_last_first():
    async def story(scene):
        scene.gate.heard(0.0, Throttled("wait", 10.0))
        for name in "abcd":
            scene.comes(name, SUBMISSION)
            await asyncio.sleep(0)
        scene.gate.send_back(2)
        scene.gate.send_back(0)
        await asyncio.gather(*scene.tasks)

    assert played(story).passed == [
        ("c", False, 0.0),
        ("d", False, 0.0),
        ("a", True, 10.0),
        ("b", True, 10.0),
    ]


def test_an_answer_that_frees_the_remainder_lets_the_next_through():
    async def story(scene):
        await scene.comes("a", POLL)
        scene.gate.heard(0.0, Running(limits=Announcement(remaining=1, reset_after_s=500.0)))
        await scene.comes("b", POLL)
        scene.comes("c", POLL)
        await asyncio.sleep(5)
        scene.gate.heard(0.0, Running(limits=Announcement(remaining=0, reset_after_s=10.0)))
        await asyncio.gather(*scene.tasks)

    assert names(played(story)) == ["a", "b", "c"]


def test_a_request_that_was_cancelled_counts_as_unanswered():
    async def story(scene):
        await scene.comes("a", POLL)
        scene.gate.heard(0.0, Running(limits=Announcement(remaining=2, reset_after_s=500.0)))
        await scene.comes("b", POLL)
        scene.gate.lost(0.0)
        await scene.comes("c", POLL)
        scene.gate.lost(0.0)
        await scene.comes("d", POLL)

    scene = played(story)
    assert (names(scene), scene.passed[-1][2]) == (["a", "b", "c", "d"], 500.0)


def test_a_long_pause_is_told_once_and_its_end_too():
    async def story(scene):
        scene.gate.heard(0.0, Throttled("wait", 30.0))
        for name in ("a", "b"):
            scene.comes(name, POLL)
            await asyncio.sleep(1)
        await asyncio.gather(*scene.tasks)
        scene.gate.heard(0.0, Throttled("wait", 2.0))
        await scene.comes("c", POLL)

    told = [(event.name, dict(event.details)) for event in played(story).told]
    assert told == [(EventName.PAUSED, {"seconds": 30.0}), (EventName.RESUMED, {})]


def test_what_was_submitted_before_is_recalled():
    async def story(scene):
        scene.gate.recall([-100.0, -50.0])
        await scene.comes("a", SUBMISSION)

    assert played(story, per_hour=2.0).passed[0][2] > 1700.0


def waits(*kinds, refused_s=None, **rates):
    """What a look at the gate says while these wait there, in the first moment."""
    seen = []

    async def story(scene):
        if refused_s is not None:
            scene.gate.heard(0.0, Throttled("wait", refused_s))
        for kind in kinds:
            scene.comes(kind, kind)
        await asyncio.sleep(0)
        seen.append(scene.gate.waiting(0.0))
        for task in scene.tasks:
            task.cancel()
        await asyncio.gather(*scene.tasks, return_exceptions=True)

    played(story, **rates)
    return seen[0]


def test_where_nobody_is_held_up_a_look_says_nothing():
    assert [waits(), waits(SUBMISSION), waits(POLL), waits(refused_s=30.0)] == [None] * 4


@pytest.mark.parametrize("kind", [PAID, SUBMISSION, POLL])
def test_a_look_says_for_how_long_requests_are_held_up(kind):
    assert waits(kind, refused_s=30.0) == Waiting(Cause.RATE, 30.0)


def test_an_even_pace_is_named_without_a_number_and_holds_up_no_polls():
    assert waits(*[SUBMISSION] * 12, per_minute=120.0) == Waiting(Cause.RATE)
    assert waits(*[PAID] * 12, per_minute=120.0) is None


def test_the_hours_submissions_are_another_reason_than_the_rate():
    assert waits(SUBMISSION, SUBMISSION, per_hour=1.0) == Waiting(Cause.HOURLY, 3600.5)


def test_a_look_at_the_gate_counts_what_is_at_hand():
    async def story(scene):
        await scene.comes("a", POLL)
        assert scene.gate.at_hand(0.0) == Requests(5999, 60.5)

    played(story)
