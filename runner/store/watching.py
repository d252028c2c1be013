"""What has changed in a batch since it was last looked at: for those who show it live while others write.

Nobody writes down what changes (a column more would cost every write of every run), so it is found by comparing: each job
and each placed file is remembered as a number that differs where what is shown of it differs.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select
from sqlalchemy.exc import DBAPIError

from runner.core.errors import StateError
from runner.core.model import JobState
from runner.core.records import StoredFile
from runner.store import choices
from runner.store.database import open_for_reading
from runner.store.dialects import change_mark
from runner.store.places import State
from runner.store.reads import to_file
from runner.store.remedies import said
from runner.store.schema import attempt, choice, file, job, media

PAGE = 500
_STREAMED = {"yield_per": PAGE}

_IN_MOTION = (JobState.SUBMITTING, JobState.RUNNING, JobState.FETCHING)


class View:
    """One reading connection that is kept: only such a one can tell cheaply whether anybody has written.

    Raises ``StateError`` as ``open_for_reading`` does. For one thread at a time.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._engine = open_for_reading(state)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent snapshot; raises ``StateError`` where a read fails, and can be used again after that."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            reason = error.orig if isinstance(error.orig, Exception) else error
            raise StateError(f"the state {self._state} cannot be read: {said(reason)}") from error

    def close(self) -> None:
        """Let go of the state."""
        self._engine.dispose()


def version(connection: Connection) -> int:
    """A number that is another one once somebody else has committed; to be compared within one ``View`` only."""
    return change_mark(connection)


class Watched:
    """The jobs of a batch as they were when they were last looked at."""

    def __init__(self, batch_pk: int) -> None:
        self._batch = batch_pk
        self._jobs: dict[int, int] = {}
        self._files: dict[int, int] = {}
        self._by_path: dict[int, int] = {}
        self._remade: set[int] = set()
        self._attempt = 0
        self._revision = 0
        self.in_motion: frozenset[int] = frozenset()
        """The jobs that were being submitted, generated or fetched."""

    def changed(self, connection: Connection) -> set[int]:
        """The jobs (rows) of which anything is shown otherwise than at the last look; every job is compared.

        The first time these are all jobs.
        """
        found = self._touched(connection)
        self._move(connection)
        found |= self._differing(connection.execute(_jobs(self._batch), execution_options=_STREAMED))
        found |= self._refiled(connection.execute(_files(self._batch), execution_options=_STREAMED))
        remade = _remade(connection, self._batch)
        found |= remade ^ self._remade
        self._remade = remade
        return found

    def likely_changed(self, connection: Connection) -> set[int]:
        """The same, but only what runs and people's choices change: jobs in motion, with a new attempt or a new choice.

        Costs the same however many jobs there are. What else changes (``retry``, an edited manifest, files that moved)
        is found by ``changed``.
        """
        found, before = self._touched(connection), self.in_motion
        self._move(connection)
        for page in _pages(sorted(found | before | self.in_motion)):
            found |= self._differing(connection.execute(_jobs(self._batch).where(job.c.id.in_(page))))
            found |= self._refiled(connection.execute(_files(self._batch).where(file.c.job.in_(page))))
        return found

    def placed_file(self, connection: Connection, path: str) -> StoredFile | None:
        """The placed file of the batch with this path relative to the tree, ``None`` where there is none."""
        chosen = select(file).join(job, job.c.id == file.c.job).where(job.c.batch == self._batch)
        chosen = chosen.where(file.c.state == "placed", file.c.path == path).limit(1)
        likely = self._by_path.get(hash(path))
        row = None if likely is None else connection.execute(chosen.where(file.c.id == likely)).first()
        if row is None:  # it came or moved since the last look: there is no index to find it by
            row = connection.execute(chosen).first()
        return None if row is None else to_file(row)

    def _move(self, connection: Connection) -> None:
        moving = select(job.c.id).where(
            job.c.batch == self._batch, job.c.state.in_(_IN_MOTION), job.c.removed.in_((0, 1))
        )
        self.in_motion = frozenset(connection.execute(moving).scalars())

    def _touched(self, connection: Connection) -> set[int]:
        """Jobs with a new attempt or a new choice since this was last asked.

        An attempt may leave a job as it was but for what it costs.
        """
        tried = select(attempt.c.job).where(attempt.c.id > self._attempt, attempt.c.batch + 0 == self._batch)
        found = set(connection.execute(tried).scalars())
        found.update(choices.changed_since(connection, self._batch, self._revision))
        self._attempt = connection.execute(select(func.coalesce(func.max(attempt.c.id), 0))).scalar_one()
        self._revision = choices.newest_revision(connection)
        return found

    def _differing(self, rows: "Iterable[Row[Any]]") -> set[int]:
        """Those of these jobs that are not as they were, which are remembered as they are now."""
        found: set[int] = set()
        for row in rows:
            pk, mark = row[0], hash(row)
            if self._jobs.get(pk) != mark:
                self._jobs[pk] = mark
                found.add(pk)
        return found

    def _refiled(self, rows: "Iterable[Row[Any]]") -> set[int]:
        """The jobs of those of these files that are not as they were."""
        found: set[int] = set()
        for row in rows:
            pk, mark = row[0], hash(row)
            if self._files.get(pk) != mark:
                self._files[pk] = mark
                self._by_path[hash(row.path)] = pk
                found.add(row.job)
        return found


def _jobs(batch_pk: int) -> Select[tuple[object, ...]]:
    """All that a job's own row says of it, and the revision of its choice; what it costs changes with its state."""
    shown = (job.c.state, job.c.removed, job.c.overdue, job.c.error, job.c.error_class, job.c.completed_at)
    named = (job.c.prompt, job.c.prompt_id, job.c.variables, job.c.meta)
    # "+ 0": in the order of the table, without a look into an index for each row.
    return (
        select(job.c.id, *shown, *named, choice.c.revision)
        .select_from(job.outerjoin(choice, choice.c.job == job.c.id))
        .where(job.c.batch + 0 == batch_pk)
    )


def _files(batch_pk: int) -> Select[tuple[object, ...]]:
    known = and_(media.c.file == file.c.id, media.c.sha256 == file.c.sha256)
    return (
        select(
            file.c.id,
            file.c.job,
            file.c.state,
            file.c.path,
            media.c.width,
            media.c.height,
            media.c.duration_s,
        )
        .select_from(file.join(job, job.c.id == file.c.job).outerjoin(media, known))
        .where(job.c.batch + 0 == batch_pk, file.c.state.in_(("placed", "wanted")))
    )


def _remade(connection: Connection, batch_pk: int) -> set[int]:
    instead = select(job.c.instead_of).where(job.c.instead_of.is_not(None), job.c.batch + 0 == batch_pk)
    return set(connection.execute(instead).scalars())


def _pages(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), PAGE):
        yield pks[start : start + PAGE]
