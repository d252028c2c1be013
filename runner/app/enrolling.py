"""Taking a manifest into the state: its batch, its cap, and its jobs."""

import os
from collections.abc import Iterator
from itertools import islice

from runner.app import comparison, planning
from runner.app.workplace import stamp
from runner.core.expansion import expand
from runner.core.model import Manifest
from runner.core.plan import Plan
from runner.core.records import Batch
from runner.store import batches, enrolment
from runner.store.batches import BatchTerms
from runner.store.writer import DirectWriter


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


def enrol(writer: DirectWriter, manifest: Manifest, batch: Batch) -> Iterator[None]:
    """Enrol the manifest's jobs a page a step; nothing to do where they are enrolled already.

    Whoever stops between two steps leaves an enrolment that is simply done again.
    """
    print_now = comparison.fingerprint(manifest)
    if batch.fingerprint == print_now:
        return
    writer.write_now(batches.mark_tree, batch.pk, stale=True)
    generation = writer.write_now(enrolment.begin, batch.pk)
    jobs = expand(manifest)
    while page := list(islice(jobs, enrolment.TRANSACTION)):
        writer.write_now(enrolment.enrol, batch.pk, page, generation)
        yield
    writer.write_now(enrolment.finish, batch.pk, generation, print_now)
