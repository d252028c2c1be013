"""What the state says, for the engine and for readers: each function is one query, and none changes anything."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from runner.core.model import LIVE, AttemptOutcome, JobId, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Counts, StoredFile, StoredJob
from runner.store.schema import attempt, file, job, prompt

COLUMN_FILTERS = {"prompt": job.c.prompt_id, "mode": job.c.mode, "ratio": job.c.ratio, "take": job.c.take}


def counts(connection: Connection, batch_pk: int, only: Mapping[str, str] | None = None) -> Counts:
    """How many jobs stand where, of those that match ``only``."""
    chosen = matching(only or {})
    rows = connection.execute(
        select(job.c.state, job.c.removed, func.count())
        .where(job.c.batch == batch_pk, *chosen)
        .group_by(job.c.state, job.c.removed)
    ).all()
    by_state = dict.fromkeys(JobState, 0)
    by_state.update({JobState(state): number for state, removed, number in rows if not removed})
    late = select(func.count()).where(
        job.c.batch == batch_pk,
        job.c.state == JobState.RUNNING,
        job.c.removed.in_((0, 1)),
        job.c.overdue == 1,
    )
    return Counts(
        by_state=by_state,
        removed=sum(number for _, removed, number in rows if removed),
        overdue=int(connection.execute(late).scalar_one()),
    )


def file_totals(connection: Connection, batch_pk: int) -> tuple[int, int]:
    """How many files are placed, and their bytes in all."""
    placed = (
        select(func.count(), func.coalesce(func.sum(file.c.bytes), 0))
        .select_from(file.join(job, job.c.id == file.c.job))
        .where(job.c.batch == batch_pk, file.c.state == "placed")
    )
    number, size = connection.execute(placed).one()
    return int(number), int(size)


def last_errors(connection: Connection, batch_pk: int, most: int) -> list[tuple[str, str]]:
    """The newest failures and troubles, at most ``most``: (job id, message)."""
    rows = connection.execute(
        select(job.c.job_id, job.c.error)
        .where(
            job.c.batch == batch_pk,
            job.c.state.in_(_TROUBLED),
            job.c.removed.in_((0, 1)),
            job.c.error.is_not(None),
        )
        .order_by(job.c.id.desc())
        .limit(most)
    )
    return [(row.job_id, row.error) for row in rows]


_TROUBLED = (JobState.FAILED, JobState.UNKNOWN, JobState.RUNNING, JobState.FETCHING, JobState.PENDING)


def claimable(
    connection: Connection, batch_pk: int, only: Mapping[str, str], after: tuple[int, str], most: int
) -> list[StoredJob]:
    """The next pending jobs behind ``after`` (rank, job id) in the order of submission, at most ``most``."""
    rank, job_id = after
    chosen = jobs_query(batch_pk).where(
        job.c.state == JobState.PENDING,
        job.c.removed == 0,
        or_(job.c.rank > rank, and_(job.c.rank == rank, job.c.job_id > job_id)),
        *matching(only),
    )
    return [to_job(row) for row in connection.execute(chosen.order_by(job.c.rank, job.c.job_id).limit(most))]


def count_claimable(connection: Connection, batch_pk: int, only: Mapping[str, str]) -> int:
    """How many pending jobs the manifest names, of those that match ``only``."""
    chosen = select(func.count()).where(
        job.c.batch == batch_pk, job.c.state == JobState.PENDING, job.c.removed == 0, *matching(only)
    )
    return int(connection.execute(chosen).scalar_one())


def in_state(
    connection: Connection, batch_pk: int, state: JobState, after_pk: int, most: int
) -> list[StoredJob]:
    """Jobs in ``state`` with their newest attempt, removed ones too, by row behind ``after_pk``, at most ``most``."""
    chosen = jobs_query(batch_pk).where(job.c.state == state, job.c.removed.in_((0, 1)), job.c.id > after_pk)
    return [to_job(row) for row in connection.execute(chosen.order_by(job.c.id).limit(most))]


def stored_job(connection: Connection, job_pk: int) -> StoredJob:
    """One job with its newest attempt."""
    return to_job(connection.execute(all_jobs_query().where(job.c.id == job_pk)).one())


def first_of_each_kind(connection: Connection, batch_pk: int, only: Mapping[str, str]) -> list[StoredJob]:
    """The first pending job of each mode, and of jobs with images in each mode, in the order of submission."""
    with_images = prompt.c.images != "[]"
    firsts = (
        # SQLite takes the other columns from the row that holds the minimum.
        select(job.c.id, func.min(job.c.rank))
        .select_from(job.join(prompt, prompt.c.id == job.c.prompt))
        .where(job.c.batch == batch_pk, job.c.state == JobState.PENDING, job.c.removed == 0, *matching(only))
        .group_by(job.c.mode, with_images)
    )
    keys = [row.id for row in connection.execute(firsts)]
    chosen = all_jobs_query().where(job.c.id.in_(keys)).order_by(job.c.rank, job.c.job_id)
    return [to_job(row) for row in connection.execute(chosen)]


def failed_attempts(connection: Connection, job_pk: int) -> int:
    """How many generations of this job the service failed."""
    failed = select(func.count()).where(attempt.c.job == job_pk, attempt.c.outcome == AttemptOutcome.FAILED)
    return int(connection.execute(failed).scalar_one())


def books(connection: Connection, batch_pk: int) -> tuple[int, int, int]:
    """Spent, reserved and the unknown part of reserved, added up from the attempts themselves."""
    live = attempt.c.outcome.in_(LIVE)
    sums = select(
        func.coalesce(func.sum(attempt.c.credits).filter(~live), 0),
        func.coalesce(func.sum(attempt.c.credits).filter(live), 0),
        func.coalesce(func.sum(attempt.c.credits).filter(attempt.c.outcome == AttemptOutcome.UNKNOWN), 0),
    ).where(attempt.c.batch == batch_pk)
    spent, reserved, unknown = connection.execute(sums).one()
    return int(spent), int(reserved), int(unknown)


def job_id_in_use(connection: Connection, batch_pk: int, job_ids: Sequence[JobId]) -> bool:
    """Whether the batch knows any of these jobs (a page)."""
    return bool(
        connection.execute(
            select(exists().where(job.c.batch == batch_pk, job.c.job_id.in_(job_ids)))
        ).scalar_one()
    )


def submitting_credits(connection: Connection, batch_pk: int) -> int:
    """The credits that submissions under way hold."""
    held = select(func.coalesce(func.sum(attempt.c.credits), 0)).join(job, job.c.id == attempt.c.job)
    chosen = held.where(
        job.c.batch == batch_pk,
        job.c.state == JobState.SUBMITTING,
        attempt.c.outcome == AttemptOutcome.SUBMITTING,
    )
    return int(connection.execute(chosen).scalar_one())


def files_of(connection: Connection, attempt_pk: int) -> list[StoredFile]:
    """The files of one attempt, in the service's order."""
    rows = connection.execute(select(file).where(file.c.attempt == attempt_pk).order_by(file.c.position))
    return [to_file(row) for row in rows]


def jobs_query(batch_pk: int) -> Select[tuple[object, ...]]:
    """The query for the jobs of a batch with their newest attempts; rows become jobs by ``to_job``."""
    return all_jobs_query().where(job.c.batch == batch_pk)


def all_jobs_query() -> Select[tuple[object, ...]]:
    """The same over all batches."""
    newest = select(func.max(attempt.c.id)).where(attempt.c.job == job.c.id).correlate(job).scalar_subquery()
    columns = (attempt.c.task_id, attempt.c.candidate, attempt.c.trusted, attempt.c.submitted_at)
    return select(
        job, prompt.c.text, prompt.c.images, attempt.c.id.label("attempt_pk"), *columns
    ).select_from(job.join(prompt, prompt.c.id == job.c.prompt).outerjoin(attempt, attempt.c.id == newest))


def matching(only: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """The conditions of an ``--only``: columns by their key, any other key as a variable of the prompt."""
    return [
        COLUMN_FILTERS[key] == (int(value) if key == "take" else value)
        if key in COLUMN_FILTERS
        else func.json_extract(job.c.variables, f'$."{key}"') == value
        for key, value in only.items()
    ]


def to_job(row: "Row[tuple[object, ...]]") -> StoredJob:
    """A row of ``jobs_query`` as a job."""
    return StoredJob(
        pk=row.id,
        job_id=JobId(row.job_id),
        state=JobState(row.state),
        prompt=row.text,
        images=tuple(json.loads(row.images)),
        mode=row.mode,
        ratio=row.ratio,
        path=row.path,
        rank=row.rank,
        removed=bool(row.removed),
        attempt=row.attempt_pk,
        task_id=row.task_id,
        candidate=row.candidate,
        trusted=bool(row.trusted),
        submitted_at=row.submitted_at,
        error_class=None if row.error_class is None else ErrorClass(row.error_class),
    )


def to_file(row: "Row[tuple[object, ...]]") -> StoredFile:
    """A row of ``file`` as a file."""
    names = StoredFile.__dataclass_fields__
    return StoredFile(**{"pk": row.id} | {name: getattr(row, name) for name in names if name != "pk"})
