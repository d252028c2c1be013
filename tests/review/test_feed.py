"""Which jobs changed when."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.review.feed import MOST_JOBS, Feed, Figures

NONE = Figures()


def told(feed, sequence=0):
    """Everything that somebody is told who comes with this number, step by step."""
    steps = []
    while True:
        reached, jobs = feed.after(sequence)
        if reached == sequence:
            return steps
        steps.append((reached, jobs))
        sequence = reached


async def test_who_knows_nothing_is_told_everything_at_once():
    feed = Feed()
    feed.publish([3, 1], NONE)
    feed.publish([2], NONE)
    assert (told(feed), told(feed, 1), told(feed, 2)) == ([(2, [1, 2, 3])], [(2, [2])], [])


async def test_a_job_that_changed_twice_is_told_once():
    feed = Feed()
    for _ in range(3):
        feed.publish([1, 2], NONE)
    feed.publish([2], NONE)
    assert (told(feed), told(feed, 3)) == ([(4, [1, 2])], [(4, [2])])


async def test_figures_alone_are_a_change_and_the_same_figures_are_none():
    feed = Feed()
    for number in (1, 1, 2):
        feed.publish([], Figures({"done": number}))
    assert (feed.sequence, told(feed)) == (2, [(2, [])])


async def test_many_jobs_come_in_parts_from_each_of_which_one_can_go_on():
    feed = Feed()
    feed.publish(range(MOST_JOBS * 2 + 1), NONE)
    parts = told(feed)
    assert [len(jobs) for _, jobs in parts] == [MOST_JOBS, MOST_JOBS, 1]
    assert told(feed, parts[0][0]) == parts[1:]


@pytest.mark.parametrize("number", [99, -1])
async def test_a_number_that_was_never_given_out_is_that_of_somebody_who_knows_nothing(number):
    feed = Feed()
    feed.publish([1], NONE)
    assert feed.after(number) == (1, [1])


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=20), st.data())
def test_nobody_misses_a_change_wherever_he_stopped(changes, data):
    async def go() -> None:
        feed, numbers = Feed(), [0]
        for jobs in changes:
            feed.publish(jobs, NONE)
            numbers.append(feed.sequence)
        place = data.draw(st.integers(0, len(changes)))
        expected = set().union(*changes[place:])
        assert {job for _, jobs in told(feed, numbers[place]) for job in jobs} == expected

    asyncio.run(go())


async def test_who_waits_is_woken_by_a_change_and_by_the_end():
    feed = Feed()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(feed.wait(0, 60))
        await asyncio.sleep(0)
        feed.publish([1], NONE)
    async with asyncio.TaskGroup() as tasks:
        ending = tasks.create_task(feed.wait(1, 60))
        await asyncio.sleep(0)
        feed.close()
    assert (waiting.result(), ending.result(), await feed.wait(1, 60)) == (True, True, True)


async def test_who_waits_in_vain_is_told_so():
    assert await Feed().wait(0, 0.01) is False
