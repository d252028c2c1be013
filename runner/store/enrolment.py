"""Taking a manifest's jobs into the state, in pages, so that memory does not grow with the batch.

Enrolment is repeatable: it ends with the fingerprint of what was enrolled, and an interrupted one is simply done again.
Jobs that the manifest no longer names are marked removed only at its end.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Connection, func, select, text, update

from runner.core.model import Job, JobId, JobState, Scalar
from runner.store import choices
from runner.store.dialects import POSTGRESQL, SQLITE, insert_into
from runner.store.prepared import Prepared, change_row, parameter
from runner.store.schema import batch, job, prompt

PAGE = 1000
"""Jobs that are looked up at once."""

TRANSACTION = 20_000
"""Jobs that are taken in at once.

Ids and digests are hashes, so each transaction writes to pages all over their indexes, and the larger it is, the fewer
of them are written twice: a million jobs took 54 microseconds each in transactions of 1,000, 22 in those of 20,000 and
17 in those of 100,000. It takes some 0.4 s, for which others who write to the state wait, and 20 MB.
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What the state holds of a job that a manifest asks for."""

    state: JobState
    removed: bool


def begin(connection: Connection, batch_pk: int, fingerprint: str | None = None) -> int:
    """Start an enrolment; returns its generation, which marks every job that the manifest still names.

    Until its end the batch has jobs of two manifests, so its fingerprint is that of none: it becomes ``fingerprint``.
    """
    change_row(connection, batch, batch_pk, fingerprint=fingerprint)
    newest = select(func.coalesce(func.max(job.c.generation), 0)).where(job.c.batch == batch_pk)
    return int(connection.execute(newest).scalar_one()) + 1


def enrol(connection: Connection, batch_pk: int, jobs: Sequence[Job], generation: int) -> None:
    """Take one page of jobs in: new ones as pending, known ones with their present path, names and order.

    A new take of another job is marked as such in the same transaction, and its wish is fulfilled.
    """
    digests = {}
    prompts = {}
    for one in jobs:
        content = one.prompt, one.images
        if content not in digests:
            digests[content] = digest = _digest(*content)
            prompts[digest] = (batch_pk, digest, one.prompt, json.dumps(one.images))
    # Compiled once and handed to the driver as they are: a dictionary a row costs more than the row's insertion.
    dialect = connection.dialect.name
    _keep_prompt(dialect).on_each(connection, list(prompts.values()))
    rows = [
        (
            batch_pk,
            one.job_id,
            batch_pk,
            digests[one.prompt, one.images],
            one.prompt_id,
            one.mode,
            one.ratio,
            one.take,
            _json(one.variables),
            _json(one.meta),
            one.path,
            one.rank,
            JobState.PENDING.value,
            generation,
        )
        for one in jobs
    ]
    _enrol(dialect).on_each(connection, rows)
    for one in jobs:
        if one.instead_of is not None:
            retakes = update(job).where(job.c.batch == batch_pk, job.c.job_id == one.job_id)
            connection.execute(retakes.values(instead_of=one.instead_of))
            choices.fulfil(connection, one.instead_of)


def clear_up_to(connection: Connection, batch_pk: int, generation: int, rank: int) -> None:
    """Mark as removed what an enrolment has not named among its first jobs, up to this rank.

    They are what an earlier one left, if it was interrupted; those that only come later are named again then.
    """
    _remove(connection, batch_pk, generation, job.c.rank <= rank)


def finish(connection: Connection, batch_pk: int, generation: int, fingerprint: str) -> int:
    """End an enrolment: what it did not name is marked removed; returns how many jobs are newly so."""
    removed = _remove(connection, batch_pk, generation)
    change_row(connection, batch, batch_pk, generation=generation, fingerprint=fingerprint)
    return removed


def reprint(connection: Connection, batch_pk: int, fingerprint: str) -> None:
    """Note from what the jobs come that the state has now."""
    change_row(connection, batch, batch_pk, fingerprint=fingerprint)


def known(connection: Connection, batch_pk: int, job_ids: Sequence[JobId]) -> dict[JobId, Known]:
    """What the state holds of these jobs (a page of at most ``PAGE``); those it does not know are left out."""
    found = connection.exec_driver_sql(_KNOWN[connection.dialect.name], (json.dumps(job_ids), batch_pk))
    return {JobId(row.job_id): Known(JobState(row.state), bool(row.removed)) for row in found}


def _remove(connection: Connection, batch_pk: int, generation: int, *where: ColumnElement[bool]) -> int:
    gone = (
        update(job)
        .where(job.c.batch == batch_pk, job.c.generation < generation, job.c.removed == 0, *where)
        .values(removed=1)
    )
    return int(connection.execute(gone).rowcount)


def _digest(prompt: str, images: Sequence[str]) -> bytes:
    # The JSON array of all of them; json.dumps is fast for one string and slow for a list.
    return hashlib.sha256(f"[{', '.join(map(json.dumps, (prompt, *images)))}]".encode()).digest()[:16]


def _json(values: Mapping[str, Scalar]) -> str:
    return json.dumps(dict(values), ensure_ascii=False) if values else "{}"


@cache
def _keep_prompt(dialect: str) -> Prepared:
    """Texts stand once, however many jobs share them."""
    columns = ("batch", "digest", "text", "images")
    new = insert_into(dialect, prompt).values({name: parameter(name) for name in columns})
    return Prepared(new.on_conflict_do_nothing().inline())


@cache
def _enrol(dialect: str) -> Prepared:
    row_of_prompt = (
        select(prompt.c.id)
        .where(prompt.c.batch == parameter("of_batch"), prompt.c.digest == parameter("of_digest"))
        .scalar_subquery()
    )
    columns = (
        "prompt_id",
        "mode",
        "ratio",
        "take",
        "variables",
        "meta",
        "path",
        "rank",
        "state",
        "generation",
    )
    values = {name: parameter(name) for name in ("batch", "job_id", *columns)} | {"prompt": row_of_prompt}
    new = insert_into(dialect, job).values(values)
    kept = {
        name: new.excluded[name] for name in ("prompt_id", "variables", "meta", "path", "rank", "generation")
    }
    new = new.on_conflict_do_update(index_elements=["batch", "job_id"], set_=kept | {"removed": text("0")})
    return Prepared(new.inline())


# CROSS JOIN fixes the order: each id is looked up. Left to itself SQLite reads the whole batch through `job_in_order` for
# every page, because that index holds all the columns: a million jobs took five minutes.
_KNOWN = {
    SQLITE: "SELECT job.job_id, job.state, job.removed FROM json_each(?) AS asked "
    "CROSS JOIN job ON job.batch = ? AND job.job_id = asked.value",
    POSTGRESQL: "SELECT job.job_id, job.state, job.removed FROM json_array_elements_text(CAST(%s AS json)) AS asked "
    "JOIN job ON job.batch = %s AND job.job_id = asked",
}
