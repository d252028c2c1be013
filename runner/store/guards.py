"""What the guards ask before money is spent: about the first jobs of each kind, and about prompts that were refused."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from runner.core.canary import CanaryReport, Kind
from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import StoredJob
from runner.store.reads import behind, jobs_query, matching, to_job
from runner.store.schema import attempt, job, prompt

_WITH_IMAGES = prompt.c.images != "[]"


def kinds(connection: Connection, batch_pk: int, only: Mapping[str, str]) -> list[Kind]:
    """The kinds of the pending jobs that match ``only``, in the order of the first job of each."""
    first = func.min(job.c.rank)
    found = (
        select(job.c.mode, _WITH_IMAGES.label("with_images"), first)
        .select_from(job.join(prompt, prompt.c.id == job.c.prompt))
        .where(job.c.batch == batch_pk, job.c.state == JobState.PENDING, job.c.removed == 0, *matching(only))
        .group_by(job.c.mode, "with_images")
        .order_by(first)
    )
    return [Kind(row.mode, bool(row.with_images)) for row in connection.execute(found)]


def pending_of(
    connection: Connection,
    batch_pk: int,
    only: Mapping[str, str],
    kind: Kind,
    after: tuple[int, str],
    most: int,
) -> list[StoredJob]:
    """The next pending jobs of a kind behind ``after`` (rank, job id) in the order of submission, at most ``most``."""
    chosen = jobs_query(batch_pk).where(
        job.c.state == JobState.PENDING, job.c.removed == 0, behind(after), *_of(kind), *matching(only)
    )
    return [to_job(row) for row in connection.execute(chosen.order_by(job.c.rank, job.c.job_id).limit(most))]


def has_done(connection: Connection, batch_pk: int, kind: Kind) -> bool:
    """Whether any job of the kind, of those that the manifest names, has its file."""
    return bool(connection.execute(select(exists(_in_state(batch_pk, kind, JobState.DONE)))).scalar_one())


def failed(connection: Connection, batch_pk: int, kind: Kind) -> int:
    """How many jobs of the kind, of those that the manifest names, have failed."""
    chosen = _in_state(batch_pk, kind, JobState.FAILED).subquery()
    return int(connection.execute(select(func.count()).select_from(chosen)).scalar_one())


def canary(connection: Connection, job_pk: int) -> CanaryReport:
    """What came of a job: its trouble, whether a task was ever made for it, and what is booked for all its attempts."""
    one = connection.execute(
        select(job.c.job_id, job.c.state, job.c.error, job.c.error_class).where(job.c.id == job_pk)
    ).one()
    booked = select(func.count(attempt.c.task_id), func.coalesce(func.sum(attempt.c.credits), 0))
    tasks, credits_ = connection.execute(booked.where(attempt.c.job == job_pk)).one()
    error_class = None if one.error_class is None else ErrorClass(one.error_class)
    return CanaryReport(
        one.job_id, JobState(one.state), one.error, error_class, task_made=bool(tasks), credits=int(credits_)
    )


def moderated(
    connection: Connection, batch_pk: int, after: tuple[int, str], most: int
) -> Sequence[tuple[int, str, int, str, str]]:
    """Jobs that failed by moderation behind ``after``, at most ``most``: rank, job id, the prompt's row, mode, ratio."""
    chosen = (
        select(job.c.rank, job.c.job_id, job.c.prompt, job.c.mode, job.c.ratio)
        .where(
            job.c.batch == batch_pk,
            job.c.state == JobState.FAILED,
            job.c.removed == 0,
            job.c.error_class == ErrorClass.MODERATION,
            behind(after),
        )
        .order_by(job.c.rank, job.c.job_id)
        .limit(most)
    )
    rows = connection.execute(chosen)
    return [(row.rank, row.job_id, row.prompt, row.mode, row.ratio) for row in rows]


def _in_state(batch_pk: int, kind: Kind, state: JobState) -> Select[tuple[int]]:
    joined = select(job.c.id).select_from(job.join(prompt, prompt.c.id == job.c.prompt))
    return joined.where(job.c.batch == batch_pk, job.c.state == state, job.c.removed == 0, *_of(kind))


def _of(kind: Kind) -> tuple[ColumnElement[bool], ...]:
    return job.c.mode == kind.mode, _WITH_IMAGES if kind.with_images else prompt.c.images == "[]"
