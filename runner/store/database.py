"""Opening the state, wherever it is: a connection whose transactions are exact and durable, or a clear refusal.

What a file does stands in ``state_file``, what a server does in ``postgres``; that one is imported only for a server.
"""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from runner.core.errors import StateError
from runner.store import state_file
from runner.store.dialects import POSTGRESQL, SQLITE
from runner.store.holds import Hold
from runner.store.places import Server, State
from runner.store.remedies import said


def exists(state: State) -> bool:
    """Whether there is a state. A file or a schema without a table is none yet.

    Raises ``StateError`` where that cannot be told.
    """
    if isinstance(state, Server):
        from runner.store.postgres import opening  # noqa: PLC0415 - the driver, only where somebody names a server

        return opening.exists(state)
    return state_file.exists(state)


def open_for_writing(state: State, hold: Hold | None = None) -> Engine:
    """An engine on one connection, of which no transaction runs beside another's; creates and migrates the state.

    ``hold`` is the batch that this process works: once it has lost it, no job is moved through this engine any more.
    Raises ``StateError`` where the state cannot be opened, is damaged, or belongs to something else; then nothing in it
    was changed.
    """
    if isinstance(state, Server):
        from runner.store.postgres import opening  # noqa: PLC0415 - the driver, only where somebody names a server

        return opening.open_for_writing(state, hold)
    return state_file.open_for_writing(state)


def open_apart(state: State) -> Engine:
    """The same for what may be lost in a power cut: its commits sync nothing, so that none of its syncs can fail.

    What others commit is as durable as ever: with its own changes a commit of theirs syncs all that came before it.
    """
    engine = open_for_writing(state)
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        for statement in _WITHOUT_SYNC[engine.dialect.name]:
            cursor.execute(statement)
        cursor.close()
        connection.commit()
    finally:
        connection.close()
    return engine


_WITHOUT_SYNC = {
    # Nor may it be the one that moves the -wal into the file, which syncs both.
    SQLITE: ("PRAGMA synchronous=NORMAL", "PRAGMA wal_autocheckpoint=0"),
    POSTGRESQL: ("SET synchronous_commit = off",),
}


def open_for_reading(state: State) -> Engine:
    """An engine that sees one consistent snapshot a transaction and cannot write; works while a run goes on.

    Raises ``StateError`` where there is no state (see ``exists``) or it is not one of ours.
    """
    if isinstance(state, Server):
        from runner.store.postgres import opening  # noqa: PLC0415 - the driver, only where somebody names a server

        return opening.open_for_reading(state)
    return state_file.open_for_reading(state)


@contextlib.contextmanager
def reading(state: State) -> Iterator[Connection]:
    """A consistent view of the state; raises ``StateError`` as ``open_for_reading`` does, and where a read fails."""
    engine = open_for_reading(state)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        reason = error.orig if isinstance(error.orig, Exception) else error
        raise StateError(f"the state {state} cannot be read: {said(reason)}") from error
    finally:
        engine.dispose()
