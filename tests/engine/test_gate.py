"""The one way to the API: whose turn it is, and who is sent away."""

import asyncio
from random import Random

import pytest
from clock import in_virtual_time

from runner.core.events import EventName
from runner.core.outcomes import Announcement, NothingLearned, NotSent, Running, Throttled
from runner.core.pacing import Call, Pace
from runner.engine.gate import Gate, Urgency

SUBMIT, STATUS = Call.SUBMIT, Call.STATUS


class Scene:
    """A gate, those who stand before it, and what it tells."""

    def __init__(self, per_minute=6000.0, per_hour=None):
        self.told = []
        self.gate = Gate(Pace(per_minute, per_hour), Random(7), self.told.append)
        self.passed = []
        self.tasks = []

    def comes(self, name, call, urgency):
        self.tasks.append(asyncio.create_task(self._pass(name, call, urgency)))
        return self.tasks[-1]

    async def _pass(self, name, call, urgency):
        allowed = await self.gate.permission(call, urgency)
        self.passed.append((name, allowed, round(asyncio.get_running_loop().time(), 3)))


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
        scene.gate.heard(Throttled("wait", 10.0))
        for name, call, urgency in (
            ("poll", STATUS, Urgency.POLL),
            ("submission", SUBMIT, Urgency.SUBMISSION),
            ("another", SUBMIT, Urgency.SUBMISSION),
            ("paid", STATUS, Urgency.PAID),
        ):
            scene.comes(name, call, urgency)
            await asyncio.sleep(0)
        await asyncio.gather(*scene.tasks)

    assert names(played(story)) == ["paid", "submission", "another", "poll"]


def test_submissions_that_wait_for_their_hour_do_not_hold_up_the_polls_behind_them():
    async def story(scene):
        for name, call in (("1st", SUBMIT), ("2nd", SUBMIT), ("poll", STATUS)):
            scene.comes(name, call, Urgency.SUBMISSION if call is SUBMIT else Urgency.POLL)
            await asyncio.sleep(0)
        await asyncio.gather(*scene.tasks)

    scene = played(story, per_hour=1.0)
    assert (names(scene), scene.passed[2][2]) == (["1st", "poll", "2nd"], 3600.5)


def test_a_refusal_for_a_passing_reason_holds_everybody():
    async def story(scene):
        scene.gate.heard(Throttled("wait", 30.0))
        scene.comes("a", SUBMIT, Urgency.SUBMISSION)
        scene.comes("b", STATUS, Urgency.PAID)
        await asyncio.gather(*scene.tasks)

    assert {at for _, _, at in played(story).passed} == {30.0}


def test_who_gives_up_waiting_takes_nobodys_turn():
    async def story(scene):
        scene.gate.heard(Throttled("wait", 30.0))
        gone = scene.comes("gone", STATUS, Urgency.PAID)
        scene.comes("stays", STATUS, Urgency.POLL)
        await asyncio.sleep(1)
        gone.cancel()
        await asyncio.gather(*scene.tasks, return_exceptions=True)

    assert played(story).passed == [("stays", True, 30.0)]


def test_at_the_end_of_submission_who_waits_is_sent_away_and_whoever_comes_and_polls_go_on():
    async def story(scene):
        scene.gate.heard(Throttled("wait", 30.0))
        waiting = scene.comes("waits", SUBMIT, Urgency.SUBMISSION)
        gone = scene.comes("gone", SUBMIT, Urgency.SUBMISSION)
        scene.comes("poll", STATUS, Urgency.POLL)
        await asyncio.sleep(1)
        gone.cancel()
        await asyncio.sleep(0)
        scene.gate.end_submission()
        await waiting
        await scene.comes("late", SUBMIT, Urgency.SUBMISSION)
        scene.gate.go_on_with_submission()
        scene.comes("again", SUBMIT, Urgency.SUBMISSION)
        await asyncio.gather(*scene.tasks, return_exceptions=True)

    assert played(story).passed == [
        ("waits", False, 1.0),
        ("late", False, 1.0),
        ("again", True, 30.0),
        ("poll", True, 30.0),
    ]


@pytest.mark.parametrize(
    ("outcome", "remaining"),
    [
        (Running(limits=Announcement(remaining=3, reset_after_s=40.0)), 3),
        (NotSent("no route"), None),
        (NothingLearned("no route", reached=False), None),
        (NothingLearned("odd", reached=True, limits=Announcement(5, 9.0)), 5),
        (Throttled("wait", 1.0, Announcement(0, 9.0)), 0),
    ],
)
def test_what_an_answer_announced_is_known_afterwards(outcome, remaining):
    async def story(scene):
        await scene.comes("a", STATUS, Urgency.POLL)
        scene.gate.heard(outcome)

    assert played(story).gate.remaining == remaining


def test_an_answer_that_frees_the_remainder_lets_the_next_through():
    async def story(scene):
        await scene.comes("a", STATUS, Urgency.POLL)
        scene.gate.heard(Running(limits=Announcement(remaining=1, reset_after_s=500.0)))
        await scene.comes("b", STATUS, Urgency.POLL)
        scene.comes("c", STATUS, Urgency.POLL)
        await asyncio.sleep(5)
        scene.gate.heard(Running(limits=Announcement(remaining=0, reset_after_s=10.0)))
        await asyncio.gather(*scene.tasks)

    assert names(played(story)) == ["a", "b", "c"]


def test_a_request_that_was_cancelled_counts_as_unanswered():
    async def story(scene):
        await scene.comes("a", STATUS, Urgency.POLL)
        scene.gate.heard(Running(limits=Announcement(remaining=2, reset_after_s=500.0)))
        await scene.comes("b", STATUS, Urgency.POLL)
        scene.gate.lost()
        await scene.comes("c", STATUS, Urgency.POLL)
        scene.gate.lost()
        await scene.comes("d", STATUS, Urgency.POLL)

    scene = played(story)
    assert (names(scene), scene.passed[-1][2]) == (["a", "b", "c", "d"], 500.0)


def test_a_long_pause_is_told_once_and_its_end_too():
    async def story(scene):
        scene.gate.heard(Throttled("wait", 30.0))
        for name in ("a", "b"):
            scene.comes(name, STATUS, Urgency.POLL)
            await asyncio.sleep(1)
        await asyncio.gather(*scene.tasks)
        scene.gate.heard(Throttled("wait", 2.0))
        await scene.comes("c", STATUS, Urgency.POLL)

    told = [(event.name, dict(event.details)) for event in played(story).told]
    assert told == [(EventName.PAUSED, {"seconds": 30.0}), (EventName.RESUMED, {})]


def test_what_was_submitted_before_is_recalled():
    async def story(scene):
        scene.gate.recall([-100.0, -50.0])
        await scene.comes("a", SUBMIT, Urgency.SUBMISSION)

    assert played(story, per_hour=2.0).passed[0][2] > 1700.0
