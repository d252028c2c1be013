"""The prompts of a batch, in the order of submission."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from runner.store.schema import job


def prompt_ids(connection: Connection, batch_pk: int) -> list[str]:
    """The ids of the prompts that the manifest names, in the order of their first jobs."""
    chosen = select(job.c.prompt_id).where(job.c.batch == batch_pk, job.c.removed == 0)
    ordered = chosen.group_by(job.c.prompt_id).order_by(func.min(job.c.rank), job.c.prompt_id)
    return list(connection.execute(ordered).scalars())


def jobs_of(connection: Connection, batch_pk: int, ids: Sequence[str]) -> dict[str, list[int]]:
    """The jobs of these prompts (a page), by row in the order of submission, without those that were removed."""
    chosen = select(job.c.id, job.c.prompt_id).where(
        job.c.batch == batch_pk, job.c.removed == 0, job.c.prompt_id.in_(ids)
    )
    found: dict[str, list[int]] = {one: [] for one in ids}
    for row in connection.execute(chosen.order_by(job.c.rank, job.c.job_id)):
        found[row.prompt_id].append(row.id)
    return found
