"""Reading a state while a run may be going on: a view that holds still, writes nothing, and leaves nothing behind."""

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError, OperationalError
from store_support import NOW, Shop, job_of, raw, shop_at

from runner.core.errors import StateError
from runner.store import batches, reads
from runner.store.database import exists, open_for_reading, reading
from runner.store.ddl import APPLICATION_ID
from runner.store.migrations import STEPS

NOBODY = 65534


def names_in(directory):
    return sorted(each.name for each in directory.iterdir())


@pytest.fixture
def left(state):
    """A state that a run has left."""
    with shop_at(state, job_of(0), job_of(1)) as shop:
        shop.running(0)
    return state


@pytest.mark.sqlite
def test_a_reader_leaves_nothing_beside_the_state_and_no_byte_changed(left):
    before = left.read_bytes()
    with reading(left) as connection:
        assert batches.every(connection)[0].reserved == 40
    assert (exists(left), names_in(left.parent), left.read_bytes()) == (True, ["runner.db"], before)


@pytest.mark.sqlite
@pytest.mark.parametrize("sql", ["UPDATE job SET rank = 9", "DELETE FROM job", "PRAGMA user_version = 9"])
def test_a_reader_cannot_write(left, sql):
    before = left.read_bytes()
    with pytest.raises(StateError, match="attempt to write a readonly database"), reading(left) as connection:
        raw(sql)(connection)
    assert left.read_bytes() == before


def test_a_reader_sees_what_is_committed_and_not_what_is_under_way(left):
    with shop_at(left) as shop:

        def changed_and_looked_at(connection):
            connection.execute(text("UPDATE job SET rank = rank + 7"))
            with reading(left) as other:
                return [job.rank for job in reads.claimable(other, shop.pk, {}, (-1, ""), 9)]

        seen = shop.do(changed_and_looked_at)
        with reading(left) as other:
            assert (seen, [job.rank for job in reads.claimable(other, shop.pk, {}, (-1, ""), 9)]) == (
                [1],
                [8],
            )


def test_a_readers_view_holds_still_while_others_write(left):
    with shop_at(left) as shop, reading(left) as connection:
        before = batches.by_pk(connection, shop.pk)
        shop.do(batches.touch, shop.pk, "later")
        assert batches.by_pk(connection, shop.pk) == before


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (f"application_id = {APPLICATION_ID + 1}", "is not a runner state; name another with --state"),
        (
            f"user_version = {len(STEPS) + 1}",
            f"version {len(STEPS) + 1}, this program knows {len(STEPS)}: it was made by a newer",
        ),
        ("user_version = 0", "`runner run` updates it"),
    ],
)
def test_a_state_of_another_kind_is_refused(left, mark, message):
    with contextlib.closing(sqlite3.connect(left)) as connection:
        connection.execute(f"PRAGMA {mark}")
    with pytest.raises(StateError, match=message):
        open_for_reading(left)


@pytest.mark.sqlite
@pytest.mark.parametrize("content", [b"", b"not a database " * 999])
def test_what_is_no_database_is_refused(state, content):
    state.parent.mkdir()
    state.write_bytes(content)
    with pytest.raises(StateError):
        open_for_reading(state)


@pytest.mark.sqlite
def test_whether_a_letter_is_a_state_cannot_be_told(state):
    state.parent.mkdir()
    state.write_text("a letter " * 999)
    with pytest.raises(StateError, match="cannot be read: file is not a database"):
        exists(state)


@pytest.mark.sqlite
def test_a_state_that_is_not_there_is_not_made(state):
    state.parent.mkdir()
    with pytest.raises(StateError, match="cannot be read: unable to open"):
        open_for_reading(state)
    assert names_in(state.parent) == []


@pytest.mark.sqlite
def test_a_damaged_page_is_reported_as_the_states_failure(left):
    with contextlib.closing(sqlite3.connect(left)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'batch'").fetchone()
    whole = bytearray(left.read_bytes())
    whole[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    left.write_bytes(whole)
    with (
        pytest.raises(StateError, match="cannot be read: database disk image is malformed"),
        reading(left) as c,
    ):
        batches.every(c)


def as_nobody(look):
    """What ``look`` returns in a process that may not write where only root may; root itself may write everywhere."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        answer = b"crashed"
        with contextlib.suppress(BaseException):
            if os.getuid() == 0:
                os.setuid(NOBODY)
            answer = str(look()).encode()
        os.write(there, answer)
        os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer.decode()


@pytest.fixture
def read_only():
    """A state in a directory that cannot be written, and that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with shop_at(directory / "runner.db", job_of(0)):
            pass
        (directory / "runner.db").chmod(0o444)
        directory.chmod(0o555)
        yield directory / "runner.db"
        directory.chmod(0o755)


def test_a_state_in_a_read_only_directory_can_be_read(read_only):
    def look():
        with reading(read_only) as connection:
            return [batch.name for batch in batches.every(connection)]

    assert (as_nobody(look), names_in(read_only.parent)) == ("['spring']", ["runner.db"])


def test_a_state_in_a_read_only_directory_cannot_be_opened_for_writing(read_only):
    def look():
        with pytest.raises(StateError) as refused, shop_at(read_only):
            pass
        return refused.value

    assert as_nobody(look).startswith(f"the state {read_only} cannot be opened: ")


def test_an_error_that_is_not_the_states_passes_as_it_is(left):
    with pytest.raises(ZeroDivisionError), reading(left) as connection:
        1 // len(batches.every(connection)[:0])


def test_a_reader_waits_for_nobody(left: Path):
    """A writer that is in the middle of a transaction holds up no reader."""
    with shop_at(left) as shop:

        def looked(_connection):
            with reading(shop.path) as other:
                return reads.counts(other, shop.pk).total

        assert shop.do(looked) == 2


def test_opening_for_writing_again_is_possible_while_readers_look(left):
    with reading(left) as connection:
        batches.every(connection)
        with shop_at(left) as shop:
            assert isinstance(shop, Shop)
            shop.do(batches.touch, shop.pk, NOW)
    with (
        closing_engine(open_for_reading(left)) as engine,
        pytest.raises((OperationalError, InternalError)),
        engine.connect() as connection,
    ):
        raw("UPDATE job SET rank = 1")(connection)


@contextlib.contextmanager
def closing_engine(engine):
    yield engine
    engine.dispose()
