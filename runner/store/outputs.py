"""The files of jobs: wanted, verified (whole under ``.partial/``, size and hash known), placed (under their final name).

A file's row goes ahead of its rename and behind its fsync: whoever starts after a crash finds at least as much on
disk as the row says, and never a name in the tree that the state does not know.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from runner.core.lifecycle import Event
from runner.core.model import JobState
from runner.core.records import StoredFile
from runner.store.attempts import move
from runner.store.prepared import change_row, changed_row
from runner.store.reads import to_file
from runner.store.schema import batch as batches
from runner.store.schema import file, job


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A placed file, where its job's path wants it now (``stem``), and how many files its task has."""

    file: StoredFile
    job_id: str
    stem: str
    siblings: int


def verified(connection: Connection, file_pk: int, path: str, size_bytes: int, sha256: str) -> StoredFile:
    """The whole file lies synced under ``.partial/`` and is about to get its final name ``path``; returns its row."""
    values = {"state": "verified", "path": path, "bytes": size_bytes, "sha256": sha256}
    return to_file(changed_row(connection, file, file_pk, **values))


def placed(connection: Connection, file_pk: int) -> None:
    """The file stands under its final name, and its directory is synced."""
    change_row(connection, file, file_pk, state="placed")


def wanted_again(connection: Connection, file_pk: int) -> None:
    """A verified file is gone from ``.partial/``, or a placed one is to be fetched again."""
    change_row(connection, file, file_pk, state="wanted", path=None, bytes=None, sha256=None)


def unplaced(connection: Connection, batch: str) -> set[str]:
    """The names, under ``.partial/``, of the files of that batch which are verified and wait for their final names."""
    waiting = (
        select(file, job.c.job_id)
        .join(job, job.c.id == file.c.job)
        .join(batches, batches.c.id == job.c.batch)
        .where(batches.c.name == batch, job.c.state == JobState.FETCHING, file.c.state == "verified")
    )
    return {to_file(row).partial_of(row.job_id) for row in connection.execute(waiting)}


def finish(connection: Connection, job_pk: int, now: str) -> None:
    """Every file of the job is placed: the job is done."""
    move(connection, job_pk, Event.PLACED, error=None, error_class=None, completed_at=now)


def give_way(connection: Connection, batch_pk: int) -> None:
    """Send removed jobs whose path a present job needs to ``removed/<job_id>/``."""
    rival = job.alias("rival")
    # Not as a join: there is no index on paths, and each removed job would be held against each present one.
    wanted_paths = select(func.lower(rival.c.path)).where(rival.c.batch == batch_pk, rival.c.removed == 0)
    needed = select(job.c.id).where(
        job.c.batch == batch_pk,
        job.c.removed == 1,
        job.c.state
        != JobState.PENDING,  # it has no file, and is given its path anew if the manifest names it again
        func.lower(job.c.path).in_(wanted_paths),
    )
    for job_pk in connection.execute(needed).scalars().all():
        path, job_id = connection.execute(select(job.c.path, job.c.job_id).where(job.c.id == job_pk)).one()
        aside = f"removed/{job_id}/{path.rsplit('/', 1)[-1]}"
        change_row(connection, job, job_pk, path=aside)


def whereabouts(connection: Connection, batch_pk: int, page: int = 500) -> Iterator[Whereabouts]:
    """Every placed file of the batch with the place that its job wants for it, by row."""
    sibling = file.alias("sibling")
    siblings = (
        select(func.count()).where(sibling.c.attempt == file.c.attempt).correlate(file).scalar_subquery()
    )
    after_pk = 0
    while True:
        rows = connection.execute(
            select(file, job.c.job_id, job.c.path.label("stem"), siblings.label("siblings"))
            .join(job, job.c.id == file.c.job)
            # "+ 0" keeps SQLite from starting with the jobs, which would sort all files anew for each page.
            .where(job.c.batch + 0 == batch_pk, file.c.state == "placed", file.c.id > after_pk)
            .order_by(file.c.id)
            .limit(page)
        ).all()
        if not rows:
            return
        for row in rows:
            yield Whereabouts(to_file(row), row.job_id, row.stem, row.siblings)
        after_pk = rows[-1].id


def aim(connection: Connection, file_pk: int, target: str) -> None:
    """The placed file is about to move to ``target``."""
    change_row(connection, file, file_pk, target=target)


def moved(connection: Connection, file_pk: int) -> None:
    """The file stands at its target."""
    connection.execute(update(file).where(file.c.id == file_pk).values(path=file.c.target, target=None))


def stayed(connection: Connection, file_pk: int) -> None:
    """The file could not move and stands where it stood."""
    change_row(connection, file, file_pk, target=None)
