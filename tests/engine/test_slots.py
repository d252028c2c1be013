"""The tasks that may run at the service at once."""

import asyncio

from clock import in_virtual_time
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.engine.slots import Slots


def test_the_first_to_come_are_the_first_to_be_served():
    async def main():
        slots, order = Slots(1), []

        async def work(name):
            await slots.take()
            order.append(name)
            await asyncio.sleep(1)
            slots.release()

        await asyncio.gather(*(work(name) for name in "abc"))
        return order, slots.taken

    assert in_virtual_time(main) == (["a", "b", "c"], 0)


def test_slots_that_are_overdrawn_come_back_only_when_there_is_room():
    async def main():
        slots = Slots(1)
        for _ in range(3):
            slots.take_anyway("a job")
        waiting = asyncio.create_task(slots.take())
        seen = []
        for _ in range(3):
            slots.release()
            await asyncio.sleep(0)
            seen.append(waiting.done())
        return seen, slots.taken

    assert in_virtual_time(main) == ([False, False, True], 1)


def test_who_gives_up_waiting_takes_no_slot():
    async def main():
        slots = Slots(1)
        await slots.take()
        gone, stays = asyncio.create_task(slots.take()), asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        slots.release()
        await stays
        return slots.taken

    assert in_virtual_time(main) == 1


def test_who_is_cancelled_in_the_moment_of_its_turn_passes_it_on():
    async def main():
        slots = Slots(1)
        await slots.take()
        gone, stays = asyncio.create_task(slots.take()), asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        slots.release()  # the turn is given ...
        gone.cancel()  # ... and nobody is there to have it
        await asyncio.gather(gone, return_exceptions=True)
        await stays
        return slots.taken

    assert in_virtual_time(main) == 1


def test_a_turn_is_not_given_to_somebody_who_has_just_gone():
    async def main():
        slots = Slots(1)
        await slots.take()
        gone, stays = asyncio.create_task(slots.take()), asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        gone.cancel()  # it has not heard of it yet
        slots.release()
        await asyncio.gather(gone, return_exceptions=True)
        await stays
        return slots.taken

    assert in_virtual_time(main) == 1


STAYS = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans()), max_size=12)


@settings(deadline=None)
@given(capacity=st.integers(1, 4), earlier=st.integers(0, 6), stays=STAYS)
def test_whatever_comes_goes_and_gives_up_the_bound_holds_and_nothing_is_lost(capacity, earlier, stays):
    async def main():
        slots, inside, most = Slots(capacity), 0, 0

        async def earlier_task():
            slots.take_anyway("a job")
            await asyncio.sleep(1)
            slots.release()

        async def work(comes, stays_for):
            nonlocal inside, most
            await asyncio.sleep(comes)
            await slots.take()
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(stays_for)
            finally:
                inside -= 1
                slots.release()

        async def one(comes, stays_for, gives_up):
            task = asyncio.create_task(work(comes, stays_for))
            if gives_up:
                await asyncio.sleep(comes + stays_for / 2)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.gather(*(earlier_task() for _ in range(earlier)), *(one(*each) for each in stays))
        return most <= capacity, slots.taken

    assert in_virtual_time(main) == (True, 0)


def test_a_cap_that_the_service_does_not_name_is_learned_from_its_refusals():
    async def main():
        slots = Slots(10)
        for name in "abc":
            await slots.take()
            slots.accepted(0.0, name)
        await slots.take()
        slots.refused(1.0, 0.5)
        slots.release()
        waiting = asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        is_held = not waiting.done()
        slots.release("a")
        await waiting
        return slots.capacity, is_held

    assert in_virtual_time(main) == (3, True)


def test_a_part_of_the_slots_is_kept_to_and_one_that_grows_lets_in_who_waits():
    async def main():
        slots, seen = Slots(4), []
        for _ in range(3):
            await slots.take()
        slots.share(1, 10, 6)
        seen.append((slots.capacity, slots.overdrawn, slots.wanted, slots.cap))
        for _ in range(2):
            slots.release()
        waiting = asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        seen.append((waiting.done(), slots.wanted))
        slots.keep_to_itself()
        await waiting
        return [*seen, (slots.capacity, slots.taken, slots.wanted)]

    assert in_virtual_time(main) == [(1, 2, 3, None), (False, 4), (4, 2, 2)]


def test_what_the_service_refuses_counts_the_tasks_of_others_as_well():
    async def main():
        slots = Slots(10)
        slots.share(5, 10, 4)
        for name in "abc":
            await slots.take()
            slots.accepted(0.0, name)
        slots.refused(1.0, 0.5)
        return slots.cap

    assert in_virtual_time(main) == 7
