"""What went wrong in a batch, by class: a question for the end of a run."""

from sqlalchemy import Connection, func, select

from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Trouble
from runner.store.schema import job

_WHERE_ERRORS_STAND = (JobState.FAILED, JobState.UNKNOWN, JobState.RUNNING, JobState.FETCHING)


def by_class(connection: Connection, batch_pk: int) -> tuple[Trouble, ...]:
    """The failures and troubles of the jobs that the manifest names, by state and class, the most frequent first."""
    number = func.count()
    example = func.min(job.c.error)
    rows = connection.execute(
        select(job.c.state, job.c.error_class, number, example)
        .where(
            job.c.batch == batch_pk,
            job.c.state.in_(_WHERE_ERRORS_STAND),
            job.c.removed == 0,
            job.c.error.is_not(None),
        )
        .group_by(job.c.state, job.c.error_class)
        .order_by(number.desc(), job.c.state, job.c.error_class.nulls_first())
    )
    return tuple(
        Trouble(JobState(state), None if name is None else ErrorClass(name), jobs, why)
        for state, name, jobs, why in rows
    )
