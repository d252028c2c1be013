"""The real state on real SQLite, with its commits in our hand."""

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from runner.core.errors import StateError
from runner.store.attempts import Reservation
from runner.store.database import open_for_writing
from runner.store.writer import run_in_one_transaction

from .death import Died


class StateFile:
    """One database file for many simulations, one after the other: ``renew`` empties it.

    Opening takes 20 times as long as emptying (SQLAlchemy compiles every statement anew for a new engine), so a crash
    is, as a rule, a rollback on the same connection, which is what SQLite makes of it; ``reopen`` does the real thing.
    """

    def __init__(self, folder):
        self._folder, self._copies = Path(folder), 0
        self._empty = None
        self._at_power_up = None
        self._at_commit = lambda: None
        self._open(self._folder / "0.db")
        self._empty = sqlite3.connect(":memory:")
        self.raw.backup(self._empty)

    def close(self):
        self.connection.close()
        self.engine.dispose()

    def renew(self):
        """An empty state."""
        self._empty.backup(self.raw)

    def reopen(self):
        """Go on with a copy of the files as a killed process leaves them."""
        self._copies += 1
        copy = self._folder / f"{self._copies}.db"
        for suffix in ("", "-wal"):
            left = Path(f"{self._path}{suffix}")
            if left.exists():
                shutil.copyfile(left, f"{copy}{suffix}")
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self._open(copy)

    @contextlib.contextmanager
    def committing(self, at_commit, *, writable):
        """While this holds, ``at_commit`` is called before each commit; a file that is not writable refuses changes."""
        self._at_commit = at_commit
        if not writable:
            self.raw.execute("PRAGMA query_only = 1")
        try:
            yield
        finally:
            self._at_commit = lambda: None
            if not writable:
                self.raw.execute("PRAGMA query_only = 0")

    def abandon(self):
        """The process that used it is gone, in the middle of a transaction perhaps."""
        self.connection.close()
        self.raw.rollback()
        self.connection = self.engine.connect()

    def power_up(self):
        """The machine starts. Only a state that syncs every commit needs no copy of what a power cut takes it back to."""
        if self.raw.execute("PRAGMA synchronous").fetchone()[0] < 2:
            self._at_power_up = sqlite3.connect(":memory:")
            self.raw.backup(self._at_power_up)

    def power_cut(self):
        """What was committed without a sync is lost."""
        if self._at_power_up is not None:
            self._at_power_up.backup(self.raw)

    def _open(self, path):
        self._path = path
        self.engine = open_for_writing(path)
        event.listen(self.engine, "commit", lambda _connection: self._at_commit())
        self.connection = self.engine.connect()
        self.raw = self.connection.connection.dbapi_connection


@contextlib.contextmanager
def temporary_state():
    """A state file in memory, where the system has such a place; deleted afterwards."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        file = StateFile(folder)
        try:
            yield file
        finally:
            file.close()


@dataclass
class _Asked:
    change: Any
    answer: asyncio.Future


class SimulatedWriter:
    """Implements ``runner.store.writer.Writer`` for one process.

    Like the real ones it runs what has gathered in one transaction and answers after the commit, or runs each change
    at once where the mix says so; and after a commit in doubt it does nothing any more.
    """

    def __init__(self, process):
        self._process = process
        self._world = process.world
        self._file = process.world.file
        self._asked = []
        self._doubt = None
        self._fault = None

    async def write(self, change, *args, **kwargs):
        self._process.point_of_no_change()
        self._world.checker.change_asked(self._process, change, args)
        answer = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_look_at)
        asked = _Asked(lambda connection: change(connection, *args, **kwargs), answer)
        if self._world.mix.fsync_s is None:
            self._commit([asked])
            value = answer.result()
        else:
            self._gather(asked)
            value = await asyncio.shield(answer)
        if isinstance(value, Reservation):
            self._process.reserved(args[1], value)
        return value

    def close(self):
        """The file stays open for the next process."""

    def _gather(self, asked):
        self._asked.append(asked)
        if len(self._asked) == 1:
            delay_s = self._world.mix.fsync_s * self._world.jitter()
            asyncio.get_running_loop().call_later(delay_s, self._work)

    def _work(self):
        group, self._asked = self._asked, []
        if self._process.is_dead:
            return
        try:
            self._commit(group)
        except Died:
            return  # nobody is left to be answered

    def _commit(self, group):
        if self._doubt is None:
            try:
                answers = self._in_one_transaction([asked.change for asked in group])
            except StateError as error:
                self._doubt = error
                self._process.log("a commit", self._fault, error)
                self._world.seen(f"a commit {self._fault}")
                self._world.checker.commit_failed(self._process)
        if self._doubt is not None:
            answers = [self._doubt] * len(group)
        for asked, answer in zip(group, answers, strict=True):
            if isinstance(answer, BaseException):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)

    def _in_one_transaction(self, changes):
        raw, world, process = self._file.raw, self._world, self._process
        before = raw.total_changes
        fault = self._fault = world.commit_fault(process)

        def at_commit():
            if raw.total_changes == before:
                return
            process.point("commit")
            if fault == "raised but durable":
                raw.commit()
                world.checker.committed(process)
            if fault in {"raised but durable", "raised and lost"}:
                raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

        with self._file.committing(at_commit, writable=fault != "cannot be written"):
            answers = run_in_one_transaction(self._file.connection, changes)
        if raw.total_changes != before:
            process.log("committed", len(changes))
            world.checker.committed(process)
            process.point("committed")
        return answers


def _look_at(answer):
    # A caller that was cancelled does not, and asyncio would call that an error.
    if not answer.cancelled():
        answer.exception()
