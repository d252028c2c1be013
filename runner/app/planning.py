"""What a manifest asks for, against the state: the dry run, and the checks that every run begins with."""

import os
from collections.abc import Iterator, Mapping

from runner.app import accounting, service
from runner.app.comparison import Comparison, Wishes
from runner.app.workplace import Workplace, load_manifest
from runner.core.advice import Invocation
from runner.core.errors import Problem, UsageError
from runner.core.expansion import Survey, survey
from runner.core.model import Job, JobId, Manifest
from runner.core.money import Budget, Credits
from runner.core.plan import Books, Diff, Plan
from runner.core.records import Batch
from runner.core.task_times import TaskTimes
from runner.files.depot import Depot
from runner.report.claims import LONGEST_ROW_BYTES, job_id_in
from runner.report.metadata import NAME
from runner.store import batches, learned
from runner.store.writer import Connection


def plan(workplace: Workplace, path: str, wishes: Wishes) -> Plan:
    """The dry run: offline, without a token, and nothing is written.

    Raises ``ManifestError``, and ``UsageError`` where the name or the output directory belongs to another batch.
    """
    loaded = load_manifest(path)
    workplace.refuse_if_elsewhere(path)
    with workplace.reading() as connection:
        return plan_with(connection, workplace, loaded.manifest, wishes, loaded.warnings)


def validate(path: str) -> tuple[Survey, tuple[Problem, ...]]:
    """Read and expand a manifest to its end: what it asks for, and what is unwise in it. Raises ``ManifestError``."""
    loaded = load_manifest(path)
    found = survey(loaded.manifest)
    return found, (*loaded.warnings, *(one for one in found.warnings if one not in loaded.warnings))


def plan_with(
    connection: Connection | None,
    workplace: Workplace,
    manifest: Manifest,
    wishes: Wishes,
    warnings: tuple[Problem, ...] = (),
) -> Plan:
    """The same for a manifest that was read with these warnings, in a view of the state."""
    batch = None if connection is None else batches.by_name(connection, manifest.name)
    comparison = Comparison(connection, batch, wishes)
    diff = comparison.of(manifest)
    if connection is not None:
        _refuse_strangers(connection, workplace, manifest, batch, diff)
    price = max(manifest.provider.price.credits, batch.highest_charge if batch else Credits(0))
    return Plan(
        batch=manifest.name,
        manifest=manifest.path,
        quoted=manifest.provider.price,
        price=price,
        diff=diff,
        books=_books(batch, budget_in_force(manifest, batch, wishes.budget)),
        limits=manifest.limits,
        warnings=tuple(str(one) for one in dict.fromkeys((*warnings, *comparison.notes.warnings()))),
        retries=manifest.retries,
        task_times=_task_times(connection, workplace, manifest),
        account=None if connection is None else accounting.known(connection, workplace, manifest),
    )


def budget_in_force(manifest: Manifest, batch: Batch | None, asked: Budget | None) -> Credits | None:
    """The cap in credits: what was asked for now, or a person's earlier cap, or the manifest's.

    An earlier cap holds while the manifest says the same as then.
    """
    price = manifest.provider.price
    if asked is not None:
        return asked.in_credits(price)
    if batch is not None and batch.was_begun and batch.manifest_budget == budget_words(manifest):
        return batch.budget
    return None if manifest.budget is None else manifest.budget.in_credits(price)


def budget_words(manifest: Manifest) -> str:
    """The manifest's own cap as text; another text means that the manifest's value has changed."""
    budget = manifest.budget
    if budget is None:
        return ""
    if budget.credits is not None:
        return f"{budget.credits} credits"
    price = manifest.provider.price
    return f"{budget.usd} usd at {price.credits} credits for {price.usd}"


def _books(batch: Batch | None, budget: Credits | None) -> Books:
    if batch is None:
        return Books(budget=budget)
    return Books(batch.spent, batch.reserved, batch.unknown, budget)


def _task_times(
    connection: Connection | None, workplace: Workplace, manifest: Manifest
) -> Mapping[str, TaskTimes]:
    if connection is None:
        return {}
    origin = None if workplace.sandbox else service.origin_of(manifest)
    return {kind: TaskTimes(weights) for kind, weights in learned.task_times(connection, origin).items()}


def _refuse_strangers(
    connection: Connection, workplace: Workplace, manifest: Manifest, batch: Batch | None, diff: Diff
) -> None:
    """A name, or an output directory, that belongs to another manifest with no job in common is refused."""
    path = os.path.realpath(manifest.path)
    has_common = bool(diff.total - diff.new)
    if batch is not None and batch.manifest != path and batch.was_begun and not has_common:
        raise UsageError(
            f"{manifest.path}: the batch name {manifest.name!r} belongs to {batch.manifest}, which has no job in "
            "common with this manifest; give this one another `name`"
        )
    directory = workplace.output_dir(manifest)
    owner = batches.by_output_dir(connection, directory)
    if owner is not None and owner.name != manifest.name:
        raise UsageError(
            f"{manifest.path}: the output directory {directory} belongs to the batch {owner.name!r}; give this one "
            "another `output.dir`, or its old `name` if it is the same batch"
        )


def refuse_lost_state(root: Depot | None, new_jobs: Iterator[Job], call: Invocation) -> None:
    """Raise ``UsageError`` if the tree's metadata names jobs that the state does not know: they are paid for."""
    if root is None:
        return
    metadata = f"{root.path}/{NAME}"
    try:
        if not root.has(NAME):
            return
        named = {_number(job_id_in(line)) for line in root.lines(NAME, LONGEST_ROW_BYTES)}
    except OSError as error:
        raise UsageError(f"{metadata} cannot be read: {error.strerror}; nothing was sent") from error
    lost = next((job for job in new_jobs if _number(job.job_id) in named), None)
    if lost is not None:
        raise UsageError(
            f"{metadata} names job {lost.job_id}, which the state does not know: the state was lost, or this is "
            f"another one. `{call.of_manifest('adopt')}` takes the files over, free of charge; nothing was sent"
        )


def _number(job_id: JobId | None) -> int:
    """The first 60 bits of an id: a million of them have room in memory."""
    return -1 if job_id is None else int(job_id[:15], 16)
