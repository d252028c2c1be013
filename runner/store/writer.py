"""One writer, group commit: what has gathered runs in one transaction, and every caller is answered after its commit.

An fsync costs 0.2 to 5 ms; it must not be paid once a job, nor stop the event loop. A change is a plain function
``(connection, ...) -> value`` that does nothing but read and write the state, for it may be run twice: first all that
gathered go together; only if one of them raises is everything undone, and each runs again in a savepoint of its own, so
that the one that raises undoes only itself. Nothing a change returned is handed out before the transaction it ran in
is durable.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection as Connection  # noqa: PLC0414  # the one name of SQLAlchemy that others may say
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError, SQLAlchemyError

from runner.core.errors import StateError
from runner.store.remedies import said

REPETITIONS = 10
"""How often a transaction is repeated that a server undid because it could not go beside another one."""

MOST_CHANGES = 200
"""Changes in one transaction, at most: larger ones make the first caller wait without saving an fsync worth having."""

P = ParamSpec("P")
T = TypeVar("T")


class Writer(Protocol):
    """Runs changes durably."""

    async def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What ``change`` returned, after its commit; raises what it raised, or ``StateError`` if it is in doubt."""
        ...

    def close(self) -> None:
        """Finish what was asked for and let go of the state."""
        ...


@dataclass(slots=True)
class _Asked:
    change: Callable[[Connection], Any]
    answer: "asyncio.Future[Any]"

    def tell(self, value: Any) -> None:
        """Answer the caller, inside its loop; one that was cancelled has left."""
        if self.answer.done():
            return
        if isinstance(value, BaseException):
            self.answer.set_exception(value)
            # Looked at: where a cancelled caller is about to leave, asyncio would print a traceback among the task ids
            # that a person must see.
            self.answer.exception()
        else:
            self.answer.set_result(value)


class GroupWriter:
    """The writer of a run: its own thread, at most ``MOST_CHANGES`` changes a transaction.

    After a failed commit nothing more is written: whether that commit is durable cannot be known in this process
    (a COMMIT that reported an fsync error was found committed after a restart), so every caller gets ``StateError``.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = engine.connect()
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._doubt: StateError | None = None
        self._thread = threading.Thread(target=self._work, name="state-writer", daemon=True)
        self._thread.start()

    async def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Writer.write``. A caller that is cancelled leaves its change to be carried out whole."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put(_Asked(lambda connection: change(connection, *args, **kwargs), answer))
        return await answer

    def close(self) -> None:
        """See ``Writer.close``."""
        self._asked.put(None)
        self._thread.join()
        self._connection.close()
        self._engine.dispose()

    def _work(self) -> None:
        more = True
        while more:
            more, group = self._gather()
            if group:
                self._commit(group)

    def _gather(self) -> tuple[bool, list[_Asked]]:
        first = self._asked.get()
        if first is None:
            return False, []
        group = [first]
        while len(group) < MOST_CHANGES:
            try:
                asked = self._asked.get_nowait()
            except queue.Empty:
                break
            if asked is None:
                return False, group
            group.append(asked)
        return True, group

    def _commit(self, group: list[_Asked]) -> None:
        if self._doubt is None:
            try:
                _answer(group, run_in_one_transaction(self._connection, [asked.change for asked in group]))
            except StateError as error:
                self._doubt = error
        if self._doubt is not None:
            _answer(group, [self._doubt] * len(group))


class DirectWriter:
    """A writer for commands that write a few rows, and for simulations: each change is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = engine.connect()
        self._doubt: StateError | None = None

    async def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See ``Writer.write``; the change is durable when this returns, and the event loop waited for it."""
        return self.write_now(change, *args, **kwargs)

    def write_now(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same, for callers without an event loop."""
        if self._doubt is not None:
            raise self._doubt
        try:
            answer: T | Exception = run_in_one_transaction(
                self._connection, [lambda connection: change(connection, *args, **kwargs)]
            )[0]
        except StateError as error:
            self._doubt = error
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """See ``Writer.close``."""
        self._connection.close()
        self._engine.dispose()


def run_in_one_transaction(connection: Connection, changes: list[Callable[[Connection], Any]]) -> list[Any]:
    """Each change's value, or the exception it raised, after one commit for all of them.

    Raises ``StateError`` if the transaction could not be begun or committed; then each change is in doubt.
    """
    tries_left = REPETITIONS
    while True:
        try:
            with contextlib.suppress(_RaisedError), connection.begin():
                return [_unless_it_raises(connection, change) for change in changes]
            with connection.begin():
                return [_in_savepoint(connection, change) for change in changes]
        except SQLAlchemyError as error:  # all of them: a caller that gets no answer waits for ever
            with contextlib.suppress(SQLAlchemyError):
                connection.rollback()
            if not tries_left or not _is_surely_undone(error):
                raise StateError(f"the state cannot be written: {said(_first_reason(error))}") from error
            tries_left -= 1


class _RaisedError(Exception):
    """A change raised, and nothing of its transaction stays."""


def _unless_it_raises(connection: Connection, change: Callable[[Connection], Any]) -> Any:
    try:
        return change(connection)
    except DBAPIError as error:
        if _is_about_the_file(error):
            raise
        raise _RaisedError from error
    except Exception as error:
        raise _RaisedError from error


def _in_savepoint(connection: Connection, change: Callable[[Connection], Any]) -> Any:
    try:
        with connection.begin_nested():
            return change(connection)
    except DBAPIError as error:
        if _is_about_the_file(error):
            raise
        return error
    except Exception as error:  # noqa: BLE001  # handed to the caller, whose change alone is undone
        return error


def _first_reason(error: SQLAlchemyError) -> Exception:
    """What went wrong first: where SQLite has undone everything by itself, undoing the savepoint fails as well."""
    first, seen = error, error.__context__
    while seen is not None:
        first = seen if isinstance(seen, SQLAlchemyError) else first
        seen = seen.__context__
    orig = getattr(first, "orig", None)
    return orig if isinstance(orig, Exception) else first


def _is_surely_undone(error: SQLAlchemyError) -> bool:
    """Whether a server says that it undid the transaction for another one's sake: a serialisation failure, a deadlock."""
    return getattr(_first_reason(error), "sqlstate", None) in {"40001", "40P01"}


def _is_about_the_file(error: DBAPIError) -> bool:
    # IntegrityError is an answer to the caller (a second live attempt); a full disk, a locked or a damaged file is not.
    return isinstance(error, OperationalError | InternalError) or type(error) is DatabaseError


def _answer(group: list[_Asked], answers: list[Any]) -> None:
    def tell() -> None:
        for asked, value in zip(group, answers, strict=True):
            asked.tell(value)

    # One call for all of them: waking the loop costs a system call, and one a change would cost more than the change.
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
        group[0].answer.get_loop().call_soon_threadsafe(tell)
