"""One writer, group commit: what has gathered runs in one transaction, and every caller is answered after its commit.

An fsync costs 0.2 to 5 ms; it must not be paid once a job, nor stop the event loop. A change is a plain function
``(connection, ...) -> value``; each runs in a savepoint, so that one that raises undoes only itself. Nothing a change
returned is handed out before the transaction it ran in is durable.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection as Connection  # noqa: PLC0414  # the one name of SQLAlchemy that others may say
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from runner.core.errors import StateError

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
        """Finish what was asked for and let go of the file."""
        ...


@dataclass(slots=True)
class _Asked:
    change: Callable[[Connection], Any]
    answer: "Future[Any]"


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
        answer: Future[T] = Future()
        self._asked.put(_Asked(lambda connection: change(connection, *args, **kwargs), answer))
        waiting = asyncio.wrap_future(answer)
        waiting.add_done_callback(_look_at)
        return await asyncio.shield(waiting)

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
        if self._doubt is not None:
            _tell_all(group, self._doubt)
            return
        try:
            answers = run_in_one_transaction(self._connection, [asked.change for asked in group])
        except StateError as error:
            self._doubt = error
            _tell_all(group, error)
            return
        for asked, answer in zip(group, answers, strict=True):
            if isinstance(answer, BaseException):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)


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
    try:
        with connection.begin():
            return [_in_savepoint(connection, change) for change in changes]
    except SQLAlchemyError as error:  # all of them: a caller that gets no answer waits for ever
        with contextlib.suppress(SQLAlchemyError):
            connection.rollback()
        raise StateError(f"the state cannot be written: {_first_reason(error)}") from error


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


def _first_reason(error: SQLAlchemyError) -> object:
    """What went wrong first: where SQLite has undone everything by itself, undoing the savepoint fails as well."""
    first, seen = error, error.__context__
    while seen is not None:
        first = seen if isinstance(seen, SQLAlchemyError) else first
        seen = seen.__context__
    return getattr(first, "orig", first)


def _is_about_the_file(error: DBAPIError) -> bool:
    # IntegrityError is an answer to the caller (a second live attempt); a full disk, a locked or a damaged file is not.
    return type(error.orig).__name__ in {"OperationalError", "DatabaseError", "InternalError"}


def _tell_all(group: list[_Asked], error: StateError) -> None:
    for asked in group:
        asked.answer.set_exception(error)


def _look_at(answer: "asyncio.Future[Any]") -> None:
    # Where a cancelled caller has left, asyncio would print a traceback among the task ids that a person must see.
    if not answer.cancelled():  # pragma: no branch - only what shields it is ever cancelled
        answer.exception()
