"""One actor a batch on a server: a lock that lives as long as its session, and a number that is raised with each take-over.

The lock alone would not do: a session can end while its process lives on, cut off, and still wants to submit. So who takes
the lock raises the batch's number, in a transaction beside which nothing is reserved; and every later transaction of a
process with an older number finds that it has lost the batch (see ``holds``). No clock decides.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from runner.core.errors import BusyError
from runner.store.holds import Hold
from runner.store.places import Server
from runner.store.postgres import marks
from runner.store.postgres.opening import alone, key_of, refuse_unsafe, session, translated


@contextlib.contextmanager
def holding(server: Server, batch: str, patience_s: float) -> Iterator[Hold]:
    """See ``locks.holding``; with the number under which this process may move jobs."""
    with contextlib.ExitStack() as stack:
        with translated(server, "opened"):
            # The name is for whoever looks at pg_stat_activity: to end this session takes the batch from its process.
            connection = stack.enter_context(session(server, f"runner lock {batch}"))
            refuse_unsafe(connection, server)
            _make_place(connection, server)
            key = key_of("batch", server.schema, batch)
            _take(connection, key, batch, patience_s)
            hold = _take_over(connection, server, batch)
        try:
            yield hold
        finally:
            with contextlib.suppress(DBAPIError):  # a session that is gone has lost it already
                connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (key,))
                connection.commit()


def holder(server: Server, batch: str) -> int | None:
    """See ``locks.holder``. The process may be one of another machine."""
    key = key_of("batch", server.schema, batch) & (2**64 - 1)
    with translated(server, "read"), session(server) as connection:
        if not marks.has_table(connection, server, "hold"):
            return None
        pid = connection.exec_driver_sql(
            "SELECT pid FROM hold WHERE batch = %s AND EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND "
            "granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND "
            "classid = CAST(%s AS bigint)::oid AND objid = CAST(%s AS bigint)::oid AND objsubid = 1)",
            (batch, key >> 32, key & 0xFFFFFFFF),
        ).scalar_one_or_none()
    return None if pid is None else int(pid)


def _make_place(connection: Connection, server: Server) -> None:
    """Only where it is missing: whoever comes second is not to wait for the one that is at work."""
    with connection.begin():
        is_there = marks.has_table(connection, server, "hold")
    if not is_there:
        with connection.begin():
            alone(connection, server)
            marks.make_place(connection, server)


def _take(connection: Connection, key: int, batch: str, patience_s: float) -> None:
    give_up_at = time.monotonic() + patience_s
    while True:
        is_taken = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (key,)).scalar_one()
        connection.commit()  # the lock is the session's, and stays
        if is_taken:
            return
        if time.monotonic() > give_up_at:
            break
        time.sleep(0.02)  # the server may not have seen yet that the holder is dead
    who = connection.exec_driver_sql("SELECT host, pid FROM hold WHERE batch = %s", (batch,)).first()
    named = f"process {who.pid} on {who.host}" if who else "another process"
    raise BusyError(f"{named} is working on batch {batch!r}; wait for it, or stop it (Ctrl-C)")


def _take_over(connection: Connection, server: Server, batch: str) -> Hold:
    with connection.begin():
        alone(connection, server)
        number = connection.exec_driver_sql(
            "INSERT INTO hold (batch, number, host, pid) VALUES (%s, 1, %s, %s) ON CONFLICT (batch) DO UPDATE "
            "SET number = hold.number + 1, host = excluded.host, pid = excluded.pid RETURNING number",
            (batch, socket.gethostname(), os.getpid()),
        ).scalar_one()
    return Hold(batch, int(number))
