"""Bringing a state file to the schema of this program: one transaction, with a copy of the older file kept."""

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from runner.core.errors import StateError
from runner.store.ddl import APPLICATION_ID, VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5

STEPS: tuple[Sequence[str], ...] = (VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5)
"""``STEPS[n]`` leads from version n to n + 1; ``user_version`` in the file says which it has."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Leave the file at version ``len(steps)``.

    Raises ``StateError`` for a file of another application or of a newer program; either way nothing is changed.
    A copy ``<file>.v<N>`` of an older file that holds something is made before it is changed.
    """
    version = version_of(connection, path, len(steps))
    if version == len(steps):
        return
    if version > 0:
        _keep_copy(connection, path, version)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == version:  # nobody was faster
            for statement in (statement for step in steps[version:] for statement in step):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # Ctrl-C may come when the commit is done
            connection.execute("ROLLBACK")
        raise


def refuse_other_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``StateError`` unless the file has the tables, indexes and triggers of this program, and no others.

    One trigger that somebody added can lift a budget, and without one index of ours a job can be paid for twice.
    """
    # Tables before what hangs on them: where one is another, all of its indexes and triggers are too.
    odd = sorted({what for what, _ in _schema_of(connection) ^ _todays_schema()}, key=_place_of)
    if odd:
        shown = ", ".join(odd[:5]) + (", ..." if len(odd) > 5 else "")
        raise StateError(
            f"{path} is not as this program makes a state, something else has changed it: {shown}; put a backup in its "
            "place, or name another with --state (nothing was changed)"
        )


def _place_of(what: str) -> tuple[int, str]:
    kind = what.partition(" ")[0]
    return ("table", "view", "trigger", "index").index(kind), what


def marks_of(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """The application id, the schema version and the number of tables, indexes and triggers, as of one moment.

    One by one they could be from before and after the commit of whoever is just making the file.
    """
    connection.execute("BEGIN")
    try:
        application, version, tables = (
            int(connection.execute(question).fetchone()[0])
            for question in (
                "SELECT application_id FROM pragma_application_id",
                "SELECT user_version FROM pragma_user_version",
                "SELECT count(*) FROM sqlite_schema",
            )
        )
    finally:
        connection.rollback()  # nothing where an error of the disk has ended it already: that one is to be told
    return application, version, tables


def version_of(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """The file's version, 0 for a blank one; raises ``StateError`` for a stranger's file and one above ``newest``."""
    application, version, tables = marks_of(connection)
    if application != APPLICATION_ID and (application, version, tables) != (0, 0, 0):
        raise StateError(
            f"{path} is a database of another application, not a runner state; name another with --state"
        )
    if version > newest:
        raise newer_state(path, version, newest)
    return version


def newer_state(path: Path, version: int, newest: int) -> StateError:
    """The error for a state that a newer version of this program made."""
    return StateError(
        f"{path} has schema version {version}, this program knows {newest}: it was made by a newer runner; "
        "update runner (nothing was changed)"
    )


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    kept = path.with_name(f"{path.name}.v{version}")
    os.close(os.open(kept, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    # SQLite's own way, because what another process has in the -wal belongs to the copy as well.
    with contextlib.closing(sqlite3.connect(kept)) as copy:
        connection.backup(copy)


@lru_cache(maxsize=1)
def _todays_schema() -> frozenset[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for statement in (statement for step in STEPS for statement in step):
            connection.execute(statement)
        return _schema_of(connection)


def _schema_of(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """What there is (``trigger attempt_kept``) and its text, but for what SQLite itself keeps."""
    rows = connection.execute(
        "SELECT type || ' ' || name, sql FROM sqlite_schema"
        " WHERE sql IS NOT NULL AND NOT (type = 'table' AND name GLOB 'sqlite_stat[0-9]')"
    )
    return frozenset((what, " ".join(sql.split())) for what, sql in rows)
