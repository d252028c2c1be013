"""One pass over a manifest's jobs, page by page, each looked up in the state."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeGuard

from runner.core.breakdown import Tally
from runner.core.errors import UsageError
from runner.core.expansion import expand
from runner.core.filters import matches
from runner.core.jobs_seen import Watch
from runner.core.model import Job, JobId, JobState, Manifest
from runner.core.money import Budget
from runner.core.notes import Notes
from runner.core.plan import Diff
from runner.core.records import Batch, Counts
from runner.core.retake import NO_RETAKES, Retakes
from runner.store import enrolment, reads, retakes
from runner.store.writer import Connection

_BEGUN = "begun "


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asks of this call: a cap that replaces the manifest's, and which jobs, at most how many.

    ``examples``, ``tally`` (the tables) and ``watch`` (what a saved plan is held against) say what is to be found out
    on the way; without any of them a manifest that is enrolled already need not be expanded.
    """

    budget: Budget | None = None
    only: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    examples: int = 3
    tally: bool = False
    watch: bool = False


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


def with_retakes(texts: str, made: Mapping[JobId, Iterable[int]]) -> str:
    """The same (``texts``) for a batch with takes that were made beyond its manifest, by their combinations."""
    if not made:
        return texts
    listed = [f"{combination} {sorted(made[combination])}" for combination in sorted(made)]
    return hashlib.sha256("\n".join([texts, *listed]).encode()).hexdigest()


def of_begun(texts: str, total: int) -> str:
    """The fingerprint of a batch whose first enrolment goes on: from what texts, and how many jobs they are."""
    return f"{_BEGUN}{texts} {total}"


def is_begun(fingerprint: str | None) -> TypeGuard[str]:
    """Whether it is that of a first enrolment that was not ended."""
    return fingerprint is not None and fingerprint.startswith(_BEGUN)


def total_of_begun(fingerprint: str, texts: str) -> int | None:
    """How many jobs these texts are, if they are those of a first enrolment that was begun; else ``None``."""
    begun = f"{_BEGUN}{texts} "
    return int(fingerprint.removeprefix(begun)) if fingerprint.startswith(begun) else None


def pages(jobs: Iterator[Job]) -> Iterator[list[Job]]:
    """Jobs in pages of the size that the state takes at once."""
    while page := list(islice(jobs, enrolment.PAGE)):
        yield page


class Comparison:
    """How a manifest differs from what the state holds of its batch."""

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
        self._tally = Tally() if wishes.tally else None
        self._watch = Watch() if wishes.watch else None

    def of(self, manifest: Manifest) -> Diff:
        """The difference, with what the wishes ask to be found out."""
        stored, wanted = None, NO_RETAKES
        if self._connection is not None and self._batch is not None:
            stored = reads.counts(self._connection, self._batch.pk)
            wanted = retakes.wanted(self._connection, self._batch)
            if not self._needs_the_jobs and self._is_enrolled(manifest, wanted):
                return self._unchanged(stored, wanted)
            if (total := self._total_of_begun(manifest, wanted)) is not None:
                return self._begun(stored, total)
        for page in pages(expand(manifest, self.notes, wanted)):
            self._look_up(page)
        return Diff(
            new=self._new,
            by_state={state: self._by_state[state] for state in JobState},
            removed=0 if stored is None else stored.total + stored.removed - self._known,
            may_submit=self._limited(self._submittable),
            examples=tuple(self._examples),
            breakdown=None if self._tally is None else self._tally.breakdown(),
            seen=None if self._watch is None else self._watch.seen(),
            retakes=wanted,
        )

    @property
    def _needs_the_jobs(self) -> bool:
        return bool(self._wishes.examples or self._wishes.tally or self._wishes.watch)

    def _is_enrolled(self, manifest: Manifest, wanted: Mapping[JobId, Retakes]) -> bool:
        """Whether the state has just these jobs."""
        if self._batch is None or any(one.again for one in wanted.values()):
            return False
        added = {key: one.added for key, one in wanted.items()}
        return self._batch.fingerprint == with_retakes(fingerprint(manifest), added)

    def _unchanged(self, stored: Counts, wanted: Mapping[JobId, Retakes]) -> Diff:
        """The texts are those that were enrolled, so the state knows it all: a million jobs need no expansion.

        The retakes go with it all the same: whoever edits the manifest from now on has it enrolled, and they stay.
        """
        if self._connection is None or self._batch is None:
            raise RuntimeError("only a batch that is in the state can be unchanged")
        pending = reads.count_claimable(self._connection, self._batch.pk, self._wishes.only)
        return Diff(
            new=0,
            by_state=stored.by_state,
            removed=stored.removed,
            may_submit=self._limited(pending),
            retakes=wanted,
        )

    def _total_of_begun(self, manifest: Manifest, wanted: Mapping[JobId, Retakes]) -> int | None:
        """How many jobs it names, where its first enrolment was begun: they were all checked and counted then."""
        if self._batch is None or self._needs_the_jobs or self._wishes.only or wanted:
            return None
        begun = self._batch.fingerprint
        # Looked at before the files are hashed: they are for the batch of every edited manifest already.
        return total_of_begun(begun, fingerprint(manifest)) if is_begun(begun) else None

    def _begun(self, stored: Counts, total: int) -> Diff:
        if self._connection is None or self._batch is None:
            raise RuntimeError("only a batch that is in the state can be begun")
        pending = reads.count_claimable(self._connection, self._batch.pk, {})
        new = max(0, total - stored.total)
        return Diff(
            new=new,
            by_state=stored.by_state,
            removed=stored.removed,
            may_submit=self._limited(pending + new),
            is_begun=True,
        )

    def _limited(self, jobs: int) -> int:
        return jobs if self._wishes.limit is None else min(self._wishes.limit, jobs)

    def _look_up(self, page: list[Job]) -> None:
        known: dict[str, enrolment.Known] = {}
        if self._connection is not None and self._batch is not None:
            found = enrolment.known(self._connection, self._batch.pk, [job.job_id for job in page])
            known = {str(job_id): one for job_id, one in found.items()}
        self._known += len(known)
        for job in page:
            one = known.get(job.job_id)
            self._count(job, None if one is None else one.state)

    def _count(self, job: Job, state: JobState | None) -> None:
        if state is None:
            self._new += 1
        else:
            self._by_state[state] += 1
        is_unsent = state is None or state is JobState.PENDING
        may_submit = is_unsent and matches(job, self._wishes.only)
        if may_submit:
            self._submittable += 1
            if len(self._examples) < self._wishes.examples:
                self._examples.append(job)
        if self._tally is not None:
            self._tally.add(job, state, may_submit=may_submit)
        if self._watch is not None:
            self._watch.add(job, state, may_submit=may_submit)
