"""Whether a state file is what it should be: its pages, its references, its books."""

import sqlite3
from contextlib import closing

import pytest
from store_support import job_of, rows_in, shop_at

from runner.store import health
from runner.store.database import reading


def left_by(state, *changes):
    """A state of three jobs, one of them running, to which something else has done this."""
    with shop_at(state, *map(job_of, range(3))) as shop:
        shop.running(0)
    for change in changes:
        rows_in(state, change)
    return state


def found_in(state):
    with reading(state) as connection:
        return health.faults(connection), health.wrong_books(connection)


def test_a_sound_state_has_no_faults_and_books_that_agree(state):
    assert found_in(left_by(state)) == ([], [])


@pytest.mark.sqlite
def test_a_reference_to_nothing_is_named(state):
    assert found_in(left_by(state, "DELETE FROM prompt WHERE id = 2")) == (
        ["row 2 of job refers to a missing prompt"],
        [],
    )


@pytest.mark.sqlite
def test_of_many_faults_a_few_are_named(state):
    with shop_at(state, *map(job_of, range(9))):
        pass
    with closing(sqlite3.connect(state)) as connection:
        connection.execute("DELETE FROM prompt")
        connection.commit()
    assert len(found_in(state)[0]) == 5


@pytest.mark.sqlite
def test_of_a_damaged_file_the_first_fault_is_told_and_nothing_else_is_asked(state):
    left_by(state, "DELETE FROM prompt WHERE id = 2")
    with closing(sqlite3.connect(state)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'prompt'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(state.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    state.write_bytes(content)
    with reading(state) as connection:
        (fault,) = health.faults(connection)
    assert f"page {page}" in fault.lower()


def test_books_that_are_not_the_sums_of_their_attempts_are_named_with_both(state):
    left_by(state, "UPDATE batch SET spent = 7 WHERE name = 'spring'")
    with shop_at(state, name="autumn"):
        pass
    assert found_in(state) == (
        [],
        ["batch spring: spent, reserved, unknown are (7, 40, 0), the attempts say (0, 40, 0)"],
    )
