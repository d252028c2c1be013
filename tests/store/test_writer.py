"""Group commit: many callers, one transaction, and an answer only after it is durable."""

import asyncio
import contextlib
import threading

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from store_support import NOW, job_of, rows_in, shop_at, terms_of

from runner.store import attempts, batches, reads
from runner.store.database import open_for_writing
from runner.store.writer import MOST_CHANGES, DirectWriter, GroupWriter


class Transactions:
    """How often a writer began and committed."""

    def __init__(self, engine):
        self.begun = self.committed = 0
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", self._commit)

    def _begin(self, _connection):
        self.begun += 1

    def _commit(self, _connection):
        self.committed += 1


@contextlib.contextmanager
def group_writer(path):
    writer = GroupWriter(open_for_writing(path))
    try:
        yield writer
    finally:
        writer.close()


@pytest.fixture
def left(state):
    """A state of 400 jobs that nobody has open."""
    with shop_at(state, *map(job_of, range(400)), budget=None):
        pass
    return state


async def held_up(writer):
    """Let the writer's thread wait in a change, so that others gather behind it; gives the way to let it go on."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait(_connection):
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)

    waiting = asyncio.create_task(writer.write(wait))
    await begun.wait()
    return waiting, go_on


def name_of(connection, pk):
    return batches.by_pk(connection, pk).name


async def test_a_change_is_answered_with_what_it_returned(left):
    with group_writer(left) as writer:
        assert await writer.write(batches.open_batch, terms_of("autumn"), NOW) == await writer.write(
            batches.by_pk, 2
        )


async def test_what_gathers_is_committed_in_one_transaction(left):
    with group_writer(left) as writer:
        counted = Transactions(writer._engine)
        waiting, go_on = await held_up(writer)
        many = [asyncio.create_task(writer.write(attempts.reserve, 1, pk, NOW)) for pk in range(1, 101)]
        await asyncio.sleep(0)
        go_on.set()
        await waiting
        reserved = await asyncio.gather(*many)
    assert (len(set(reserved)), counted.begun, counted.committed) == (100, 2, 2)


async def test_a_transaction_takes_no_more_than_its_share(left):
    with group_writer(left) as writer:
        counted = Transactions(writer._engine)
        waiting, go_on = await held_up(writer)
        many = [asyncio.create_task(writer.write(name_of, 1)) for _ in range(2 * MOST_CHANGES + 1)]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(waiting, *many)
    assert counted.committed == 1 + 3


async def test_nothing_is_answered_before_its_commit(left):
    with group_writer(left) as writer:
        committing, go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def hold(_connection):
            loop.call_soon_threadsafe(committing.set)
            assert go_on.wait(10)

        event.listen(writer._engine, "commit", hold)
        asked = asyncio.create_task(writer.write(attempts.reserve, 1, 1, NOW))
        await committing.wait()
        await asyncio.sleep(0.02)
        durable = rows_in(left, "SELECT count(*) FROM attempt")
        answered = asked.done()
        go_on.set()
        assert (answered, durable, (await asked).price) == (False, [(0,)], 40)


async def test_a_change_that_raises_undoes_only_itself(left):
    def half_done(connection):
        connection.execute(text("UPDATE job SET rank = -5"))
        raise ZeroDivisionError

    with group_writer(left) as writer:
        waiting, go_on = await held_up(writer)
        asked = [
            asyncio.create_task(writer.write(change, *args))
            for change, *args in (
                (attempts.reserve, 1, 1, NOW),
                (half_done,),
                (attempts.reserve, 1, 1, NOW),
                (attempts.reserve, 1, 2, NOW),
            )
        ]
        await asyncio.sleep(0)
        go_on.set()
        await waiting
        answers = await asyncio.gather(*asked, return_exceptions=True)
        ranks = await writer.write(
            lambda connection: connection.execute(text("SELECT min(rank) FROM job")).scalar()
        )
        books = await writer.write(reads.books, 1)
    assert [type(answer) for answer in answers] == [
        type(answers[0]),
        ZeroDivisionError,
        IntegrityError,
        type(answers[0]),
    ]
    assert (answers[0].attempt < answers[3].attempt, ranks, books) == (True, 0, (0, 80, 0))


async def test_a_cancelled_caller_leaves_its_change_whole(left):
    def both(connection):
        connection.execute(text("UPDATE job SET rank = 1000 WHERE id = 1"))
        connection.execute(text("UPDATE job SET rank = 1001 WHERE id = 2"))

    with group_writer(left) as writer:
        waiting, go_on = await held_up(writer)
        asked = asyncio.create_task(writer.write(both))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        go_on.set()
        await waiting
        moved = "SELECT count(*) FROM job WHERE rank >= 1000"
        async with asyncio.timeout(20):
            assert await writer.write(lambda connection: connection.execute(text(moved)).scalar()) == 2


async def test_the_event_loop_goes_on_while_a_change_waits(left):
    with group_writer(left) as writer:
        waiting, go_on = await held_up(writer)
        ticks = 0
        for _ in range(3):
            await asyncio.sleep(0)
            ticks += 1
        go_on.set()
        await waiting
    assert ticks == 3


async def test_to_close_finishes_what_was_asked_for(left):
    writer = GroupWriter(open_for_writing(left))
    waiting, go_on = await held_up(writer)
    many = [asyncio.create_task(writer.write(attempts.reserve, 1, pk, NOW)) for pk in range(1, 4)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(writer.close))
    await asyncio.sleep(0.05)  # the wish to close stands in line behind the changes
    go_on.set()
    await closing
    await asyncio.gather(waiting, *many)
    assert rows_in(left, "SELECT count(*) FROM attempt") == [(3,)]


async def test_a_direct_writer_does_the_same_one_after_the_other(left):
    writer = DirectWriter(open_for_writing(left))
    counted = Transactions(writer._engine)
    try:
        with pytest.raises(ZeroDivisionError):
            await writer.write(lambda _: 1 // 0)
        with pytest.raises(IntegrityError):
            writer.write_now(attempts.accept, (await writer.write(attempts.reserve, 1, 1, NOW)).attempt, None)
        assert (await writer.write(reads.books, 1), counted.committed) == ((0, 40, 0), 4)
    finally:
        writer.close()
