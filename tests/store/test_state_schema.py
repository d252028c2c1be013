"""The tables as SQLite has them: what they refuse, and the sums that the triggers keep."""

import contextlib
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, IntegrityError
from store_support import NOW, job_of, raw, shop_at

from runner.core.model import LIVE, AttemptOutcome, JobState
from runner.store import outputs, reads
from runner.store.schema import metadata


@pytest.mark.sqlite
@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_tables_of_sqlalchemy_are_those_of_the_file(shop, table):
    in_file = [(name, kind) for _, name, kind, *_ in shop.rows(f"PRAGMA table_info({table.name})")]
    assert [
        (column.name, str(column.type.compile(shop.writer._engine.dialect))) for column in table.columns
    ] == in_file


@pytest.mark.sqlite
def test_no_table_of_the_file_is_unknown_to_sqlalchemy(shop):
    tables = {name for (name,) in shop.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == set(metadata.tables)


@pytest.mark.sqlite
def test_every_table_is_strict(shop):
    strict = {
        name: strict for _, name, _, _, _, strict in shop.rows("PRAGMA table_list") if name in metadata.tables
    }
    assert strict == dict.fromkeys(metadata.tables, 1)


def one_of_each(shop):
    """A job of every kind of row, with its attempt and file."""
    shop.fetching(0)
    shop.reserve(1)


REFUSED = {
    "a negative budget": "UPDATE batch SET budget = -1",
    "a price of nothing": "UPDATE batch SET price_credits = 0",
    "negative books": "UPDATE batch SET spent = -1",
    "a negative reservation": "UPDATE batch SET reserved = -1",
    "a negative unknown part": "UPDATE batch SET unknown = -1",
    "a half mark": "UPDATE batch SET tree_stale = 2",
    "a name twice": f"""INSERT INTO batch (name, manifest, provider, output_dir, price_credits, price_usd, created_at,
        updated_at) VALUES ('spring', 'm', 'p', 'o', 40, '0.4', '{NOW}', '{NOW}')""",
    "an unheard state": "UPDATE job SET state = 'lost'",
    "take 0": "UPDATE job SET take = 0",
    "half removed": "UPDATE job SET removed = 2",
    "half overdue": "UPDATE job SET overdue = 2",
    "a job twice": "UPDATE job SET job_id = '000000000000000000000001'",
    "a job of no batch": "UPDATE job SET batch = 99",
    "an unheard outcome": "UPDATE attempt SET outcome = 'won'",
    "negative credits": "UPDATE attempt SET credits = -1",
    "an unheard flag": "INSERT INTO choice (job, flag, chosen_at, revision) VALUES (1, 'maybe', 'now', 1)",
    "six stars": "INSERT INTO choice (job, rating, chosen_at, revision) VALUES (1, 6, 'now', 1)",
    "no star": "INSERT INTO choice (job, rating, chosen_at, revision) VALUES (1, 0, 'now', 1)",
    "a choice half made again": "INSERT INTO choice (job, again, chosen_at, revision) VALUES (1, 2, 'now', 1)",
    "a choice about no job": "INSERT INTO choice (job, chosen_at, revision) VALUES (99, 'now', 1)",
    "a take instead of no job": "UPDATE job SET instead_of = 99",
    "what was found in no file": "INSERT INTO media (file, sha256) VALUES (99, 'ab')",
    "a text for credits": "UPDATE attempt SET credits = 'forty'",
    "half trusted": "UPDATE attempt SET trusted = 2",
    "a running attempt without a task": "UPDATE attempt SET outcome = 'running' WHERE task_id IS NULL",
    "credits for what was never sent": "UPDATE attempt SET outcome = 'not_sent' WHERE task_id IS NULL",
    "a refused attempt with a task": "UPDATE attempt SET outcome = 'refused', credits = 0 WHERE task_id IS NOT NULL",
    "a task twice": "UPDATE attempt SET task_id = 't0'",
    "an attempt of no job": "UPDATE attempt SET job = 99",
    "an attempt that is forgotten": "DELETE FROM attempt",
    "a verified file without a hash": "UPDATE file SET state = 'verified', path = 'a.mp4', bytes = 1",
    "a placed file without a path": "UPDATE file SET state = 'placed', bytes = 1, sha256 = 'ab'",
    "an unheard state of a file": "UPDATE file SET state = 'gone'",
    "a file at position 0": "UPDATE file SET position = 0",
    "a file of no attempt": "UPDATE file SET attempt = 99",
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_itself_refuses(shop, what):
    one_of_each(shop)
    before = shop.dump()
    with pytest.raises((IntegrityError, DataError)):
        shop.do(raw(REFUSED[what]))
    assert shop.dump() == before


@pytest.mark.parametrize("live", sorted(LIVE))
def test_a_second_live_attempt_for_a_job_is_refused(shop, live):
    shop.reserve(0)
    second = f"""INSERT INTO attempt (batch, job, outcome, credits, task_id, submitted_at)
        SELECT batch, job, '{live}', 40, 't9', submitted_at FROM attempt"""
    with pytest.raises(IntegrityError, match=r"attempt\.job|attempt_live"):
        shop.do(raw(second))


def test_a_settled_attempt_makes_room_for_a_live_one(shop):
    shop.running(0)
    shop.do(raw("UPDATE attempt SET outcome = 'lost'"))
    shop.do(
        raw(
            f"INSERT INTO attempt (batch, job, outcome, credits, submitted_at) VALUES (1, 1, 'unknown', 40, '{NOW}')"
        )
    )
    assert shop.books() == (40, 40, 40)


def test_two_batches_may_have_a_task_of_one_name(state):
    with shop_at(state, job_of(0)) as one, shop_at(state, job_of(0), name="autumn") as other:
        one.running(0)
        other.running(0)
        assert (one.books(), other.books()) == ((0, 40, 0), (0, 40, 0))


SETTLED_WITHOUT_A_TASK = {AttemptOutcome.NOT_SENT, AttemptOutcome.REFUSED}
CHANGES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(list(AttemptOutcome)), st.integers(0, 100)), max_size=12
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_the_triggers_keep_the_sums_whatever_is_done_to_the_attempts(states, changes):
    """Insertions and changes of any kind, legal for a job or not: batch and attempts always say the same."""
    with shop_at(states(), job_of(0), job_of(1), job_of(2)) as shop:
        for rank, outcome, credits_ in changes:
            task = "NULL" if outcome in SETTLED_WITHOUT_A_TASK else f"'t{rank}'"
            held = 0 if outcome in SETTLED_WITHOUT_A_TASK else credits_
            values = f"outcome = '{outcome}', credits = {held}, task_id = {task}"
            if not shop.do(raw(f"UPDATE attempt SET {values} WHERE job = {rank + 1}")):
                columns = "batch, job, outcome, credits, task_id, submitted_at"
                shop.do(
                    raw(
                        f"INSERT INTO attempt ({columns}) VALUES (1, {rank + 1}, '{outcome}', {held}, {task}, '')"
                    )
                )
            assert shop.books() == shop.do(reads.books, shop.pk)


FILES = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(["wanted", "verified", "placed", None]), st.integers(0, 100)
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=FILES)
def test_the_triggers_keep_the_totals_whatever_is_done_to_the_files(states, changes):
    """Insertions, changes and deletions (``None``): the batches and their files always say the same."""
    path = states()
    with (
        shop_at(path, *map(job_of, range(3))) as shop,
        shop_at(path, name="b") as other,
    ):
        for rank in range(3):
            shop.reserve(rank)
        for rank, state, size in changes:
            known = shop.rows(f"SELECT id FROM file WHERE job = {rank + 1}")
            values = f"state = '{state}', path = 'a.mp4', bytes = {size}, sha256 = 'ab'"
            if state is None:
                shop.do(raw(f"DELETE FROM file WHERE job = {rank + 1}"))
            elif known:
                shop.do(raw(f"UPDATE file SET {values} WHERE job = {rank + 1}"))
            else:
                columns = "job, attempt, position, url, state, path, bytes, sha256"
                row = f"{rank + 1}, {rank + 1}, 1, 'https://a', '{state}', 'a.mp4', {size}, 'ab'"
                shop.do(raw(f"INSERT INTO file ({columns}) VALUES ({row})"))
            placed = "SELECT count(*), coalesce(sum(bytes), 0) FROM file WHERE state = 'placed'"
            assert [shop.do(reads.file_totals, shop.pk)] == shop.rows(placed)
        assert shop.do(reads.file_totals, other.pk) == (0, 0)


def test_a_state_of_version_2_gets_the_totals_of_its_files(tmp_path):
    with shop_at(tmp_path / "a.db", job_of(0)) as shop:
        for file in shop.do(reads.files_of, shop.fetching(0, "https://a", "https://b")):
            shop.do(outputs.verified, file.pk, f"{file.position}.mp4", 7, "ab")
            shop.do(outputs.placed, file.pk)
        today = shop.do(reads.file_totals, shop.pk)
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as connection:
        for name in ("counted", "recounted", "discounted"):
            connection.execute(f"DROP TRIGGER file_{name}")
        for name in ("booked", "rebooked"):
            connection.execute(f"DROP TRIGGER account_{name}")
        connection.execute("ALTER TABLE attempt DROP COLUMN account")
        for table in ("derived", "making", "step", "choice", "media", "spending", "standing", "account"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX job_instead_of")
        connection.execute("ALTER TABLE job DROP COLUMN instead_of")
        connection.execute("ALTER TABLE batch DROP COLUMN files")
        connection.execute("ALTER TABLE batch DROP COLUMN file_bytes")
        connection.execute("PRAGMA user_version = 2")
    with shop_at(tmp_path / "a.db", job_of(0)) as shop:
        assert (shop.do(reads.file_totals, shop.pk), today) == ((2, 14), (2, 14))


def test_the_words_of_the_core_are_those_of_the_checks(shop):
    shop.running(0)
    for state in JobState:
        shop.do(raw(f"UPDATE job SET state = '{state}' WHERE rank = 2"))
    for outcome in set(AttemptOutcome) - SETTLED_WITHOUT_A_TASK:
        shop.do(raw(f"UPDATE attempt SET outcome = '{outcome}'"))
    assert shop.states()[2] == JobState.UNKNOWN
