"""The service's own books: every accepted task and every request, in a SQLite file that outlasts a kill."""

import json
import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.core.errors import StateError
from runner.sandbox.tasks import Submission, Task, TaskOutcome

_APPLICATION_ID = 0x52534258  # "RSBX"
_LOCK_WAIT_S = 10.0

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS tasks (
    number INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    token_digest TEXT NOT NULL,
    created_at_s REAL NOT NULL,
    ready_at_s REAL NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('completed', 'failed')),
    error_message TEXT,
    files INTEGER NOT NULL,
    price_credits INTEGER NOT NULL,
    charged_credits INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tasks_by_ready ON tasks (ready_at_s);
CREATE INDEX IF NOT EXISTS tasks_by_body ON tasks (body_hash);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    turn INTEGER NOT NULL,
    decision TEXT NOT NULL,
    at_s REAL NOT NULL,
    UNIQUE (kind, key, turn)
) STRICT;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = 1;
COMMIT;
"""

_TASK_COLUMNS = (
    "task_id, body, token_digest, created_at_s, ready_at_s, outcome, error_message, files, "
    "price_credits, charged_credits"
)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request that was answered, or dropped.

    ``kind`` is ``generate``, ``status`` or ``download``, or ``refused`` for what was turned away before its fate was
    drawn (401, 400, 402, 404, 429 ...); ``key`` is what was asked for, ``turn`` counts the same asks from 0, and
    ``decision`` is a status code, a task's word or a fault's name. ``at_s`` is epoch seconds.
    """

    kind: str
    key: str
    turn: int
    decision: str
    at_s: float


class Ledger:
    """An open ledger; ``path`` ``None`` keeps it in memory. Several processes may hold the same file.

    Notes of requests gather in one transaction until ``flush`` or the next accepted task. Raises ``StateError``
    where the file cannot be opened or is another program's database.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._connection = _opened(path)
        # Closes with the object, so that a test may read the books of a stopped service without closing them.
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Commits what is noted and closes the file; may be called twice."""
        if self._finalizer.alive:
            self.flush()
            self._finalizer()

    def turn(self, kind: str, key: str) -> int:
        """How often ``key`` was asked for before; the write lock is held from here to the next commit."""
        self._begin()
        found = self._connection.execute(
            "SELECT max(turn) + 1 FROM requests WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return int(found[0] or 0)

    def note(self, request: LoggedRequest) -> None:
        """Adds a request, durable with the next ``flush`` or ``accept``."""
        self._begin()
        self._connection.execute(
            "INSERT INTO requests (kind, key, turn, decision, at_s) VALUES (?, ?, ?, ?, ?)",
            (request.kind, request.key, request.turn, request.decision, request.at_s),
        )

    def accept(self, task: Task) -> None:
        """Adds a task and commits, with all that is noted; only then may its answer leave."""
        self._begin()
        submission = task.submission
        self._connection.execute(
            f"INSERT INTO tasks ({_TASK_COLUMNS}, body_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
            (
                task.task_id,
                json.dumps(submission.echo),
                task.token_digest,
                task.created_at_s,
                task.ready_at_s,
                task.outcome.value,
                task.error_message,
                task.files,
                task.price_credits,
                task.charged_credits,
                submission.digest,
            ),
        )
        self.flush()

    def flush(self) -> None:
        """Commits what is noted."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def task(self, task_id: str) -> Task | None:
        """The task of this id, or ``None``."""
        return next(self._tasks("WHERE task_id = ?", task_id), None)

    def tasks(self) -> tuple[Task, ...]:
        """Every accepted task, in order of acceptance."""
        return tuple(self._tasks("ORDER BY number"))

    def tasks_by_body(self) -> Mapping[Submission, tuple[Task, ...]]:
        """The accepted tasks of each submission; more than one is a second take, or a second payment."""
        grouped: dict[Submission, tuple[Task, ...]] = {}
        for task in self._tasks("ORDER BY number"):
            grouped[task.submission] = (*grouped.get(task.submission, ()), task)
        return grouped

    def accepted_credits(self) -> int:
        """What all accepted tasks cost in the end: refunds count as 0, overcharges in full."""
        return self._number("SELECT coalesce(sum(charged_credits), 0) FROM tasks")

    def held_credits(self, now_s: float) -> int:
        """What the account is charged at ``now_s`` (epoch seconds): the price of tasks that run, the cost of others."""
        return self._number(
            "SELECT coalesce(sum(iif(ready_at_s > ?, price_credits, charged_credits)), 0) FROM tasks", now_s
        )

    def running(self, now_s: float) -> int:
        """How many tasks are not ready at ``now_s``."""
        return self._number("SELECT count(*) FROM tasks WHERE ready_at_s > ?", now_s)

    def next_ready_s(self, now_s: float) -> float | None:
        """When the next of the running tasks is ready (epoch seconds), or ``None`` where none runs."""
        found = self._connection.execute("SELECT min(ready_at_s) FROM tasks WHERE ready_at_s > ?", (now_s,))
        return next(found)[0]  # type: ignore[no-any-return]  # sqlite3 hands out Any; the column is REAL

    def accepted_at_s(self, back: int) -> float | None:
        """When the ``back``-th newest task (from 1) was accepted, or ``None`` where there are fewer."""
        found = self._connection.execute(
            "SELECT created_at_s FROM tasks ORDER BY number DESC LIMIT 1 OFFSET ?", (back - 1,)
        ).fetchone()
        return float(found[0]) if found else None

    def requests(self, kind: str | None = None) -> tuple[LoggedRequest, ...]:
        """Every request, or those of one kind, in order of arrival."""
        rows = self._connection.execute(
            "SELECT kind, key, turn, decision, at_s FROM requests WHERE ?1 IS NULL OR kind = ?1 ORDER BY number",
            (kind,),
        )
        return tuple(LoggedRequest(*row) for row in rows)

    def times_decided(self, kind: str, key: str, decision: str) -> int:
        """How often ``key`` met ``decision``."""
        return self._number(
            "SELECT count(*) FROM requests WHERE kind = ? AND key = ? AND decision = ?", kind, key, decision
        )

    def _begin(self) -> None:
        # IMMEDIATE: a transaction that reads a turn first must not find that another process took it meanwhile.
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _number(self, statement: str, *values: str | float) -> int:
        return int(next(self._connection.execute(statement, values))[0])

    def _tasks(self, clause: str, *values: str) -> Iterator[Task]:
        rows = self._connection.execute(
            f"SELECT {_TASK_COLUMNS} FROM tasks {clause}",  # noqa: S608 - both are constants of this module
            values,
        )
        return map(_task_of, rows)


def _task_of(row: tuple[str, str, str, float, float, str, str | None, int, int, int]) -> Task:
    task_id, body, token_digest, created_at_s, ready_at_s, outcome, error_message, *numbers = row
    content = json.loads(body)
    images = tuple(content.get("images", ()))
    submission = Submission(content["prompt"], content["mode"], content["ratio"], images)
    end = TaskOutcome(outcome)
    return Task(task_id, submission, token_digest, created_at_s, ready_at_s, end, error_message, *numbers)


def _opened(path: Path | None) -> sqlite3.Connection:
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # prompts stand in it
        connection = sqlite3.connect(
            path or ":memory:", timeout=_LOCK_WAIT_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise StateError(f"the sandbox's ledger {path} cannot be opened: {error}") from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StateError(f"the sandbox's ledger {path} cannot be used: {error}") from error
    except StateError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    application_id = next(connection.execute("PRAGMA application_id"))[0]
    tables = next(connection.execute("SELECT count(*) FROM sqlite_schema"))[0]
    if tables and application_id != _APPLICATION_ID:
        raise StateError(f"{path} is not a ledger of the sandbox - name another file")
    connection.execute("PRAGMA journal_mode = WAL")
    # Enough here: no real money hangs on these books. What is committed outlasts a killed process (the bytes are the
    # kernel's), though not a power cut, and an accepted task costs no fsync.
    connection.execute("PRAGMA synchronous = OFF")
    if application_id != _APPLICATION_ID:
        connection.executescript(_SCHEMA)
