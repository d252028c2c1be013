"""How often the state is looked at, and that a state which cannot be read for a while ends nothing."""

import asyncio

import pytest

from runner.app.serving import subject_of
from runner.app.workplace import Workplace
from runner.core.choice import Flag
from runner.review.feed import Feed
from runner.review.lookout import SHARE, Lookout
from runner.store import choices
from tests.review.review_support import NOW


class Clock:
    """Seconds that pass by hand, and ``tick_s`` whenever somebody looks."""

    def __init__(self):
        self.now_s = self.tick_s = 0.0

    def __call__(self):
        self.now_s += self.tick_s
        return self.now_s


@pytest.fixture
async def watch(stage):
    clock, feed = Clock(), Feed()
    subject = subject_of(Workplace.at(f"sqlite:///{stage.state}", sandbox=False), "spring")
    lookout = Lookout(subject, feed, 0.01, clock)
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


async def test_a_look_at_everything_waits_until_many_times_its_length_has_passed(stage, watch):
    lookout, feed, clock = watch

    async def look(pk):
        remove(stage, pk)
        await lookout.look()
        await lookout.look_at_all()
        return feed.after(0)[1]

    clock.tick_s = 1.0  # a batch so large that a look takes a second
    first = await look(1)
    clock.tick_s = 0.0
    too_early = await look(2)
    clock.now_s += SHARE
    assert (first, too_early, await look(3)) == ([1], [1], [1, 2, 3])


async def test_a_state_that_cannot_be_read_is_looked_at_again_later(stage, watch, caplog):
    lookout, feed, _ = watch
    stage.do(lambda c: c.exec_driver_sql("ALTER TABLE choice RENAME TO away"))
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(lookout.watch())
        while "cannot see what changes" not in caplog.text:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0)
        stage.do(lambda c: c.exec_driver_sql("ALTER TABLE away RENAME TO choice"))
        stage.do(choices.choose, 1, {"rating": 1}, NOW)
        await feed.wait(0, 20)
        watching.cancel()
    assert feed.after(0) == (1, [1])
