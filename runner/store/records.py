"""Jobs with all that is shown of them, a page at a time: for listings, exports and ``metadata.jsonl``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Row, exists, or_, select

from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import JobRecord, StoredAttempt, StoredFile, StoredJob
from runner.store.reads import behind, jobs_query, matching, to_file, to_job
from runner.store.schema import attempt, file, job


@dataclass(frozen=True, slots=True)
class Selection:
    """Which jobs of a batch are meant: every one that matches all that is given. ``None`` and empty are no condition."""

    states: tuple[JobState, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    job_ids: tuple[str, ...] = ()
    removed: bool | None = None
    with_files: bool = False


def select_jobs(connection: Connection, batch_pk: int, selection: Selection) -> Iterator[StoredJob]:
    """The chosen jobs in the order of submission, one after the other."""
    chosen = jobs_query(batch_pk).where(*_selected(selection)).order_by(job.c.rank, job.c.job_id)
    for row in connection.execution_options(yield_per=500).execute(chosen):
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
        keys = [row.id for row in rows]
        attempts, files = _attempts_of(connection, keys), _files_of(connection, keys)
        for row in rows:
            yield _record(row, tuple(attempts.get(row.id, ())), tuple(files.get(row.id, ())))
        after = (rows[-1].rank, rows[-1].job_id)


def _selected(selection: Selection) -> list[ColumnElement[bool]]:
    conditions = matching(selection.only)
    if selection.states:
        conditions.append(job.c.state.in_(selection.states))
    if selection.removed is not None:
        conditions.append(job.c.removed == int(selection.removed))
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


def _record(
    row: "Row[tuple[object, ...]]", attempts: tuple[StoredAttempt, ...], files: tuple[StoredFile, ...]
) -> JobRecord:
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
        attempts=attempts,
        files=files,
    )
