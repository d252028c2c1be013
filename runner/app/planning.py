"""What a manifest asks for, against the state: the dry run, and the checks that every run begins with."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from runner.app.workplace import Workplace, load_manifest
from runner.core.errors import Problem, UsageError
from runner.core.expansion import Survey, expand, survey
from runner.core.filters import matches
from runner.core.model import Job, JobId, JobState, Manifest
from runner.core.money import Budget, Credits
from runner.core.notes import Notes
from runner.core.plan import Books, Diff, Plan
from runner.core.records import Batch, Counts
from runner.files.lines import lines_of
from runner.files.root import OutputRoot
from runner.report.claims import LONGEST_ROW_BYTES, job_id_in
from runner.report.metadata import NAME
from runner.store import batches, enrolment, reads
from runner.store.writer import Connection


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks of this call: a cap that replaces the manifest's, and which jobs, at most how many."""

    budget: Budget | None = None
    only: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    examples: int = 3


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
    comparison = _Comparison(connection, batch, wishes)
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
    )


def budget_in_force(manifest: Manifest, batch: Batch | None, asked: Budget | None) -> Credits | None:
    """The cap in credits: what was asked for now, or a person's earlier cap, or the manifest's.

    An earlier cap holds while the manifest says the same as then.
    """
    price = manifest.provider.price
    if asked is not None:
        return asked.in_credits(price)
    if batch is not None and batch.generation and batch.manifest_budget == budget_words(manifest):
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


def fingerprint(manifest: Manifest) -> str:
    """A hash of every text that the jobs come from; the same one means the same jobs."""
    digest = hashlib.sha256(b"expansion 1")
    for path in (manifest.path, *manifest.prompt_files):
        try:
            with Path(path).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:  # it was read a moment ago
            raise UsageError(f"{path} cannot be read any more: {error.strerror}") from error
    return digest.hexdigest()


def pages(jobs: Iterator[Job]) -> Iterator[list[Job]]:
    """Jobs in pages of the size that the state takes at once."""
    while page := list(islice(jobs, enrolment.PAGE)):
        yield page


class _Comparison:
    """One pass over a manifest's jobs, looking each page up in the state."""

    def __init__(self, connection: Connection | None, batch: Batch | None, wishes: Wishes) -> None:
        self._connection = connection
        self._batch = batch
        self._wishes = wishes
        self.notes = Notes()
        self._by_state: Counter[JobState] = Counter()
        self._new = 0
        self._known = 0
        self._submittable = 0
        self._examples: list[Job] = []

    def of(self, manifest: Manifest) -> Diff:
        """How the manifest differs from the state."""
        stored = None
        if self._connection is not None and self._batch is not None:
            stored = reads.counts(self._connection, self._batch.pk)
            if self._batch.fingerprint == fingerprint(manifest) and not self._wishes.examples:
                return self._unchanged(stored)
        for page in pages(expand(manifest, self.notes)):
            self._look_up(page)
        limit = self._wishes.limit
        return Diff(
            new=self._new,
            by_state={state: self._by_state[state] for state in JobState},
            removed=0 if stored is None else stored.total + stored.removed - self._known,
            may_submit=self._submittable if limit is None else min(limit, self._submittable),
            examples=tuple(self._examples),
        )

    def _unchanged(self, stored: Counts) -> Diff:
        """The texts are those that were enrolled, so the state knows it all: a million jobs need no expansion."""
        if self._connection is None or self._batch is None:
            raise RuntimeError("only a batch that is in the state can be unchanged")
        pending = reads.count_claimable(self._connection, self._batch.pk, self._wishes.only)
        limit = self._wishes.limit
        return Diff(
            new=0,
            by_state=stored.by_state,
            removed=stored.removed,
            may_submit=pending if limit is None else min(limit, pending),
        )

    def _look_up(self, page: list[Job]) -> None:
        known: dict[str, enrolment.Known] = {}
        if self._connection is not None and self._batch is not None:
            found = enrolment.known(self._connection, self._batch.pk, [job.job_id for job in page])
            known = {str(job_id): one for job_id, one in found.items()}
        self._known += len(known)
        for job in page:
            one = known.get(job.job_id)
            if one is None:
                self._new += 1
            else:
                self._by_state[one.state] += 1
            is_submittable = one is None or one.state is JobState.PENDING
            if is_submittable and matches(job, self._wishes.only):
                self._submittable += 1
                if len(self._examples) < self._wishes.examples:
                    self._examples.append(job)


def _books(batch: Batch | None, budget: Credits | None) -> Books:
    if batch is None:
        return Books(budget=budget)
    return Books(batch.spent, batch.reserved, batch.unknown, budget)


def _refuse_strangers(
    connection: Connection, workplace: Workplace, manifest: Manifest, batch: Batch | None, diff: Diff
) -> None:
    """A name, or an output directory, that belongs to another manifest with no job in common is refused."""
    path = os.path.realpath(manifest.path)
    has_common = bool(diff.total - diff.new)
    if batch is not None and batch.manifest != path and batch.generation and not has_common:
        raise UsageError(
            f"{manifest.path}: the batch name {manifest.name!r} belongs to {batch.manifest}, which has no job in "
            "common with this manifest; give this one another `name`"
        )
    directory = str(workplace.output_dir(manifest))
    owner = batches.by_output_dir(connection, directory)
    if owner is not None and owner.name != manifest.name:
        raise UsageError(
            f"{manifest.path}: the output directory {directory} belongs to the batch {owner.name!r}; give this one "
            "another `output.dir`, or its old `name` if it is the same batch"
        )


def refuse_lost_state(output_dir: Path, new_jobs: Iterator[Job]) -> None:
    """Raise ``UsageError`` if the tree's metadata names jobs that the state does not know: they are paid for."""
    metadata = output_dir / NAME
    if not metadata.exists():
        return
    try:
        with OutputRoot(str(output_dir), create=False) as root:
            named = {_number(job_id_in(line)) for line in lines_of(root, NAME, LONGEST_ROW_BYTES)}
    except OSError as error:
        raise UsageError(f"{metadata} cannot be read: {error.strerror}; nothing was sent") from error
    lost = next((job for job in new_jobs if _number(job.job_id) in named), None)
    if lost is not None:
        raise UsageError(
            f"{metadata} names job {lost.job_id}, which the state does not know: the state was lost, or this is "
            "another one. `runner adopt MANIFEST` takes the files over, free of charge; nothing was sent"
        )


def _number(job_id: JobId | None) -> int:
    """The first 60 bits of an id: a million of them have room in memory."""
    return -1 if job_id is None else int(job_id[:15], 16)
