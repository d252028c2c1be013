"""Jobs with all that is shown of them, a page at a time: for listings, exports and ``metadata.jsonl``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Row, exists, or_, select

from runner.core.choice import NO_CHOICE
from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import JobRecord, Media, StoredAttempt, StoredFile, StoredJob
from runner.store import choices
from runner.store.reads import behind, jobs_query, matching, to_file, to_job
from runner.store.schema import attempt, file, job, media


@dataclass(frozen=True, slots=True)
class Selection:
    """Which jobs of a batch are meant: every one that matches all that is given. ``None`` and empty are no condition."""

    states: tuple[JobState, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    job_ids: tuple[str, ...] = ()
    removed: bool | None = None
    with_files: bool = False
    pks: tuple[int, ...] | None = None


def select_jobs(connection: Connection, batch_pk: int, selection: Selection) -> Iterator[StoredJob]:
    """The chosen jobs in the order of submission, one after the other."""
    chosen = jobs_query(batch_pk).where(*_selected(selection)).order_by(job.c.rank, job.c.job_id)
    for row in connection.execute(chosen, execution_options={"yield_per": 500}):
        yield to_job(row)


def records(
    connection: Connection, batch_pk: int, selection: Selection, page: int = 500
) -> Iterator[JobRecord]:
    """Everything about the chosen jobs, in the order of submission, read a page at a time."""
    after = (-1, "")
    while True:
        chosen = (
            jobs_query(batch_pk)
            .where(*_selected(selection), behind(after))
            .order_by(job.c.rank, job.c.job_id)
            .limit(page)
        )
        rows = connection.execute(chosen).all()
        if not rows:
            return
        beside = _Beside(connection, [row.id for row in rows])
        for row in rows:
            yield beside.record(row)
        after = (rows[-1].rank, rows[-1].job_id)


def _selected(selection: Selection) -> list[ColumnElement[bool]]:
    conditions = matching(selection.only)
    if selection.states:
        conditions.append(job.c.state.in_(selection.states))
    if selection.removed is not None:
        conditions.append(job.c.removed == int(selection.removed))
    if selection.pks is not None:
        conditions.append(job.c.id.in_(selection.pks))
    if selection.with_files:
        conditions.append(exists().where(file.c.job == job.c.id))
    if selection.job_ids:
        conditions.append(or_(*(job.c.job_id.startswith(one, autoescape=True) for one in selection.job_ids)))
    return conditions


def _attempts_of(connection: Connection, job_pks: Sequence[int]) -> dict[int, list[StoredAttempt]]:
    found: dict[int, list[StoredAttempt]] = {}
    rows = connection.execute(select(attempt).where(attempt.c.job.in_(job_pks)).order_by(attempt.c.id))
    for row in rows:
        one = StoredAttempt(AttemptOutcome(row.outcome), row.credits, row.task_id, row.submitted_at)
        found.setdefault(row.job, []).append(one)
    return found


def _files_of(connection: Connection, job_pks: Sequence[int]) -> dict[int, list[StoredFile]]:
    found: dict[int, list[StoredFile]] = {}
    rows = connection.execute(
        select(file).where(file.c.job.in_(job_pks)).order_by(file.c.attempt, file.c.position)
    )
    for row in rows:
        found.setdefault(row.job, []).append(to_file(row))
    return found


def _media_of(connection: Connection, job_pks: Sequence[int]) -> dict[int, dict[int, Media]]:
    found: dict[int, dict[int, Media]] = {}
    looked_into = select(file.c.job, media).join(media, media.c.file == file.c.id)
    rows = connection.execute(looked_into.where(file.c.job.in_(job_pks), media.c.sha256 == file.c.sha256))
    for row in rows:
        one = Media(row.width, row.height, row.duration_s, row.fps, row.codec)
        found.setdefault(row.job, {})[row.file] = one
    return found


def _remade(connection: Connection, job_pks: Sequence[int]) -> set[int]:
    return set(connection.execute(select(job.c.instead_of).where(job.c.instead_of.in_(job_pks))).scalars())


class _Beside:
    """What stands in other tables about a page of jobs."""

    def __init__(self, connection: Connection, job_pks: Sequence[int]) -> None:
        self._attempts = _attempts_of(connection, job_pks)
        self._files = _files_of(connection, job_pks)
        self._choices = choices.of_jobs(connection, job_pks)
        self._media = _media_of(connection, job_pks)
        self._remade = _remade(connection, job_pks)

    def record(self, row: "Row[tuple[object, ...]]") -> JobRecord:
        return JobRecord(
            job=to_job(row),
            prompt_id=row.prompt_id,
            take=row.take,
            variables=json.loads(row.variables),
            meta=json.loads(row.meta),
            overdue=bool(row.overdue),
            error=row.error,
            error_class=None if row.error_class is None else ErrorClass(row.error_class),
            completed_at=row.completed_at,
            attempts=tuple(self._attempts.get(row.id, ())),
            files=tuple(self._files.get(row.id, ())),
            choice=self._choices.get(row.id, NO_CHOICE),
            media=self._media.get(row.id, {}),
            is_remade=row.id in self._remade,
        )
