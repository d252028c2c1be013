"""Connecting to a server: sessions that are durable and notice a cut, and transactions of which only one writes at a time."""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from runner.core.errors import StateError, UsageError
from runner.store.holds import BATCH, FENCED, Hold
from runner.store.places import Server
from runner.store.postgres import marks
from runner.store.remedies import said

LEAST_VERSION = 14
_INSTALL = "pip install 'manifest-runner[postgres]'"
_CONNECT_S = 10
_SETTINGS = {
    "client_encoding": "UTF8",
    "lock_timeout": "30s",
    "statement_timeout": "0",
    # A batch's lock lives as long as its session, however long that is silent.
    "idle_session_timeout": "0",
    # A process that is suspended within a transaction keeps all others from writing.
    "idle_in_transaction_session_timeout": "60s",
    # A machine that is cut off holds its batch until the server notices: after some 25 s, not after two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
# The same for this side: a process that is cut off is to say so, not to wait for a quarter of an hour.
_DRIVER = {
    "connect_timeout": str(_CONNECT_S),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}


def exists(server: Server) -> bool:
    """See ``database.exists``."""
    with translated(server, "read"), session(server) as connection:
        return marks.has_table(connection, server, "mark")


def open_for_writing(server: Server, hold: Hold | None) -> Engine:
    """See ``database.open_for_writing``."""
    with translated(server, "opened"):
        engine = _engine(server, pool_size=1, max_overflow=0)
        with _disposed_on_error(engine), engine.connect() as connection:
            refuse_unsafe(connection, server)
            with connection.begin():
                alone(connection, server)
                marks.migrate(connection, server)
    event.listen(engine, "begin", lambda connection: _begin(connection, server, hold))
    return engine


def open_for_reading(server: Server) -> Engine:
    """See ``database.open_for_reading``. A connection that was lost is made anew."""
    with translated(server, "read"):
        engine = _engine(server, isolation_level="REPEATABLE READ", pool_size=1, pool_pre_ping=True)
        event.listen(engine, "connect", _read_only)
        with _disposed_on_error(engine), engine.connect() as connection:
            marks.refuse_other_version(connection, server)
            marks.refuse_other_schema(connection, server)
    return engine


@contextlib.contextmanager
def session(server: Server, name: str = "runner") -> Iterator[Connection]:
    """A connection for a few questions, or to hold a lock; closed at the end. The server shows it under this name."""
    engine = _engine(server, name, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextlib.contextmanager
def translated(server: Server, what: str) -> Iterator[None]:
    """Errors of the driver as ``StateError``: the state cannot be ``what`` (a participle)."""
    try:
        yield
    except DBAPIError as error:
        reason = error.orig if isinstance(error.orig, Exception) else error
        raise StateError(f"the state {server} cannot be {what}: {said(reason)}") from error


def alone(connection: Connection, server: Server) -> None:
    """Wait until no other transaction writes to the state, and keep others from it until the end of this one.

    It is what BEGIN IMMEDIATE is for a file: all that is read after it is as it stays until the commit. At the level READ
    COMMITTED, whose next statement sees what was committed while this one waited; a snapshot of the whole transaction would
    be older than the wait.
    """
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (key_of("write", server.schema),))


def key_of(*names: str) -> int:
    """The number of an advisory lock: locks of a database have numbers only."""
    digest = hashlib.sha256("\0".join(("runner", *names)).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def refuse_unsafe(connection: Connection, server: Server) -> None:
    """Raise ``StateError`` where a commit on this server may be lost, or a text be kept otherwise than it was given."""
    version, fsync, encoding, synchronous = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('fsync'), "
        "current_setting('server_encoding'), current_setting('synchronous_commit')"
    ).one()
    connection.rollback()
    wrong = [
        (version < LEAST_VERSION, f"it is PostgreSQL {version}, and {LEAST_VERSION} or later is needed"),
        (
            fsync != "on",
            "it has fsync=off: a power cut would lose commits, and a lost row is a double charge",
        ),
        (encoding != "UTF8", f"its encoding is {encoding}: make one with ENCODING 'UTF8'"),
        (synchronous not in _DURABLE, f"synchronous_commit is {synchronous} and cannot be set to on"),
    ]
    for is_wrong, why in wrong:
        if is_wrong:
            raise StateError(f"the state {server} is not safe there: {why}")


_DURABLE = ("on", "remote_apply")


def _begin(connection: Connection, server: Server, hold: Hold | None) -> None:
    alone(connection, server)
    if hold is not None:
        found = connection.exec_driver_sql(
            "SELECT number, host, pid FROM hold WHERE batch = %s", (hold.batch,)
        ).one()
        is_fenced = found.number != hold.number
        connection.info[FENCED] = f"process {found.pid} on {found.host}" if is_fenced else None
        connection.info[BATCH] = hold.batch


def _engine(server: Server, name: str = "runner", **pool: Any) -> Engine:
    try:
        # Positional parameters, as for a file. Parameters hidden: an error's text goes to logs, and one may be a prompt.
        engine = create_engine(
            server.url, paramstyle="format", hide_parameters=True, connect_args=_driver(server, name), **pool
        )
    except ImportError as error:
        raise UsageError(f"the state {server} needs an extra: {_INSTALL}") from error
    event.listen(engine, "connect", lambda connection, _: _begin_session(connection, server))
    return engine


def _driver(server: Server, name: str) -> dict[str, str]:
    named = {"application_name": name[:63], "client_encoding": "utf8"} | _DRIVER
    return {name: value for name, value in named.items() if name not in server.url.query}


def _begin_session(connection: Any, server: Server) -> None:
    settings = _SETTINGS | {"search_path": f'"{server.schema}"'}
    asked = ", ".join("set_config(%s, %s, false)" for _ in settings)
    durable = (
        "set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply' "
        "THEN 'remote_apply' ELSE 'on' END, false)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {durable}, {asked}",
            [part for pair in settings.items() for part in pair],
        )
    connection.commit()
    _take_every_text(connection)


def _take_every_text(connection: Any) -> None:
    """A null character, of which PostgreSQL holds none, becomes the sign for what cannot be shown.

    What the service says is written down as it was said: a task must not be lost for one character of its trouble.
    """
    from psycopg.adapt import (  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - an extra, here by now
        Dumper,
    )

    class Whole(Dumper):  # type: ignore[misc]  # of an extra, which mypy does not follow
        oid = 0  # what it is the server finds out, as for any text of the driver's

        def dump(self, text: str) -> bytes:
            return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode()

    connection.adapters.register_dumper(str, Whole)


def _read_only(connection: Any, _: Any) -> None:
    connection.read_only = True


@contextlib.contextmanager
def _disposed_on_error(engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise
