"""What the state says, for the engine and for readers: each function is one query, and none changes anything."""

import json
from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    exists,
    func,
    literal,
    select,
    tuple_,
)

from runner.core.model import LIVE, AttemptOutcome, JobId, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Counts, FailedTask, StoredFile, StoredJob
from runner.store.dialects import text_in
from runner.store.prepared import Prepared, parameter
from runner.store.schema import attempt, batch, file, job, prompt

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
        job.c.removed == 0,
        job.c.overdue == 1,
        *chosen,
    )
    return Counts(
        by_state=by_state,
        removed=sum(number for _, removed, number in rows if removed),
        overdue=int(connection.execute(late).scalar_one()),
    )


def file_totals(connection: Connection, batch_pk: int) -> tuple[int, int]:
    """How many files are placed, and their bytes in all; triggers keep both."""
    number, size = connection.execute(
        select(batch.c.files, batch.c.file_bytes).where(batch.c.id == batch_pk)
    ).one()
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


_TROUBLED = (JobState.FAILED, JobState.UNKNOWN, JobState.RUNNING, JobState.FETCHING)


def claimable(
    connection: Connection, batch_pk: int, only: Mapping[str, str], after: tuple[int, str], most: int
) -> list[StoredJob]:
    """The next pending jobs behind ``after`` (rank, job id) in the order of submission, at most ``most``."""
    chosen = jobs_query(batch_pk).where(
        job.c.state == JobState.PENDING, job.c.removed == 0, behind(after), *matching(only)
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
    return to_job(_one_job().on(connection, job_pk=job_pk).one())


def jobs_named(connection: Connection, batch_pk: int, job_ids: Sequence[JobId]) -> list[StoredJob]:
    """Those of these jobs (a page) that the batch knows, removed ones too, by row."""
    chosen = jobs_query(batch_pk).where(job.c.job_id.in_(job_ids)).order_by(job.c.id)
    return [to_job(row) for row in connection.execute(chosen)]


def job_ids_beginning(connection: Connection, batch_pk: int, beginning: str, most: int) -> list[JobId]:
    """The ids of the batch that begin so (lower-case hex digits), in order, at most ``most``."""
    # A range uses the index, LIKE would not; "g" is the first character after the hex digits.
    found = select(job.c.job_id).where(
        job.c.batch == batch_pk, job.c.job_id >= beginning, job.c.job_id < beginning + "g"
    )
    return [JobId(one) for one in connection.execute(found.order_by(job.c.job_id).limit(most)).scalars()]


def failed_tasks(connection: Connection, job_pks: Sequence[int]) -> dict[int, list[FailedTask]]:
    """The tasks that were booked as failed for these jobs (a page), the newest first; jobs without one are left out."""
    rows = connection.execute(
        select(attempt.c.id, attempt.c.job, attempt.c.task_id, attempt.c.trusted)
        .where(
            attempt.c.job.in_(job_pks),
            attempt.c.outcome == AttemptOutcome.FAILED,
            attempt.c.task_id.is_not(None),
        )
        .order_by(attempt.c.id.desc())
    )
    found: dict[int, list[FailedTask]] = {}
    for row in rows:
        found.setdefault(row.job, []).append(FailedTask(row.id, row.task_id, bool(row.trusted)))
    return found


def failed_attempts(connection: Connection, job_pk: int) -> int:
    """How many generations of this job the service failed."""
    failed = select(func.count()).where(attempt.c.job == job_pk, attempt.c.outcome == AttemptOutcome.FAILED)
    return int(connection.execute(failed).scalar_one())


def newest_submissions(connection: Connection, origin: str | None, most: int) -> list[str]:
    """When the last ``most`` POSTs that may have reached this service were made, over all batches, in order (ISO 8601).

    ``origin`` is what the batches are pinned to; ``None`` finds those that are pinned to none.
    """
    chosen = (
        select(attempt.c.submitted_at)
        .join(batch, batch.c.id == attempt.c.batch)
        .where(batch.c.api_origin.is_not_distinct_from(origin), attempt.c.outcome != AttemptOutcome.NOT_SENT)
        .order_by(attempt.c.id.desc())
        .limit(most)
    )
    return sorted(connection.execute(chosen).scalars())


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
    return [to_file(row) for row in _FILES.on(connection, attempt_pk=attempt_pk)]


_FILES = Prepared(select(file).where(file.c.attempt == parameter("attempt_pk")).order_by(file.c.position))


def jobs_query(batch_pk: int) -> Select[tuple[object, ...]]:
    """The query for the jobs of a batch with their newest attempts; rows become jobs by ``to_job``."""
    return all_jobs_query().where(job.c.batch == batch_pk)


def all_jobs_query() -> Select[tuple[object, ...]]:
    """The same over all batches.

    The attempt of a job is the one that is live or brought its result, else the newest: a task that was asked about
    again may have ended well after a later submission was refused.
    """
    newest = select(func.max(attempt.c.id)).where(attempt.c.job == job.c.id).correlate(job)
    decisive = newest.where(attempt.c.outcome.in_((*LIVE, AttemptOutcome.COMPLETED)))
    counting = func.coalesce(decisive.scalar_subquery(), newest.scalar_subquery())
    columns = (attempt.c.task_id, attempt.c.candidate, attempt.c.trusted, attempt.c.submitted_at)
    return select(
        job, prompt.c.text, prompt.c.images, attempt.c.id.label("attempt_pk"), *columns
    ).select_from(job.join(prompt, prompt.c.id == job.c.prompt).outerjoin(attempt, attempt.c.id == counting))


@cache
def _one_job() -> Prepared:
    return Prepared(all_jobs_query().where(job.c.id == parameter("job_pk")))


def behind(after: tuple[int, str]) -> ColumnElement[bool]:
    """The condition for what comes behind ``after`` (rank, job id) in the order of submission.

    As one comparison of rows, so that an index leads to the place; two comparisons would read all that comes before.
    """
    rank, job_id = after
    return tuple_(job.c.rank, job.c.job_id) > tuple_(literal(rank), literal(job_id))


def matching(only: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """The conditions of an ``--only``: columns by their key, any other key as a variable of the prompt."""
    return [
        COLUMN_FILTERS[key] == (int(value) if key == "take" else value)
        if key in COLUMN_FILTERS
        else text_in(job.c.variables, key) == value
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
        prompt_pk=row.prompt,
        prompt_id=row.prompt_id,
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
    return StoredFile(
        pk=row.id,
        job=row.job,
        attempt=row.attempt,
        position=row.position,
        url=row.url,
        state=row.state,
        path=row.path,
        target=row.target,
        bytes=row.bytes,
        sha256=row.sha256,
    )
