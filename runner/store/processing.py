"""The processing steps of a batch, what each made of which file, and the files that it made.

The rows of what was made go ahead of the names in the tree and behind the fsync of the partial files, as those of videos do.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from runner.core.processing import ProcessingStep, StepKind, StepTrouble, label_of
from runner.core.records import StepCount, StoredFile
from runner.store.reads import to_file
from runner.store.schema import derived, file, job, making, step


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step that is wanted; ``key`` is that of ``ProcessingStep``."""

    pk: int
    key: str
    step: ProcessingStep

    @property
    def label(self) -> str:
        """As ``ProcessingStep.label``."""
        return label_of(self.step.kind, self.key)


@dataclass(frozen=True, slots=True)
class Due:
    """A file for which a step is still to be carried out; ``making`` is the row of an earlier try."""

    file: StoredFile
    job_id: str
    making: int | None


@dataclass(frozen=True, slots=True)
class Derived:
    """A file that a step made; ``path`` is its name in the tree, ``partial`` the one under ``.partial/`` before."""

    making: int
    path: str
    partial: str
    bytes: int
    sha256: str
    job_id: str


def want(connection: Connection, batch_pk: int, steps: Sequence[ProcessingStep]) -> list[StoredStep]:
    """These steps are those of the batch from now on; returns the ones that make files, in order."""
    connection.execute(update(step).where(step.c.batch == batch_pk).values(wanted=0))
    stored = connection.execute(select(step.c.key, step.c.id).where(step.c.batch == batch_pk))
    known = {row.key: row.id for row in stored}
    for rank, one in enumerate(each for each in steps if each.makes_files):
        values = {"rank": rank, "wanted": 1}
        if one.key in known:
            connection.execute(update(step).where(step.c.id == known[one.key]).values(**values))
        else:
            row = {"kind": one.kind.value, "parameters": json.dumps(dict(one.parameters), sort_keys=True)}
            connection.execute(insert(step).values(batch=batch_pk, key=one.key, **row, **values))
    return wanted(connection, batch_pk)


def wanted(connection: Connection, batch_pk: int) -> list[StoredStep]:
    """The steps of the batch that make files, in order."""
    chosen = select(step).where(step.c.batch == batch_pk, step.c.wanted == 1).order_by(step.c.rank)
    return [
        StoredStep(row.id, row.key, ProcessingStep(StepKind(row.kind), json.loads(row.parameters)))
        for row in connection.execute(chosen)
    ]


def due_page(connection: Connection, batch_pk: int, step_pk: int, after_pk: int, most: int) -> list[Due]:
    """Placed files of present jobs of which the step has not made what it should, by row behind ``after_pk``."""
    of_step = and_(making.c.file == file.c.id, making.c.step == step_pk)
    rows = connection.execute(
        select(file, job.c.job_id.label("job_name"), making.c.id.label("making"))
        .join(job, job.c.id == file.c.job)
        .outerjoin(making, of_step)
        # "+ 0" keeps SQLite from starting with the jobs, which would sort all files anew for each page.
        .where(
            job.c.batch + 0 == batch_pk, job.c.removed == 0, file.c.state == "placed", file.c.id > after_pk
        )
        .where(or_(making.c.id.is_(None), making.c.state != "made", making.c.sha256 != file.c.sha256))
        .order_by(file.c.id)
        .limit(most)
    )
    return [Due(to_file(row), row.job_name, row.making) for row in rows]


def verified(
    connection: Connection, step_pk: int, of: StoredFile, outputs: Iterable[tuple[str, str, int, str]]
) -> int:
    """What the step made of a file lies synced under ``.partial/`` and is about to get its names; the row of the making.

    ``outputs``: path, partial, bytes and sha256 of each. There must be no earlier making of the two.
    """
    row = {"step": step_pk, "file": of.pk, "sha256": of.sha256, "state": "verified"}
    pk: int = connection.execute(insert(making).values(**row).returning(making.c.id)).scalar_one()
    for path, partial, size_bytes, sha256 in outputs:
        values = {"path": path, "partial": partial, "bytes": size_bytes, "sha256": sha256}
        connection.execute(insert(derived).values(making=pk, **values))
    return pk


def made(connection: Connection, making_pk: int) -> None:
    """All of it stands under its names, and the directories are synced."""
    connection.execute(update(making).where(making.c.id == making_pk).values(state="made"))


def failed(connection: Connection, step_pk: int, of: StoredFile, trouble: StepTrouble, reason: str) -> None:
    """The step made nothing of the file. There must be no earlier making of the two."""
    row = {"step": step_pk, "file": of.pk, "sha256": of.sha256, "state": "failed"}
    connection.execute(insert(making).values(trouble=trouble.value, reason=reason, **row))


def forget(connection: Connection, making_pk: int) -> None:
    """The making is to be done again; its files are not missed from now on."""
    connection.execute(delete(making).where(making.c.id == making_pk))


def unfinished(connection: Connection, batch_pk: int) -> list[int]:
    """The makings whose files were about to get their names when a process died."""
    of_batch = making.join(step, step.c.id == making.c.step)
    chosen = select(making.c.id).select_from(of_batch)
    rows = connection.execute(chosen.where(step.c.batch == batch_pk, making.c.state == "verified"))
    return list(rows.scalars())


def files_of(connection: Connection, making_pks: Sequence[int]) -> list[Derived]:
    """The files of these makings (a page), those of one together."""
    chosen = _derived().where(making.c.id.in_(making_pks)).order_by(making.c.id, derived.c.id)
    return [_one(row) for row in connection.execute(chosen)]


def makings_of_job(connection: Connection, job_pk: int) -> list[int]:
    """The makings of all files of a job, also of steps that nobody wants any more."""
    chosen = select(making.c.id).join(file, file.c.id == making.c.file).where(file.c.job == job_pk)
    return list(connection.execute(chosen.order_by(making.c.id)).scalars())


def made_page(connection: Connection, batch_pk: int, after_pk: int, most: int) -> list[Derived]:
    """The files of ``most`` makings of wanted steps that are done, by making behind ``after_pk``; none is the end."""
    few = (
        select(making.c.id)
        .join(step, step.c.id == making.c.step)
        .where(step.c.batch + 0 == batch_pk, step.c.wanted == 1, making.c.state == "made")
        .where(making.c.id > after_pk, exists().where(derived.c.making == making.c.id))
        .order_by(making.c.id)
        .limit(most)
    )
    return files_of(connection, list(connection.execute(few).scalars()))


def made_among(connection: Connection, batch_pk: int, paths: Sequence[str]) -> set[str]:
    """Those of these paths (a page) at which something stands that a step has made."""
    of_batch = derived.join(making, making.c.id == derived.c.making).join(step, step.c.id == making.c.step)
    chosen = select(derived.c.path).select_from(of_batch)
    known = chosen.where(step.c.batch == batch_pk, making.c.state == "made", derived.c.path.in_(paths))
    return set(connection.execute(known).scalars())


def unwanted_totals(connection: Connection, batch_pk: int) -> tuple[int, int]:
    """How many files steps made that nobody wants any more, and their bytes in all."""
    of_steps = derived.join(making, making.c.id == derived.c.making).join(step, step.c.id == making.c.step)
    summed = select(func.count(), func.coalesce(func.sum(derived.c.bytes), 0)).select_from(of_steps)
    files, size = connection.execute(summed.where(step.c.batch == batch_pk, step.c.wanted == 0)).one()
    return int(files), int(size)


def unwanted_page(connection: Connection, batch_pk: int, after_pk: int, most: int) -> list[int]:
    """The makings of steps that nobody wants any more, by row behind ``after_pk``, at most ``most``."""
    chosen = select(making.c.id).join(step, step.c.id == making.c.step)
    of_batch = chosen.where(step.c.batch == batch_pk, step.c.wanted == 0, making.c.id > after_pk)
    return list(connection.execute(of_batch.order_by(making.c.id).limit(most)).scalars())


def counts(connection: Connection, batch_pk: int) -> tuple[StepCount, ...]:
    """What the wanted steps have made of the files of present jobs, in order."""
    steps = wanted(connection, batch_pk)
    if not steps:
        return ()
    placed = (job.c.batch == batch_pk, job.c.removed == 0, file.c.state == "placed")
    of_jobs = file.join(job, job.c.id == file.c.job)
    total: int = connection.execute(select(func.count()).select_from(of_jobs).where(*placed)).scalar_one()
    holds = making.c.sha256 == file.c.sha256
    rows = connection.execute(
        select(
            making.c.step, _number(and_(holds, making.c.state == "made")), _number(making.c.state == "failed")
        )
        .select_from(of_jobs.join(making, making.c.file == file.c.id))
        .where(*placed)
        .group_by(making.c.step)
    )
    found = {row.step: (row[1], row[2]) for row in rows}
    return tuple(
        StepCount(one.label, *(got := found.get(one.pk, (0, 0))), waiting=total - sum(got)) for one in steps
    )


def troubles(connection: Connection, step_pk: int, most: int) -> list[tuple[str, StepTrouble, str]]:
    """Files of present jobs of which the step could make nothing: path, why, and in words; at most ``most``, by row."""
    chosen = (
        select(file.c.path, making.c.trouble, making.c.reason)
        .select_from(making.join(file, file.c.id == making.c.file).join(job, job.c.id == file.c.job))
        .where(making.c.step == step_pk, making.c.state == "failed", job.c.removed == 0)
        .order_by(making.c.file)
        .limit(most)
    )
    return [(row.path, StepTrouble(row.trouble), row.reason) for row in connection.execute(chosen)]


def _number(holds: "ColumnElement[bool]") -> "ColumnElement[int]":
    return func.coalesce(func.sum(case((holds, 1), else_=0)), 0)


def _derived() -> "Select[tuple[object, ...]]":
    return (
        select(derived, job.c.job_id)
        .join(making, making.c.id == derived.c.making)
        .join(file, file.c.id == making.c.file)
        .join(job, job.c.id == file.c.job)
    )


def _one(row: "Row[tuple[object, ...]]") -> Derived:
    return Derived(row.making, row.path, row.partial, row.bytes, row.sha256, row.job_id)
