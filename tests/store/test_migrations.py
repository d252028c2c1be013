"""Bringing an older state to the schema of today, and dying on the way."""

import contextlib
import os
import sqlite3

import pytest

from runner.core.errors import StateError
from runner.store.ddl import APPLICATION_ID
from runner.store.migrations import migrate

pytestmark = pytest.mark.sqlite

OLD = ("CREATE TABLE purse (credits INTEGER) STRICT", "INSERT INTO purse VALUES (40)")
NEW = ("ALTER TABLE purse ADD COLUMN name TEXT", "UPDATE purse SET name = 'spring'")


@pytest.fixture
def path(tmp_path):
    """A state of version 1, as an older program left it."""
    with opened(tmp_path / "a.db") as connection:
        migrate(connection, tmp_path / "a.db", [OLD])
    return tmp_path / "a.db"


@contextlib.contextmanager
def opened(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        yield connection


def content(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        marks = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        ]
        return *marks, connection.execute("SELECT * FROM purse").fetchall()


OLD_CONTENT = (APPLICATION_ID, 1, [(40,)])
NEW_CONTENT = (APPLICATION_ID, 2, [(40, "spring")])


def test_an_older_state_becomes_the_newest_and_a_copy_of_it_is_kept(path):
    with opened(path) as connection:
        migrate(connection, path, [OLD, NEW])
    kept = path.with_name("a.db.v1")
    assert (content(path), content(kept), kept.stat().st_mode & 0o777) == (NEW_CONTENT, OLD_CONTENT, 0o600)


def test_a_state_of_today_is_left_alone(path):
    before = path.read_bytes()
    with opened(path) as connection:
        migrate(connection, path, [OLD])
    assert (path.read_bytes(), [each.name for each in path.parent.iterdir()]) == (before, ["a.db"])


def test_a_fresh_state_goes_through_every_step_and_keeps_no_copy(tmp_path):
    with opened(tmp_path / "b.db") as connection:
        migrate(connection, tmp_path / "b.db", [OLD, NEW])
    assert (content(tmp_path / "b.db"), (tmp_path / "b.db.v0").exists()) == (NEW_CONTENT, False)


def test_a_state_of_a_newer_program_is_refused(path):
    with opened(path) as connection, pytest.raises(StateError, match="made by a newer runner"):
        migrate(connection, path, [])
    assert content(path) == OLD_CONTENT


def test_a_step_that_fails_leaves_the_older_state_and_may_be_tried_again(path):
    with opened(path) as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table: wallet"):
            migrate(connection, path, [OLD, (*NEW, "UPDATE wallet SET credits = 0")])
        after = content(path)
        migrate(connection, path, [OLD, NEW])
    assert (after, content(path)) == (OLD_CONTENT, NEW_CONTENT)


@pytest.mark.parametrize("dies_after", range(3))
def test_a_process_that_dies_on_the_way_leaves_the_older_state(path, dies_after):
    steps = list(NEW)
    steps.insert(dies_after, "SELECT die()")
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException), opened(path) as connection:
            connection.create_function("die", 0, lambda: os.kill(os.getpid(), 9))
            migrate(connection, path, [OLD, steps])
        os._exit(1)
    _, status = os.waitpid(child, 0)
    after = content(path)
    with opened(path) as connection:
        migrate(connection, path, [OLD, NEW])
    assert (status, after, content(path)) == (9, OLD_CONTENT, NEW_CONTENT)


def test_two_that_start_at_once_migrate_once(path):
    """The second has read the old version when the first has already changed it."""
    with opened(path) as second:

        def first_is_faster():
            with opened(path) as first:
                migrate(first, path, [OLD, NEW])
            return True

        class Slow:
            def __getattr__(self, name):
                return getattr(second, name)

            def execute(self, sql):
                if sql == "BEGIN IMMEDIATE":
                    assert first_is_faster()
                return second.execute(sql)

        migrate(Slow(), path, [OLD, NEW])
    assert content(path) == NEW_CONTENT


def test_the_copy_holds_what_others_have_not_brought_home_yet(path):
    """While a reader looks, what was committed stands in the -wal only."""
    with opened(path) as reader, opened(path) as writer, opened(path) as connection:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM purse").fetchall()
        writer.execute("UPDATE purse SET credits = 80")
        migrate(connection, path, [OLD, NEW])
        reader.execute("COMMIT")
    assert content(path.with_name("a.db.v1")) == (APPLICATION_ID, 1, [(80,)])


def test_what_went_wrong_is_not_hidden_by_taking_back_what_was_ended_already(path):
    # As when Ctrl-C comes between the COMMIT and the next line: there is no transaction left to take back.
    with opened(path) as connection, pytest.raises(sqlite3.OperationalError, match="cannot commit"):
        migrate(connection, path, [OLD, ("COMMIT",)])
