"""Bringing a state file to the schema of this program: one transaction, with a copy of the older file kept."""

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from runner.core.errors import StateError
from runner.store.schema import APPLICATION_ID, VERSION_1

STEPS: tuple[Sequence[str], ...] = (VERSION_1,)
"""``STEPS[n]`` leads from version n to n + 1; ``user_version`` in the file says which it has."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Sequence[str]] = STEPS) -> None:
    """Leave the file at version ``len(steps)``.

    Raises ``StateError`` for a file of another application or of a newer program; either way nothing is changed.
    A copy ``<file>.v<N>`` of an older file that holds something is made before it is changed.
    """
    version = _version_of(connection, path, len(steps))
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
        connection.execute("ROLLBACK")
        raise


def _version_of(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if application != APPLICATION_ID and not (empty and application == 0 and version == 0):
        raise StateError(
            f"{path} is a database of another application, not a runner state; name another with --state"
        )
    if version > newest:
        raise StateError(
            f"{path} has schema version {version}, this program knows {newest}: it was made by a newer runner; "
            "update runner (nothing was changed)"
        )
    return version


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    connection.execute(
        "PRAGMA wal_checkpoint(TRUNCATE)"
    )  # what stands in the -wal belongs to the copy as well
    shutil.copy2(path, path.with_name(f"{path.name}.v{version}"))
