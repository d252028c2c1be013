"""A person's choices: writes that need no lock of the batch, so that a run can go on meanwhile."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Row, func, select, update

from runner.core.choice import Choice, Field, Flag
from runner.store.dialects import insert_into
from runner.store.prepared import Prepared, parameter
from runner.store.schema import choice, job


def choose(connection: Connection, job_pk: int, fields: Mapping[str, Field], now: str) -> Choice:
    """Change these fields of a job's choice (see ``choice.checked``), leaving the others; returns the whole.

    Who chooses last is the one that counts, field by field.
    """
    row = dict(fields) | {"chosen_at": now, "revision": newest_revision(connection) + 1}
    if "again" in row:
        row["again"] = int(bool(row["again"]))
    return to_choice(_keeping(connection.dialect.name, *row).on(connection, job=job_pk, **row).one())


def fulfil(connection: Connection, job_pk: int) -> None:
    """What was to be made again is made, or cannot be: the wish is gone. Nothing happens where there is none."""
    wish = update(choice).where(choice.c.job == job_pk, choice.c.again == 1)
    connection.execute(wish.values(again=0, revision=newest_revision(connection) + 1))


def newest_revision(connection: Connection) -> int:
    """The revision of the newest choice of all batches; 0 without any."""
    return int(_NEWEST.on(connection).scalar_one())


_NEWEST = Prepared(select(func.coalesce(func.max(choice.c.revision), 0)))


def of_jobs(connection: Connection, job_pks: Sequence[int]) -> dict[int, Choice]:
    """The choices for these jobs (a page); those without one are left out."""
    rows = connection.execute(select(choice).where(choice.c.job.in_(job_pks)))
    return {row.job: to_choice(row) for row in rows}


def changed_since(connection: Connection, batch_pk: int, revision: int) -> list[int]:
    """The jobs of a batch whose choices are newer than this revision, by row."""
    newer = select(choice.c.job).join(job, job.c.id == choice.c.job)
    newer = newer.where(choice.c.revision > revision, job.c.batch + 0 == batch_pk)
    return sorted(connection.execute(newer).scalars())  # in an order of SQLite's it would read all choices


@cache
def _keeping(dialect: str, *columns: str) -> Prepared:
    """A thousand jobs may be chosen for at once, while a run waits to write."""
    new = insert_into(dialect, choice).values({name: parameter(name) for name in ("job", *columns)})
    kept = {name: new.excluded[name] for name in columns}
    return Prepared(new.on_conflict_do_update(index_elements=["job"], set_=kept).returning(*choice.c))


def to_choice(row: "Row[tuple[object, ...]]") -> Choice:
    """A row of ``choice`` as a choice."""
    return Choice(
        flag=None if row.flag is None else Flag(row.flag),
        rating=row.rating,
        note=row.note,
        again=bool(row.again),
        chosen_at=row.chosen_at,
        pruned_at=row.pruned_at,
        revision=row.revision,
    )
