"""Where a state is: what its URL means, and that no password of it is ever shown."""

import pytest
from sqlalchemy import create_engine, literal, select
from sqlalchemy.dialects import postgresql
from store_support import job_of, shop_at

from runner.core.errors import StateError, UsageError
from runner.store import database, dialects, holds, locks, places
from runner.store.places import Server, beside, files_of, sandbox_of, state_at, typed, without_password
from runner.store.remedies import said
from runner.store.schema import choice, job
from runner.store.writer import run_in_one_transaction

SECRET = "CANARY-s3cret"
PLAIN = "postgresql+psycopg://ann@db.example/films"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (PLAIN, PLAIN),
        ("postgresql://ann@db.example/films", PLAIN),
        (f"postgresql+psycopg://ann:{SECRET}@db.example/films", PLAIN),
        (f"{PLAIN}?password={SECRET}&sslmode=require", f"{PLAIN}?sslmode=require"),
        (f"{PLAIN}?sslmode=verify-full&sslpassword={SECRET}", f"{PLAIN}?sslmode=verify-full"),
        (f"{PLAIN}?schema=team", f"{PLAIN}?schema=team"),
    ],
)
def test_a_state_on_a_server_is_shown_without_a_password(url, shown):
    state = state_at(url)
    assert (str(state), repr(state), typed(url)) == (shown, f"Server({shown!r})", shown)


def test_the_driver_is_given_the_password_and_not_the_schema():
    state = state_at(f"postgresql://ann:{SECRET}@db.example/films?schema=team")
    assert (state.url.render_as_string(hide_password=False), state.schema) == (
        f"postgresql+psycopg://ann:{SECRET}@db.example/films",
        "team",
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"mysql://ann:{SECRET}@h/d", "the state is a SQLite file"),
        (f"postgres://ann:{SECRET}@h/d", "the state is a SQLite file"),
        (f"postgresql+asyncpg://ann:{SECRET}@h/d", "the state is a SQLite file"),
        (f"postgresql://ann:{SECRET}@h", "it names no database"),
        (f"postgresql://ann:{SECRET}@h/a/b", "it names no database"),
        (f"postgresql://h/d?password={SECRET}&schema=A-B", "'A-B' is no name of a schema"),
        (f"postgresql://ann:{SECRET}@h/d?schema=a_sandbox", "'a_sandbox' is no name of a schema"),
        (f"postgresql://ann:{SECRET}@h:port/d", "the state is a SQLite file"),
        (f"postgresql://ann:{SECRET}@@h/d?schema=a&schema=b", "is no name of a schema"),
    ],
)
def test_a_url_that_cannot_be_used_is_quoted_without_its_password(url, why):
    with pytest.raises(UsageError) as refused:
        state_at(url, "RUNNER_STATE")
    text = str(refused.value)
    assert (text.startswith("RUNNER_STATE '"), why in text, SECRET in text) == (True, True, False)


@pytest.mark.parametrize("url", ["sqlite:///a.db", "what is this?", "://:@"])
def test_what_holds_no_password_is_quoted_as_it_is(url):
    assert without_password(url) == url.replace("://:@", "://:***@")


def test_the_sandbox_has_a_state_of_its_own_beside_either(tmp_path):
    server = state_at(PLAIN)
    assert (sandbox_of(tmp_path / "runner.db"), sandbox_of(server)) == (
        tmp_path / "sandbox.db",
        Server(server.url, "runner_sandbox"),
    )
    assert (str(sandbox_of(server)), sandbox_of(server) == server) == (PLAIN, False)


def test_what_a_machine_keeps_beside_a_state_stands_beside_its_file_or_below_the_working_directory(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    file, server, other = tmp_path / "a.db", state_at(PLAIN), state_at(f"{PLAIN}?schema=team")
    kept = [beside(one) for one in (server, other, sandbox_of(server))]
    assert (beside(file), {path.parent for path in kept}) == (file, {(tmp_path / "state").resolve()})
    assert (len(set(kept)), {path.name.rpartition("-")[0] for path in kept}) == (3, {"films"})


def test_a_server_has_no_files_here(tmp_path):
    file = tmp_path / "a.db"
    assert (files_of(file), files_of(state_at(PLAIN))) == (
        (file, tmp_path / "a.db-wal", tmp_path / "a.db-shm"),
        (),
    )


NOWHERE = state_at(f"postgresql://ann:{SECRET}@127.0.0.1:1/films")


@pytest.mark.parametrize(
    "use",
    [
        database.exists,
        database.open_for_reading,
        database.open_for_writing,
        lambda state: locks.holder(state, "spring"),
        lambda state: locks.holding(state, "spring").__enter__(),
    ],
)
def test_a_server_that_nobody_reaches_or_has_the_driver_for_is_the_states_failure(use):
    """Both without a word of the password; the extra is there only where somebody asked for it."""
    with pytest.raises((StateError, UsageError)) as refused:
        use(NOWHERE)
    text = str(refused.value)
    assert (text.startswith(f"the state {places.state_at(str(NOWHERE))} "), SECRET in text) == (True, False)


class ServerError(Exception):
    def __init__(self, text, sqlstate=None):
        super().__init__(text)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("server closed the connection\n\tunexpectedly", "see that the server runs"),
        ('FATAL: password authentication failed for user "ann"', "put the password into ~/.pgpass"),
        ("something of its own", "look at the log of the server"),
    ],
)
def test_what_a_server_says_is_one_line_with_a_way_out(text, remedy):
    told = said(ServerError(text))
    assert told.startswith(f"{' '.join(text.split())}; {remedy}")


# What both dialects say


def test_postgresql_has_words_of_its_own_for_what_sqlite_says():
    dialect = postgresql.dialect()
    said_there = [
        " ".join(str(one.compile(dialect=dialect)).split())
        for one in (
            dialects.larger_of(literal(1), literal(2)),
            select(job.c.id).where(dialects.text_in(job.c.variables, "animal") == "fox"),
            dialects.insert_into(dialects.POSTGRESQL, choice).values(job=1).on_conflict_do_nothing(),
        )
    ]
    assert ["greatest(" in said_there[0], "json_typeof" in said_there[1], "ON CONFLICT" in said_there[2]] == [
        True
    ] * 3


# A process that has lost its batch


def test_a_process_that_has_lost_its_batch_moves_no_job(tmp_path):
    def lost(connection):
        connection.info.update({holds.FENCED: "process 7 on elsewhere", holds.BATCH: "spring"})
        holds.refuse_if_fenced(connection)

    with (
        shop_at(tmp_path / "a.db", job_of(0)) as shop,
        pytest.raises(holds.FencedError, match="process 7 on elsewhere has taken over batch 'spring'"),
    ):
        shop.do(lost)


# A transaction that a server undid for another one's sake


def failing(times, sqlstate):
    """A change that a server undoes so often."""
    from sqlalchemy.exc import OperationalError

    tries = []

    def change(_connection):
        tries.append(1)
        if len(tries) <= times:
            raise OperationalError("UPDATE", None, ServerError("could not serialize access", sqlstate))
        return len(tries)

    return change


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_a_transaction_that_could_not_go_beside_another_is_repeated_as_a_whole(sqlstate):
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        seen = []
        changes = [lambda _: seen.append(1), failing(3, sqlstate)]
        assert (run_in_one_transaction(connection, changes), len(seen)) == ([None, 4], 4)
    engine.dispose()


@pytest.mark.parametrize(("times", "sqlstate"), [(1, "57P01"), (99, "40001")])
def test_one_that_is_in_doubt_is_not_repeated_and_none_for_ever(times, sqlstate):
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(StateError, match="could not serialize access"):
        run_in_one_transaction(connection, [failing(times, sqlstate)])
    engine.dispose()
