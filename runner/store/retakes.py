"""Takes that a person asked for beyond those of the manifest: those that were made, and the jobs to be made again."""

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, exists, literal_column, select

from runner.core.choice import Flag
from runner.core.model import JobId, JobState
from runner.core.records import Batch, StoredJob
from runner.core.retake import Retakes
from runner.core.variation import combination_id_of, job_id_of
from runner.store.enrolment import known
from runner.store.reads import all_jobs_query, to_job
from runner.store.schema import choice, job, prompt

_WINDOW = 16  # takes of a combination that are looked up at once


def wanted(connection: Connection, batch: Batch) -> dict[JobId, Retakes]:
    """All retakes of a batch, by their combinations: those that were made, and those that are queued for the next run."""
    return instead_of(connection, batch, queued(connection, batch.pk))


def instead_of(connection: Connection, batch: Batch, originals: Sequence[StoredJob]) -> dict[JobId, Retakes]:
    """Those that were made, and one more for each of these jobs."""
    found = {key: Retakes(frozenset(takes)) for key, takes in made(connection, batch).items()}
    again: dict[JobId, list[StoredJob]] = {}
    for one in originals:
        key = combination_id_of(batch.provider, one.prompt, one.images, one.mode, one.ratio)
        again.setdefault(key, []).append(one)
    for key, jobs in again.items():
        takes = _known_takes(connection, batch, jobs)
        added = found[key].added if key in found else frozenset()
        found[key] = Retakes(added, frozenset(takes), tuple(one.pk for one in jobs))
    return found


def made(connection: Connection, batch: Batch) -> dict[JobId, list[int]]:
    """The takes that were made because a person asked for them, by their combinations."""
    chosen = (
        select(prompt.c.text, prompt.c.images, job.c.mode, job.c.ratio, job.c.take)
        .join(prompt, prompt.c.id == job.c.prompt)
        .where(job.c.instead_of.is_not(None), job.c.batch + 0 == batch.pk)
        .order_by(job.c.take)
    )
    found: dict[JobId, list[int]] = {}
    for row in connection.execute(chosen):
        images = json.loads(row.images)
        key = combination_id_of(batch.provider, row.text, images, row.mode, row.ratio)
        found.setdefault(key, []).append(row.take)
    return found


def queued(connection: Connection, batch_pk: int) -> list[StoredJob]:
    """The jobs of which another take is to be made at the next run, by row."""
    # As a literal: SQLite does not use the partial index for a bound parameter.
    wish = select(choice.c.job).where(choice.c.again == literal_column("1"))
    return list(_remakable(connection, batch_pk, job.c.id.in_(wish)))


def rejected(connection: Connection, batch_pk: int) -> list[StoredJob]:
    """The jobs whose videos were rejected, and of which no other take was made yet, by row."""
    refused = select(choice.c.job).where(choice.c.flag == Flag.REJECT)
    return list(_remakable(connection, batch_pk, job.c.id.in_(refused)))


def remade(connection: Connection, job_pks: Sequence[int]) -> set[int]:
    """Those of these jobs (a page, by row) that another take was made instead of."""
    return set(connection.execute(select(job.c.instead_of).where(job.c.instead_of.in_(job_pks))).scalars())


def _remakable(connection: Connection, batch_pk: int, which: ColumnElement[bool]) -> Iterator[StoredJob]:
    """Those jobs that are done and named by the manifest, and that nothing was made instead of yet."""
    other = job.alias("other")
    # "+ 0": from the few that somebody chose something for to their jobs, not from all jobs of the batch.
    chosen = all_jobs_query().where(
        which,
        job.c.batch + 0 == batch_pk,
        job.c.state == JobState.DONE,
        job.c.removed == 0,
        ~exists().where(other.c.instead_of == job.c.id),
    )
    for row in connection.execute(chosen.order_by(job.c.id)):
        yield to_job(row)


def _known_takes(connection: Connection, batch: Batch, jobs: Sequence[StoredJob]) -> set[int]:
    """The takes that the state has of the combination of these jobs, as far as a new take for each of them could reach.

    They are looked up by their ids: no index leads from a text to its jobs.
    """
    one, found, start = jobs[0], set[int](), 1
    while True:
        asked = {
            job_id_of(batch.provider, one.prompt, one.images, one.mode, one.ratio, take): take
            for take in range(start, start + _WINDOW)
        }
        there = known(connection, batch.pk, list(asked))
        found.update(asked[job_id] for job_id in there)
        if not there and start > max(found, default=0) + len(jobs):
            return found
        start += _WINDOW
