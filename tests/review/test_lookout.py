"""How often the state is looked at, and that a state which cannot be read for a while ends nothing."""

import asyncio

import pytest

from runner.app.serving import subject_of
from runner.app.workplace import Workplace
from runner.core.choice import Flag
from runner.core.errors import StateError
from runner.review.feed import Feed
from runner.review.lookout import SHARE, Lookout
from runner.store import choices
from tests.review.review_support import NOW


class Clock:
    """Seconds that pass only while the state is read, so many a question."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
async def watch(stage):
    clock, feed = Clock(), Feed()
    subject = subject_of(Workplace.at(f"sqlite:///{stage.state}", sandbox=False), "spring")
    lookout = Lookout(subject, feed, 0.5, clock)
    await lookout.begin()
    yield lookout, feed, clock
    lookout.close()


def remove(stage, pk):
    stage.do(lambda c: c.exec_driver_sql("UPDATE job SET removed = 1 WHERE id = ?", (pk,)))


async def test_what_a_choice_changes_is_published_by_a_quick_look(stage, watch):
    lookout, feed, _ = watch
    stage.do(choices.choose, 2, {"flag": Flag.KEEP}, NOW)
    await lookout.look()
    assert (feed.sequence, feed.after(0)) == (1, (1, [2]))


async def test_what_nobody_wrote_is_not_looked_for(stage, watch):
    lookout, feed, _ = watch
    await lookout.look()
    await lookout.look_at_all()
    assert feed.sequence == 0


async def test_a_look_at_everything_waits_until_twenty_times_its_length_has_passed(stage, watch):
    lookout, feed, clock = watch
    found = []
    for pk, passed_s in ((1, 0), (2, 0.1), (3, 100)):
        remove(stage, pk)
        clock.now_s += passed_s
        await lookout.look()
        slow = lookout.watched.changed

        def changed(connection, slow=slow):
            clock.now_s += 1  # this batch is so large that it takes a second
            return slow(connection)

        lookout.watched.changed = changed
        await lookout.look_at_all()
        lookout.watched.changed = slow
        found.append(feed.after(0)[1])
    assert (found, SHARE) == ([[1], [1], [1, 2, 3]], 20)


async def test_a_state_that_cannot_be_read_is_looked_at_again_later(stage, watch, caplog):
    lookout, feed, _ = watch
    calls = []

    def fail_once(connection):
        calls.append(connection)
        if len(calls) == 1:
            raise StateError("the disk is away")
        return {1}

    lookout.watched.likely_changed = fail_once
    stage.do(choices.choose, 1, {"rating": 1}, NOW)
    lookout._pause_s = 0.01
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(lookout.watch())
        await feed.wait(0, 20)
        watching.cancel()
    assert (feed.after(0), "the disk is away" in caplog.text) == ((1, [1]), True)
