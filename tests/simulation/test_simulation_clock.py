import asyncio
import time

import pytest

from .clock import StuckError, run_on_virtual_clock


def test_a_week_passes_at_once():
    async def week():
        await asyncio.sleep(7 * 86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run_on_virtual_clock(week()) == pytest.approx(7 * 86_400)
    assert time.monotonic() - began < 5


def test_who_waits_for_nothing_is_found():
    async def wait():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StuckError):
        run_on_virtual_clock(wait())


def test_timers_come_in_their_order_whoever_set_them():
    async def note():
        came = []

        async def after(seconds):
            await asyncio.sleep(seconds)
            came.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (3, 1, 2.5, 2):
                group.create_task(after(seconds))
        return came

    assert run_on_virtual_clock(note()) == [1, 2, 2.5, 3]


def test_sets_of_tasks_are_walked_in_the_order_of_their_making():
    async def walk():
        tasks = [asyncio.create_task(asyncio.sleep(1)) for _ in range(50)]
        in_order = list(set(tasks)) == tasks
        await asyncio.gather(*tasks)
        return in_order

    assert run_on_virtual_clock(walk())
