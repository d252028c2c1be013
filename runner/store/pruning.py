"""The files of rejected jobs, and what stays of them once they are deleted."""

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from runner.core.choice import Flag
from runner.core.model import JobId, JobState
from runner.store.choices import newest_revision
from runner.store.mending import Recorded
from runner.store.reads import to_file
from runner.store.schema import choice, file, job


def totals(connection: Connection, batch_pk: int) -> tuple[int, int, int]:
    """How many done jobs of the batch are rejected and have files, how many files, and their bytes in all."""
    summed = select(
        func.count(file.c.job.distinct()), func.count(), func.coalesce(func.sum(file.c.bytes), 0)
    ).select_from(_JOINED)
    jobs, files, size = connection.execute(summed.where(*_doomed(batch_pk))).one()
    return int(jobs), int(files), int(size)


def page(connection: Connection, batch_pk: int, after_job: int, most: int) -> list[Recorded]:
    """Their files, those of a job together, of the first ``most`` jobs behind the row ``after_job``."""
    jobs = (
        select(file.c.job).distinct().select_from(_JOINED).where(*_doomed(batch_pk), file.c.job > after_job)
    )
    few = jobs.order_by(file.c.job).limit(most).subquery()
    chosen = (
        select(file, job.c.job_id.label("name"))
        .join(job, job.c.id == file.c.job)
        .where(file.c.job.in_(select(few)), file.c.state == "placed")
    )
    rows = connection.execute(chosen.order_by(file.c.job, file.c.position))
    return [Recorded(to_file(row), JobId(row.name)) for row in rows]


def is_doomed(connection: Connection, job_pk: int) -> bool:
    """Whether the job is rejected and done just now."""
    chosen = select(choice.c.job).join(job, job.c.id == choice.c.job)
    flagged = chosen.where(choice.c.job == job_pk, choice.c.flag == Flag.REJECT, job.c.state == JobState.DONE)
    return connection.execute(flagged).first() is not None


def forget(connection: Connection, job_pk: int, now: str) -> None:
    """The files of a job are deleted: they are not missed from now on, and the job stays done and paid for."""
    connection.execute(delete(file).where(file.c.job == job_pk))
    pruned = update(choice).where(choice.c.job == job_pk)
    connection.execute(pruned.values(pruned_at=now, revision=newest_revision(connection) + 1))


_JOINED = choice.join(job, job.c.id == choice.c.job).join(file, file.c.job == job.c.id)


def _doomed(batch_pk: int) -> tuple[ColumnElement[bool], ...]:
    # "+ 0": from the few that are rejected to their jobs, not from all jobs of the batch.
    return (
        job.c.batch + 0 == batch_pk,
        choice.c.flag == Flag.REJECT,
        job.c.state == JobState.DONE,
        file.c.state == "placed",
    )
