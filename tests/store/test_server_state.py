"""A state on a server: as the tables of a file are, durable, ours and whole; or refused with nothing changed."""

import re
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import text
from store_support import NOW, failures_of_openers, held_shop, job_of, outsider, raw, rows_in, shop_at

from runner.core.errors import StateError
from runner.core.outcomes import ErrorClass
from runner.store import attempts, batches, health, locks, reads
from runner.store.database import exists, open_for_reading, open_for_writing, reading
from runner.store.migrations import STEPS
from runner.store.places import Server, state_at
from runner.store.postgres.ddl import in_postgresql
from runner.store.schema import metadata
from runner.store.watching import View, version
from tests.postgres.server import PASSWORD, USER

pytestmark = pytest.mark.postgres


@pytest.fixture
def state(cluster):
    return cluster.state()


@pytest.fixture
def left(state):
    """A state of two jobs, one of them running."""
    with shop_at(state, job_of(0), job_of(1)) as shop:
        shop.running(0)
    return state


# The tables are those of a file


def in_file(question, *parameters):
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in (statement for step in STEPS for statement in step):
            connection.execute(statement)
        return connection.execute(question, parameters).fetchall()


TYPES = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea", "REAL": "double precision"}


@pytest.mark.parametrize("table", metadata.tables)
def test_the_columns_are_those_of_a_file(left, table):
    in_a_file = [
        (name, TYPES[kind], bool(is_required or is_key), default and default.strip("'"))
        for _, name, kind, is_required, default, is_key in in_file(f"PRAGMA table_info({table})")
    ]
    on_server = [
        (name, kind, required == "NO", default and re.sub(r"'?(\w+)'?(::.*)?", r"\1", default))
        for name, kind, required, default in rows_in(
            left,
            "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
            left.schema,
            table,
        )
    ]
    assert on_server == in_a_file


def test_there_are_the_same_tables_indexes_and_triggers(left):
    made = "SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name"
    named = [
        {name for (name,) in rows_in(left, sql, left.schema)}
        for sql in (
            "SELECT tablename FROM pg_tables WHERE schemaname = ?",
            "SELECT indexname FROM pg_indexes WHERE schemaname = ? AND indexname !~ '_key$|_pkey$'",
            "SELECT DISTINCT trigger_name::text FROM information_schema.triggers WHERE trigger_schema = ?",
        )
    ]
    expected = [{name for (name,) in in_file(made, kind)} for kind in ("table", "index", "trigger")]
    assert named == [expected[0] | {"hold", "mark"}, *expected[1:]]


def test_texts_are_compared_by_their_bytes_whatever_the_language_of_the_server(state):
    names = ["b", "A", "a", "Z", "é", "_"]
    with shop_at(state) as shop:
        for name in names:
            shop.do(
                batches.open_batch, batches.BatchTerms(name, "m", "p", f"/o/{name}", shop.batch().price), NOW
            )
        found = [one.name for one in shop.do(batches.every)]
    assert found == sorted([*names, "spring"])
    assert rows_in(state, "SELECT 'b' < 'Z'") == [(True,)]  # the server's own order is another one


def test_a_statement_that_both_understand_stays_as_it_is():
    assert in_postgresql("UPDATE batch SET (files) = (SELECT 1)") == ["UPDATE batch SET (files) = (SELECT 1)"]


# Opening


def test_whoever_opens_it_at_once_gets_the_one_state(cluster):
    assert [failures_of_openers(cluster.state()) for _ in range(5)] == [[]] * 5


def test_there_is_a_state_once_its_tables_are_there(state):
    before = exists(state)
    with locks.holding(state, "spring"):
        while_held = exists(state)
    with shop_at(state):
        pass
    assert (before, while_held, exists(state)) == (False, False, True)


def test_what_is_not_there_cannot_be_read(state):
    with pytest.raises(StateError, match="there is no state at"):
        open_for_reading(state)


CHANGED = {
    "a trigger less": ("DROP TRIGGER attempt_booked ON attempt", "trigger attempt_booked"),
    "a trigger that is off": ("ALTER TABLE attempt DISABLE TRIGGER attempt_booked", "trigger attempt_booked"),
    "an index less": ("DROP INDEX attempt_live", "index attempt_live"),
    "a check less": ("ALTER TABLE batch DROP CONSTRAINT batch_spent_check", "batch.batch_spent_check"),
    "another function": (
        "CREATE OR REPLACE FUNCTION iif(boolean, bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
        "function iif",
    ),
    "a column more": ("ALTER TABLE job ADD COLUMN gift bigint", "table job"),
    "a table more": ("CREATE TABLE bank (account bigint)", "table bank"),
}


@pytest.mark.parametrize("opening", [open_for_writing, open_for_reading])
@pytest.mark.parametrize("what", CHANGED)
def test_a_state_that_something_else_has_changed_is_refused_and_the_difference_named(left, what, opening):
    change, difference = CHANGED[what]
    rows_in(left, change)
    with pytest.raises(StateError, match="is not as this program makes a state") as refused:
        opening(left)
    assert difference in str(refused.value)


def test_after_another_major_version_of_the_server_nothing_is_compared(left):
    rows_in(left, "UPDATE mark SET made_by = 9")
    rows_in(left, "CREATE TABLE bank (account bigint)")
    with reading(left) as connection:
        assert batches.every(connection)[0].reserved == 40


def test_a_schema_of_another_application_is_refused(state):
    rows_in(state, f"CREATE SCHEMA {state.schema}")
    rows_in(state, "CREATE TABLE bank (account bigint)")
    with pytest.raises(StateError, match="belongs to another application: it has table bank"):
        open_for_writing(state)
    assert rows_in(state, "SELECT tablename FROM pg_tables WHERE schemaname = ?", state.schema) == [("bank",)]


@pytest.mark.parametrize("opening", [open_for_writing, open_for_reading])
def test_a_state_of_a_newer_program_is_refused(left, opening):
    rows_in(left, "UPDATE mark SET version = version + 1")
    with pytest.raises(StateError, match="it was made by a newer runner"):
        opening(left)


def test_an_older_state_is_read_by_nobody_and_brought_up_to_date_by_a_run(state, monkeypatch):
    older = STEPS[:3]
    monkeypatch.setattr("runner.store.postgres.marks.STEPS", older)
    open_for_writing(state).dispose()
    rows_in(
        state,
        "INSERT INTO batch (name, manifest, provider, output_dir, price_credits, price_usd, created_at, "
        "updated_at) VALUES ('spring', '/m', 'p', '/o', 40, '0.40', ?, ?)",
        NOW,
        NOW,
    )
    monkeypatch.undo()
    with pytest.raises(
        StateError, match=f"version 3, this program reads {len(STEPS)}; `runner run` updates it"
    ):
        open_for_reading(state)
    with shop_at(state, job_of(0)) as shop:
        assert (shop.reserve(0).price, rows_in(state, "SELECT version FROM mark")) == (40, [(len(STEPS),)])


# Durable, and safe


def settings_of(state):
    def ask(connection):
        names = ("synchronous_commit", "idle_session_timeout", "statement_timeout", "search_path")
        return [connection.execute(text(f"SHOW {name}")).scalar() for name in names]

    with shop_at(state) as shop:
        return shop.do(ask)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")]
)
def test_a_commit_is_durable_whatever_the_server_says_else(cluster, theirs, ours):
    database = cluster.database()
    for setting in (
        f"synchronous_commit = '{theirs}'",
        "idle_session_timeout = '7s'",
        "statement_timeout = '9s'",
    ):
        cluster.ask(f"ALTER DATABASE {database} SET {setting}")
    assert settings_of(state_at(cluster.url(database))) == [ours, "0", "0", '"runner"']


def test_a_server_that_loses_commits_is_refused(cluster, state):
    cluster.ask("ALTER SYSTEM SET fsync = off")
    cluster.ask("SELECT pg_reload_conf()")
    try:
        for use in (open_for_writing, lambda state: locks.holding(state, "spring").__enter__()):
            with pytest.raises(StateError, match="is not safe there: it has fsync=off"):
                use(state)
    finally:
        cluster.ask("ALTER SYSTEM RESET fsync")
        cluster.ask("SELECT pg_reload_conf()")


def test_a_database_that_does_not_hold_every_text_is_refused(cluster):
    cluster.ask("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0")
    with pytest.raises(StateError, match="its encoding is LATIN1: make one with ENCODING 'UTF8'"):
        open_for_writing(state_at(cluster.url("latin")))


def test_a_deadlock_with_somebody_else_is_repeated_and_nobody_hears_of_it(left):
    """Their transaction has the second row and wants the first; ours has the first and wants the second."""
    tries = []

    def in_turn(connection):
        tries.append(1)
        connection.execute(text("UPDATE job SET error = 'ours' WHERE id = 1"))
        theirs_wants.set()
        if len(tries) == 1:
            waiting.wait(5)
        connection.execute(text("UPDATE job SET error = 'ours' WHERE id = 2"))

    theirs_wants, waiting, ended = threading.Event(), threading.Event(), []
    with shop_at(left) as shop, outsider(left) as other:
        other.execute("SET deadlock_timeout = '60s'")  # it is ours that finds the deadlock, and gives way
        other.execute("UPDATE job SET error = 'theirs' WHERE id = 2")

        def their_turn():
            theirs_wants.wait(5)
            waiting.set()
            other.execute("UPDATE job SET error = 'theirs' WHERE id = 1")
            other.commit()
            ended.append(1)

        thread = threading.Thread(target=their_turn)
        thread.start()
        shop.do(in_turn)
        thread.join(10)
        found = shop.rows("SELECT error FROM job ORDER BY id")
    assert (len(tries) > 1, ended, found) == (True, [1], [("ours",), ("ours",)])


def test_a_lock_of_somebody_else_is_not_waited_for_for_ever(left):
    with shop_at(left) as shop, outsider(left) as other:
        other.execute("LOCK TABLE job")
        shop.do(raw("SELECT set_config('lock_timeout', '10ms', false)"))
        with pytest.raises(StateError, match="due to lock timeout; another program holds the state"):
            shop.do(attempts.reserve, shop.pk, 2, NOW)


def test_a_text_of_the_service_that_no_server_holds_is_kept_but_for_that_character(left):
    with shop_at(left) as shop:
        shop.do(attempts.note_trouble, 1, "bad\0luck", ErrorClass.SERVICE)
        assert shop.rows("SELECT error FROM job WHERE id = 1") == [("bad\N{REPLACEMENT CHARACTER}luck",)]


# Reading


def test_a_reader_cannot_write_and_a_lost_connection_is_made_anew(cluster, left):
    view = View(left)
    try:
        with pytest.raises(StateError, match="read-only transaction"), view.reading() as connection:
            raw("UPDATE job SET rank = 9")(connection)
        cluster.cut()
        with view.reading() as connection:
            assert reads.counts(connection, 1).total == 2
    finally:
        view.close()


def test_whoever_looks_sees_that_somebody_has_written(left):
    view = View(left)
    try:
        with shop_at(left) as shop:
            seen = []
            for change in (lambda: None, lambda: shop.do(batches.touch, shop.pk, "later")):
                with view.reading() as connection:
                    before = version(connection)
                change()
                with view.reading() as connection:
                    seen.append(version(connection) != before)
        assert seen == [False, True]
    finally:
        view.close()


def test_a_page_that_the_server_found_wrong_is_told(left):
    with reading(left) as connection:
        assert (health.faults(connection), health.wrong_books(connection)) == ([], [])


# Who may come


def test_a_password_is_used_and_not_shown(cluster):
    database = cluster.database()
    at = f"@127.0.0.1:{cluster.port}/{database}"
    right, wrong = (state_at(f"postgresql://{USER}:{secret}{at}") for secret in (PASSWORD, "CANARY-wrong"))
    assert exists(right) is False
    with pytest.raises(StateError, match="password authentication failed") as refused:
        exists(wrong)
    assert "CANARY" not in str(refused.value)


def test_who_may_not_make_a_schema_is_told_whom_to_ask(cluster):
    cluster.ask("CREATE ROLE ann LOGIN")
    url = cluster.url(cluster.database()).replace(f"//{USER}@", "//ann@")
    with pytest.raises(
        StateError, match=r"permission denied for database .*; have the owner of the database grant it"
    ):
        open_for_writing(state_at(url))


def test_in_a_schema_that_was_made_for_somebody_they_need_no_other_right(cluster):
    cluster.ask("CREATE ROLE ben LOGIN")
    database = cluster.database()
    cluster.ask("CREATE SCHEMA runner AUTHORIZATION ben", database=database)
    state = state_at(cluster.url(database).replace(f"//{USER}@", "//ben@"))
    with held_shop(state, job_of(0)) as shop:
        assert isinstance(shop.path, Server)
        assert shop.do(attempts.reserve, shop.pk, 1, NOW).price == 40
