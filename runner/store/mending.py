"""Files against what the state says of them, and the way back of a job whose file is gone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, select, update

from runner.core.lifecycle import Event
from runner.core.model import JobState
from runner.core.records import StoredFile
from runner.store.attempts import move, renew_urls
from runner.store.outputs import finish
from runner.store.reads import to_file
from runner.store.schema import file, job


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file whose path, size and hash are known, and the job that it belongs to."""

    file: StoredFile
    job_id: str


def recorded_page(connection: Connection, batch_pk: int, after_pk: int, most: int) -> list[Recorded]:
    """The files of the batch that should stand in the tree, by row behind ``after_pk``, at most ``most``.

    Among them those that an interrupted repair left as wanted.
    """
    # "+ 0" keeps SQLite from starting with the jobs, which would sort all files anew for each page.
    chosen = _recorded().where(job.c.batch + 0 == batch_pk, file.c.id > after_pk)
    return [_one(row) for row in connection.execute(chosen.order_by(file.c.id).limit(most))]


def recorded(connection: Connection, file_pks: Sequence[int]) -> list[Recorded]:
    """These files (a page) as they are recorded now; those that are not recorded any more are left out."""
    chosen = _recorded().where(file.c.id.in_(file_pks)).order_by(file.c.id)
    return [_one(row) for row in connection.execute(chosen)]


def want_again(connection: Connection, job_pk: int, file_pks: Iterable[int], urls: Sequence[str]) -> None:
    """These files of a job are gone and to be fetched from ``urls`` (all those of its task): the job is fetching again.

    What is recorded of them stays until something else is verified.
    """
    wanted = list(file_pks)
    connection.execute(update(file).where(file.c.id.in_(wanted)).values(state="wanted", target=None))
    renew_urls(
        connection,
        connection.execute(select(file.c.attempt).where(file.c.id == wanted[0])).scalar_one(),
        urls,
    )
    if connection.execute(select(job.c.state).where(job.c.id == job_pk)).scalar_one() == JobState.DONE:
        move(connection, job_pk, Event.MISSED)


def found_again(connection: Connection, file_pk: int, now: str) -> None:
    """A wanted file stands in its place as it is recorded; with the last of its task the job is done."""
    one = connection.execute(
        update(file).where(file.c.id == file_pk).values(state="placed").returning(file.c.job, file.c.attempt)
    ).one()
    others = select(file.c.id).where(file.c.attempt == one.attempt, file.c.state != "placed").limit(1)
    if connection.execute(others).first() is None:
        finish(connection, one.job, now)


def trouble_of(connection: Connection, job_pk: int) -> str | None:
    """What keeps a job from ending, as it is shown."""
    error: str | None = connection.execute(select(job.c.error).where(job.c.id == job_pk)).scalar_one()
    return error


def _recorded() -> Select[tuple[object, ...]]:
    return (
        select(file, job.c.job_id.label("job_name"))
        .join(job, job.c.id == file.c.job)
        .where(file.c.state.in_(("placed", "wanted")), file.c.sha256.is_not(None))
    )


def _one(row: "Row[tuple[object, ...]]") -> Recorded:
    return Recorded(to_file(row), row.job_name)
