"""Taking a manifest's jobs into the state, in pages, so that memory does not grow with the batch.

Enrolment is repeatable: it ends with the fingerprint of what was enrolled, and an interrupted one is simply done again.
Jobs that the manifest no longer names are marked removed only at its end.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.sqlite import dialect, insert

from runner.core.model import Job, JobId, JobState, Scalar
from runner.store.prepared import change_row
from runner.store.schema import batch, job, prompt

PAGE = 1000
"""Jobs a page: enough to make one commit worth it, few enough to keep other callers waiting a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the state holds of a job that a manifest asks for."""

    state: JobState
    removed: bool


def begin(connection: Connection, batch_pk: int) -> int:
    """Start an enrolment; returns its generation, which marks every job that the manifest still names."""
    newest = select(func.coalesce(func.max(job.c.generation), 0)).where(job.c.batch == batch_pk)
    return int(connection.execute(newest).scalar_one()) + 1


def enrol(connection: Connection, batch_pk: int, jobs: Sequence[Job], generation: int) -> None:
    """Take one page of jobs in: new ones as pending, known ones with their present path, names and order."""
    prompts = _prompts(connection, batch_pk, jobs)
    rows = [
        (
            batch_pk,
            one.job_id,
            prompts[one.prompt, one.images],
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
    # Compiled once and handed to the driver as it is: a dictionary a row costs more than the row's insertion.
    connection.exec_driver_sql(_ENROL, rows)


def finish(connection: Connection, batch_pk: int, generation: int, fingerprint: str) -> int:
    """End an enrolment: what it did not name is marked removed; returns how many jobs are newly so."""
    gone = (
        update(job)
        .where(job.c.batch == batch_pk, job.c.generation < generation, job.c.removed == 0)
        .values(removed=1)
    )
    removed = connection.execute(gone).rowcount
    change_row(connection, batch, batch_pk, generation=generation, fingerprint=fingerprint)
    return int(removed)


def known(connection: Connection, batch_pk: int, job_ids: Sequence[JobId]) -> dict[JobId, Known]:
    """What the state holds of these jobs (a page of at most ``PAGE``); those it does not know are left out."""
    found = connection.exec_driver_sql(_KNOWN, (json.dumps(job_ids), batch_pk))
    return {JobId(row.job_id): Known(JobState(row.state), bool(row.removed)) for row in found}


def _prompts(
    connection: Connection, batch_pk: int, jobs: Sequence[Job]
) -> dict[tuple[str, tuple[str, ...]], int]:
    """The rows of the page's texts, which stand once however many jobs share them."""
    texts = dict.fromkeys((one.prompt, one.images) for one in jobs)
    digests = {_digest(text, images): (text, images) for text, images in texts}
    rows = [
        {"batch": batch_pk, "digest": digest, "text": text, "images": json.dumps(images)}
        for digest, (text, images) in digests.items()
    ]
    connection.execute(insert(prompt).on_conflict_do_nothing(), rows)
    found = connection.execute(
        select(prompt.c.digest, prompt.c.id).where(
            prompt.c.batch == batch_pk, prompt.c.digest.in_(list(digests))
        )
    )
    return {digests[row.digest]: row.id for row in found}


def _digest(text: str, images: Sequence[str]) -> bytes:
    return hashlib.sha256(json.dumps([text, *images]).encode()).digest()[:16]


def _json(values: Mapping[str, Scalar]) -> str:
    return json.dumps(dict(values), ensure_ascii=False) if values else "{}"


def _enrol_sql() -> str:
    columns = ("batch", "job_id", "prompt", "prompt_id", "mode", "ratio", "take", "variables", "meta", "path")
    new = insert(job).values(dict.fromkeys((*columns, "rank", "state", "generation")))
    kept = {
        name: new.excluded[name] for name in ("prompt_id", "variables", "meta", "path", "rank", "generation")
    }
    upsert = new.on_conflict_do_update(index_elements=["batch", "job_id"], set_=kept | {"removed": text("0")})
    return str(upsert.compile(dialect=dialect()))


_ENROL = _enrol_sql()

# CROSS JOIN fixes the order: each id is looked up. Left to itself SQLite reads the whole batch through `job_in_order` for
# every page, because that index holds all the columns: a million jobs took five minutes.
_KNOWN = (
    "SELECT job.job_id, job.state, job.removed FROM json_each(?) AS asked "
    "CROSS JOIN job ON job.batch = ? AND job.job_id = asked.value"
)
