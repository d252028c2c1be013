"""Opening the state: a connection whose transactions are exact and durable, or a clear refusal."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from runner.core.errors import StateError, UsageError
from runner.store.migrations import STEPS, migrate
from runner.store.schema import APPLICATION_ID

BUSY_TIMEOUT_S = 30.0


def state_path(url: str) -> Path:
    """The file behind a state URL (``sqlite:///state/runner.db``), absolute and with links resolved.

    The real path is what locks are taken beside, so that a state reached through a link is the same state.
    Raises ``UsageError`` for anything but a SQLite file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "sqlite":
        raise UsageError(f"--state {url!r}: the state is a SQLite file, named as sqlite:///path/to/runner.db")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise UsageError(f"--state {url!r}: the state must be a file, it is what makes a batch resumable")
    return Path(os.path.realpath(parsed.database))


def open_for_writing(path: Path) -> Engine:
    """An engine on one connection whose every transaction begins with BEGIN IMMEDIATE; creates and migrates the file.

    The file is readable by its owner only. Raises ``StateError`` where it cannot be opened, is damaged, or belongs to
    something else.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        _make_durable(connection)
        migrate(connection, path, STEPS)
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"the state {path} cannot be opened: {error}") from error
    return _engine_on(lambda: connection, begin="BEGIN IMMEDIATE")


def open_for_reading(path: Path) -> Engine:
    """An engine that sees one consistent snapshot a transaction and cannot write; works while a run goes on.

    Raises ``StateError`` where there is no such file (see ``exists``) or it is not a state of ours.
    """
    try:
        connection = _reading_connection(path)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise StateError(f"the state {path} cannot be read: {error}") from error
    if application != APPLICATION_ID:
        raise StateError(f"{path} is not a runner state; name another with --state")
    if version != len(STEPS):
        raise StateError(
            f"{path} has schema version {version}, this program reads {len(STEPS)}; `runner run` updates it"
        )
    return _engine_on(lambda: connection, begin="BEGIN")


def _reading_connection(path: Path) -> sqlite3.Connection:
    # mode=rw with query_only, because a mode=ro connection leaves its -wal and -shm files behind.
    modes = ("mode=rw", "mode=ro", "mode=ro&immutable=1")
    for mode in modes:
        connection = sqlite3.connect(
            f"{path.as_uri()}?{mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if mode == modes[-1]:
                raise
        else:
            return connection
    raise StateError(f"the state {path} cannot be read")


def _make_durable(connection: sqlite3.Connection) -> None:
    for pragma in (
        "trusted_schema = OFF",  # a state file that somebody hands over must not run functions of its own
        "foreign_keys = ON",
        "cache_size = -65536",
        "wal_autocheckpoint = 10000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    journal = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")  # a lost row here is a double charge
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if journal != "wal" or synchronous != 2:
        raise StateError(
            f"the state needs WAL with synchronous=FULL, this file system gives journal_mode={journal}, "
            f"synchronous={synchronous}; put the state on a local disk with --state"
        )


def _engine_on(creator: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    engine = create_engine("sqlite://", creator=creator, poolclass=StaticPool)

    def begin_ourselves(connection: Any) -> None:
        # The driver opens no transaction for a SELECT: a budget checked before its own BEGIN is checked against
        # a state that another process may be changing (four processes overspent a shared budget in 15 of 15 races).
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begin_ourselves)
    return engine
