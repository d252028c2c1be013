"""Taking a manifest into the state: its batch, its cap, and its jobs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from runner.app import comparison, planning
from runner.app.workplace import stamp
from runner.core.errors import UsageError
from runner.core.expansion import expand
from runner.core.model import Job, JobId, Manifest
from runner.core.plan import Plan
from runner.core.records import Batch
from runner.core.retake import Retakes
from runner.store import batches, choices, enrolment, retakes
from runner.store.batches import BatchTerms
from runner.store.writer import Connection, DirectWriter


def open_batch(writer: DirectWriter, manifest: Manifest, plan: Plan, output_dir: str) -> Batch:
    """The manifest's batch with its present terms and the plan's cap, made if there is none."""
    terms = BatchTerms(
        name=manifest.name,
        manifest=os.path.realpath(manifest.path),
        provider=manifest.provider.name,
        output_dir=output_dir,
        price=manifest.provider.price,
    )
    batch = writer.write_now(batches.open_batch, terms, stamp())
    writer.write_now(batches.set_budget, batch.pk, plan.books.budget, planning.budget_words(manifest))
    return writer.write_now(batches.by_pk, batch.pk)


def enrol(
    writer: DirectWriter, manifest: Manifest, batch: Batch, wanted: Mapping[JobId, Retakes], texts: str
) -> Iterator[None]:
    """Enrol the manifest's jobs and these retakes a page a step; nothing to do where they are enrolled already.

    ``texts`` is the fingerprint of the manifest when it was read: whoever edits it meanwhile has it enrolled next time.

    The retakes are those that were priced: what somebody wishes meanwhile waits for the next run, and what is wished no
    more is not made. Whoever stops between two steps leaves an enrolment that is simply done again.
    """
    again = [job_pk for one in wanted.values() for job_pk in one.again]
    if not again and batch.fingerprint == _with_retakes(writer, texts, batch):
        return
    writer.write_now(batches.mark_tree, batch.pk, stale=True)
    generation = writer.write_now(enrolment.begin, batch.pk)
    jobs = expand(manifest, None, wanted)
    while page := list(islice(jobs, enrolment.TRANSACTION)):
        writer.write_now(_take_in, batch.pk, page, generation)
        yield
    for job_pk in again:  # those of a combination that is gone, or full
        writer.write_now(choices.fulfil, job_pk)
    writer.write_now(enrolment.finish, batch.pk, generation, _with_retakes(writer, texts, batch))


def refuse_if_edited(manifest: Manifest, texts: str, plan_file: str | None) -> None:
    """Raise ``UsageError`` if the manifest's files are no longer those that were checked (their fingerprint then).

    To be called when the jobs are enrolled, before any of them is paid for. Their lock is nobody's: an editor may save them
    while a person is asked, and prompt files are read anew for the enrolment. ``plan_file`` is what it was checked against.
    """
    if comparison.fingerprint(manifest) != texts:
        what, way_out = ("it", "run it again") if plan_file is None else (plan_file, "plan again")
        raise UsageError(
            f"{manifest.path} was edited while {what} was being checked; {way_out}; nothing was sent"
        )


def _take_in(connection: Connection, batch_pk: int, page: Sequence[Job], generation: int) -> None:
    """The jobs of a page, but those that were to be made instead of one whose wish was taken back since the plan."""
    originals = [job.instead_of for job in page if job.instead_of is not None]
    if originals:
        wished = choices.of_jobs(connection, originals)
        page = [one for one in page if one.instead_of is None or wished[one.instead_of].again]
    enrolment.enrol(connection, batch_pk, page, generation)


def _with_retakes(writer: DirectWriter, texts: str, batch: Batch) -> str:
    return comparison.with_retakes(texts, writer.write_now(retakes.made, batch))
