"""A commit that fails: everybody hears of it, and nothing is written by that process any more."""

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import threading

import pytest
from sqlalchemy import text
from store_support import NOW, job_of, raw, shop_at

from runner.core.errors import StateError
from runner.store import attempts
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter, GroupWriter

pytestmark = pytest.mark.sqlite

LONG = "x" * 100_000


@pytest.fixture
def left(state):
    with shop_at(state, *map(job_of, range(9)), budget=None):
        pass
    return state


def grow(connection):
    """More than a page that is full can take."""
    return connection.execute(text("UPDATE job SET error = :long"), {"long": LONG}).rowcount


def fill_up(connection):
    (pages,) = connection.execute(text("PRAGMA page_count")).one()
    connection.execute(text(f"PRAGMA max_page_count = {pages}")).all()


async def together(writer, *changes):
    """What each gets that asks in the same transaction."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait(_connection):
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)

    waiting = asyncio.create_task(writer.write(wait))
    await begun.wait()
    asked = [asyncio.create_task(writer.write(change, *args)) for change, *args in changes]
    await asyncio.sleep(0)
    go_on.set()
    await waiting
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_when_there_is_no_room_every_caller_of_the_transaction_and_all_later_ones_are_told(left):
    writer = GroupWriter(open_for_writing(left))
    try:
        await writer.write(fill_up)
        first = await together(writer, (attempts.reserve, 1, 1, NOW), (grow,), (attempts.reserve, 1, 2, NOW))
        later = await asyncio.gather(
            writer.write(attempts.reserve, 1, 3, NOW), writer.write(raw("SELECT 1")), return_exceptions=True
        )
    finally:
        await asyncio.to_thread(writer.close)
    message = "the state cannot be written: database or disk is full; make room on its disk, and run it again"
    assert [(type(each), str(each)) for each in [*first, *later]] == [(StateError, message)] * 5
    with contextlib.closing(sqlite3.connect(left)) as connection:
        assert connection.execute("SELECT count(*) FROM attempt").fetchone() == (0,)


async def test_a_disk_that_is_full_when_each_change_runs_alone_leaves_them_all_in_doubt(left):
    """One of the changes raised, so that each runs again in a savepoint; there the one that needs room finds none."""
    writer = GroupWriter(open_for_writing(left))
    try:
        await writer.write(fill_up)
        told = await together(writer, (lambda _: 1 // 0,), (attempts.reserve, 1, 1, NOW), (grow,))
    finally:
        await asyncio.to_thread(writer.close)
    message = "the state cannot be written: database or disk is full; make room on its disk, and run it again"
    assert [(type(each), str(each)) for each in told] == [(StateError, message)] * 3
    with contextlib.closing(sqlite3.connect(left)) as connection:
        assert connection.execute("SELECT count(*) FROM attempt").fetchone() == (0,)


def test_a_direct_writer_writes_no_more_either(left):
    writer = DirectWriter(open_for_writing(left))
    try:
        writer.write_now(fill_up)
        for change, *args in ((grow,), (attempts.reserve, 1, 1, NOW), (raw("SELECT 1"),)):
            with pytest.raises(StateError, match="database or disk is full"):
                writer.write_now(change, *args)
    finally:
        writer.close()


def test_a_process_that_starts_afterwards_goes_on_from_what_is_durable(left):
    writer = DirectWriter(open_for_writing(left))
    writer.write_now(attempts.reserve, 1, 1, NOW)
    writer.write_now(fill_up)
    with pytest.raises(StateError):
        writer.write_now(grow)
    writer.close()
    with shop_at(left) as shop:
        assert (shop.do(attempts.recover, shop.pk), shop.books()) == (1, (0, 40, 40))


def test_a_state_that_others_keep_locked_cannot_be_written(left):
    engine = open_for_writing(left)
    writer = DirectWriter(engine)
    writer.write_now(raw("PRAGMA busy_timeout = 10"))
    with contextlib.closing(sqlite3.connect(left, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="database is locked; another program holds the file: close it"):
            writer.write_now(attempts.reserve, 1, 1, NOW)
    writer.close()


async def test_a_writer_whose_connection_is_gone_answers_all_the_same(left):
    writer = GroupWriter(open_for_writing(left))
    writer._connection.close()
    with pytest.raises(StateError, match=r"the state cannot be written: .*; look at its disk"):
        await asyncio.wait_for(writer.write(attempts.reserve, 1, 1, NOW), 5)
    await asyncio.to_thread(writer.close)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB, which only root may make."""
    directory = tmp_path / "small"
    directory.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", directory],
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip("a full disk needs `mount -t tmpfs`, which needs root")
    yield directory
    subprocess.run(["umount", directory], check=True)


async def test_on_a_full_disk_nothing_is_promised_that_is_not_there_afterwards(small_disk):
    path = small_disk / "runner.db"
    with shop_at(path, *map(job_of, range(40)), budget=None):
        pass
    writer = GroupWriter(open_for_writing(path))
    promised, refused = [], []
    try:
        await writer.write(attempts.reserve, 1, 1, NOW)
        with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        for pk in range(2, 41):
            try:
                promised.append((await writer.write(attempts.reserve, 1, pk, NOW)).attempt)
            except StateError as error:
                refused.append(str(error))
    finally:
        await asyncio.to_thread(writer.close)
    (small_disk / "ballast").unlink()
    with shop_at(path) as shop:
        durable = {number for (number,) in shop.rows("SELECT id FROM attempt")}
    assert refused
    assert set(refused) == {refused[0]}
    assert set(promised) <= durable
