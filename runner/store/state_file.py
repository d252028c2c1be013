"""A state in a SQLite file: see ``database`` for what each of these promises."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from runner.core.errors import StateError
from runner.store.ddl import APPLICATION_ID
from runner.store.migrations import STEPS, marks_of, migrate, newer_state, refuse_other_schema, version_of
from runner.store.remedies import said

BUSY_TIMEOUT_S = 30.0


def exists(path: Path) -> bool:
    """Whether there is a state. A file without a table is none yet: a process that dies while it makes one leaves it.

    Raises ``StateError`` where that cannot be told.
    """
    if not path.exists():
        return False
    _refuse_other_kind(path)
    try:
        with contextlib.closing(_reading_connection(path)) as connection:
            return not _is_blank(connection)
    except sqlite3.Error as error:
        raise StateError(f"the state {path} cannot be read: {said(error)}") from error


def open_for_writing(path: Path) -> Engine:
    """An engine on one connection whose every transaction begins with BEGIN IMMEDIATE; creates and migrates the file.

    The file is readable by its owner only. Raises ``StateError`` where it cannot be opened, is damaged, or belongs to
    something else; then nothing in it was changed.
    """
    try:
        make_directory(path.parent)
        _make_file(path)
        _refuse_other_kind(path)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        with _closed_on_error(connection):
            version_of(
                connection, path, len(STEPS)
            )  # first: to switch to WAL would change somebody else's file
            make_durable(connection)
            migrate(connection, path, STEPS)
            refuse_other_schema(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"the state {path} cannot be opened: {said(error)}") from error
    return _engine_on(connection, begin="BEGIN IMMEDIATE")


def open_for_reading(path: Path) -> Engine:
    """An engine that sees one consistent snapshot a transaction and cannot write; works while a run goes on.

    Raises ``StateError`` where there is no state (see ``exists``) or it is not one of ours.
    """
    try:
        connection = _reading_connection(path)
        with _closed_on_error(connection):
            _refuse_other_version(connection, path)
            refuse_other_schema(connection, path)
    except sqlite3.Error as error:
        raise StateError(f"the state {path} cannot be read: {said(error)}") from error
    return _engine_on(connection, begin="BEGIN")


def make_directory(directory: Path) -> None:
    """Make the directory of a state, closed to other users, durably; nothing happens where it is."""
    if directory.is_dir():
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite syncs the directory of its files, but not the entry of that directory in the one above.
    above = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(above)
    finally:
        os.close(above)


def _make_file(path: Path) -> None:
    # Never opened where it exists: closing any descriptor of a file drops all the locks that this process has on it
    # (fcntl(2)), and then the next process that closes the state deletes the -wal that others still write to.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _refuse_other_kind(path: Path) -> None:
    if not path.is_file():
        # SQLite would wait for ever on a named pipe.
        raise StateError(
            f"the state {path} cannot be opened: it is not a regular file; name another with --state"
        )


@contextlib.contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _refuse_other_version(connection: sqlite3.Connection, path: Path) -> None:
    application, version, _ = marks_of(connection)
    if application != APPLICATION_ID:
        raise StateError(f"{path} is not a runner state; name another with --state")
    if version > len(STEPS):
        raise newer_state(path, version, len(STEPS))
    if version != len(STEPS):
        raise StateError(
            f"{path} has schema version {version}, this program reads {len(STEPS)}; `runner run` updates it"
        )


def _is_blank(connection: sqlite3.Connection) -> bool:
    return marks_of(connection) == (0, 0, 0)


def _reading_connection(path: Path) -> sqlite3.Connection:
    # mode=rw with query_only, because a mode=ro connection leaves its -wal and -shm files behind; the others are for
    # a directory that cannot be written.
    for mode in ("mode=rw", "mode=ro"):
        with contextlib.suppress(sqlite3.OperationalError):
            return _reading_in(path, mode)
    return _reading_in(path, "mode=ro&immutable=1")


def _reading_in(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    with _closed_on_error(connection):
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return connection


def make_durable(connection: sqlite3.Connection) -> None:
    """Have every commit on this connection survive a power cut; raises ``StateError`` where the file system cannot."""
    for pragma in (
        "trusted_schema = OFF",  # a state file that somebody hands over must not run functions of its own
        "foreign_keys = ON",
        "cache_size = -65536",
        "wal_autocheckpoint = 10000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    journal = _ahead_of_others(connection)
    connection.execute("PRAGMA synchronous = FULL")  # a lost row here is a double charge
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if journal != "wal" or synchronous != 2:
        raise StateError(
            f"the state needs WAL with synchronous=FULL, this file system gives journal_mode={journal}, "
            f"synchronous={synchronous}; put the state on a local disk with --state"
        )


def _ahead_of_others(connection: sqlite3.Connection) -> str:
    """Have the file written ahead; the mode that it has afterwards.

    The switch does not wait for its turn as a transaction does: where somebody else is just making the file, it fails at
    once with "database is locked".
    """
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if (
                error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
            ):  # the low byte, whatever the kind of busy
                raise
        connection.execute("BEGIN IMMEDIATE")  # waits, and raises after BUSY_TIMEOUT_S
        connection.execute("ROLLBACK")


def _engine_on(connection: sqlite3.Connection, begin: str) -> Engine:
    # Parameters hidden: an error's text goes to logs, and a parameter may be a prompt.
    engine = create_engine(
        "sqlite://", creator=lambda: connection, poolclass=StaticPool, hide_parameters=True
    )

    def begin_ourselves(connection: Any) -> None:
        # The driver opens no transaction for a SELECT: a budget checked before its own BEGIN is checked against
        # a state that another process may be changing (four processes overspent a shared budget in 15 of 15 races).
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begin_ourselves)
    return engine
