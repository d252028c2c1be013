"""Opening a state for writing: ours and whole, or refused with nothing changed."""

import os
import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from store_support import failures_of_openers, job_of, raw, shop_at

from runner.core.errors import StateError, UsageError
from runner.store.database import exists, open_for_writing
from runner.store.ddl import APPLICATION_ID
from runner.store.migrations import STEPS
from runner.store.places import state_at as state_path
from runner.store.state_file import BUSY_TIMEOUT_S, make_durable
from runner.store.writer import DirectWriter

pytestmark = pytest.mark.sqlite


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def _open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_umask")
def test_only_the_owner_may_read_the_state_and_what_lies_beside_it(tmp_path):
    path = tmp_path / "state" / "runner.db"
    with shop_at(path, job_of(0)) as shop:
        shop.reserve(0)
        seen = {each.name: mode_of(each) for each in path.parent.iterdir()}
    assert (mode_of(path.parent), seen) == (
        0o700,
        dict.fromkeys(["runner.db", "runner.db-wal", "runner.db-shm"], 0o600),
    )


def test_what_guards_money_is_written_ahead_and_synced(shop):
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "busy_timeout")
    found = [shop.do(raw(f"PRAGMA {name}"))[0][0] for name in pragmas]
    assert found == ["wal", 2, 1, 0, 30000]


def test_a_transaction_begins_by_taking_the_right_to_write(shop):
    def another_tries(_connection):
        with (
            closing(sqlite3.connect(shop.path, timeout=0, isolation_level=None)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
        return "held back"

    assert shop.do(another_tries) == "held back"


def test_a_fresh_state_is_marked_as_ours(state):
    with shop_at(state) as shop:
        marks = [shop.rows(f"PRAGMA {name}") for name in ("application_id", "user_version")]
    assert marks == [[(APPLICATION_ID,)], [(len(STEPS),)]]


def test_whoever_makes_a_state_while_another_does_waits_for_its_turn(state):
    opened = []
    state.parent.mkdir()
    with closing(sqlite3.connect(state, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # as the one that is just making it
        opener = threading.Thread(target=lambda: opened.append(open_for_writing(state)), daemon=True)
        opener.start()
        opener.join(0.3)  # without its turn it has failed long before
        is_waiting = opener.is_alive()
        other.execute("COMMIT")
        opener.join(BUSY_TIMEOUT_S)
    assert (is_waiting, len(opened)) == (True, 1)
    opened[0].dispose()


def test_those_who_begin_at_once_in_a_new_directory_all_get_the_one_state(tmp_path):
    assert [failures_of_openers(tmp_path / f"{number}.db") for number in range(20)] == [[]] * 20


def test_a_state_is_found_as_it_was_left(state):
    with shop_at(state, job_of(0)) as shop:
        shop.running(0)
        left = shop.dump()
    with shop_at(state) as shop:
        assert shop.dump() == left


@pytest.mark.parametrize("born", [b"", "table-less"])
def test_a_state_whose_maker_died_is_none_yet_and_is_made_anew(state, born):
    state.parent.mkdir()
    if born:
        with closing(sqlite3.connect(state)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    else:
        state.write_bytes(born)
    was_there = exists(state)
    with shop_at(state, job_of(0)) as shop:
        assert (was_there, exists(state), len(shop.states())) == (False, True, 1)


def test_a_state_that_is_not_there_does_not_exist(state):
    assert not exists(state)


def foreign(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 7")
        connection.execute("CREATE TABLE bank (account)")
        connection.commit()


def unmarked(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bank (account)")
        connection.commit()


def marked_by_another_and_blank(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 3")


def newer(path):
    with shop_at(path, job_of(0)):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
        connection.commit()


def no_database(path):
    path.write_bytes(b"a letter to my bank\n" * 500)


def header_damaged(path):
    with shop_at(path, job_of(0)):
        pass
    path.write_bytes(b"X" + path.read_bytes()[1:])


def truncated(path):
    with shop_at(path, job_of(0)):
        pass
    path.write_bytes(path.read_bytes()[: 4096 * 2 + 100])


REFUSED = {
    foreign: "is a database of another application, not a runner state; name another with --state",
    unmarked: "is a database of another application",
    marked_by_another_and_blank: "is a database of another application",
    newer: f"has schema version {len(STEPS) + 1}, this program knows {len(STEPS)}: it was made by a newer runner",
    no_database: "cannot be opened: file is not a database",
    header_damaged: "cannot be opened: file is not a database",
    truncated: "cannot be opened: database disk image is malformed",
}


@pytest.mark.parametrize("made", REFUSED, ids=lambda made: made.__name__)
def test_what_is_no_state_of_ours_is_refused_and_left_as_it_is(state, made):
    state.parent.mkdir()
    made(state)
    before = state.read_bytes()
    with pytest.raises(StateError) as refused:
        open_for_writing(state)
    assert (str(state) in str(refused.value), REFUSED[made] in str(refused.value)) == (True, True)
    assert (state.read_bytes(), [each.name for each in state.parent.iterdir()]) == (before, [state.name])


def test_a_directory_is_no_state(state):
    state.mkdir(parents=True)
    with pytest.raises(StateError, match="cannot be opened"):
        open_for_writing(state)


def test_a_state_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="cannot be opened"):
        open_for_writing(tmp_path / "state" / "runner.db")


def test_a_file_system_without_write_ahead_logging_is_refused():
    """A database in memory has none, and so stands in for a network file system."""
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(StateError, match="put the state on a local disk with --state"),
    ):
        make_durable(connection)


def test_a_file_that_cannot_be_changed_is_not_waited_for(state):
    state.parent.mkdir()
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("CREATE TABLE purse (credits INTEGER)")
    with (
        closing(sqlite3.connect(f"{state.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        make_durable(connection)


def test_a_damaged_page_is_the_states_failure_and_no_answer(state):
    """Found only when it is read: nothing may be acted upon any more."""
    with shop_at(state, *map(job_of, range(200))) as shop:
        root = shop.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'job'")[0][0]
    whole = bytearray(state.read_bytes())
    whole[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    state.write_bytes(whole)
    writer = DirectWriter(open_for_writing(state))
    try:
        with pytest.raises(StateError, match="malformed"):
            writer.write_now(raw("UPDATE job SET error = 'x'"))
    finally:
        writer.close()


@pytest.mark.parametrize(
    "url",
    [
        "state/runner.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:a?mode=memory",
        "",
    ],
)
def test_a_state_url_that_names_no_file_is_a_usage_error_that_quotes_it(url):
    with pytest.raises(UsageError) as refused:
        state_path(url)
    assert str(refused.value).startswith(f"--state {url!r}: the state ")


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///a/b.db", "a/b.db"), ("sqlite:///../é a#.db", "../é a#.db")]
)
def test_a_state_url_is_relative_to_the_working_directory(tmp_path, monkeypatch, url, path):
    monkeypatch.chdir(tmp_path)
    assert state_path(url) == tmp_path.resolve().joinpath(path).resolve()


def test_a_state_url_with_four_slashes_is_absolute(tmp_path):
    assert state_path(f"sqlite:///{tmp_path}/a.db") == tmp_path.resolve() / "a.db"


def test_a_link_to_a_state_is_that_state(tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    assert state_path(f"sqlite:///{tmp_path}/link.db") == tmp_path.resolve() / "real.db"


CHANGED = {
    "a trigger more": (["CREATE TRIGGER gift AFTER INSERT ON attempt BEGIN SELECT 1; END"], "trigger gift"),
    "an index less": (["DROP INDEX attempt_live"], "index attempt_live"),
    "more than a person would read": (
        [f"CREATE TABLE t{number} (x)" for number in range(6)],
        "table t0, table t1, table t2, table t3, table t4, ...",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_state_whose_schema_something_else_has_changed_is_refused_and_the_difference_named(state, name):
    changes, difference = CHANGED[name]
    with shop_at(state, job_of(0)):
        pass
    with closing(sqlite3.connect(state)) as connection:
        for change in changes:
            connection.execute(change)
        connection.commit()
    before = state.read_bytes()
    with pytest.raises(StateError, match="is not as this program makes a state") as refused:
        open_for_writing(state)
    assert (f": {difference}; put a backup" in str(refused.value), state.read_bytes()) == (True, before)
