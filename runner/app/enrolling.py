"""Taking a manifest into the state: its batch, its cap, and its jobs."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from runner.app import comparison, planning
from runner.app.workplace import stamp
from runner.core.errors import ManifestError, UsageError
from runner.core.expansion import expand
from runner.core.model import Job, JobId, Manifest, Order
from runner.core.plan import Plan
from runner.core.records import Batch
from runner.core.retake import Retakes
from runner.store import batches, choices, enrolment, retakes
from runner.store.batches import BatchTerms
from runner.store.writer import Connection, DirectWriter, Writer


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
    """Enrol the manifest's jobs and these retakes a page a step; see ``Enrolment``."""
    return Enrolment(manifest, batch, wanted, texts).pages(writer)


@dataclass(slots=True)
class Enrolment:
    """Taking a manifest's jobs and these retakes into the state; nothing to do where they are enrolled already.

    ``texts`` is the fingerprint of the manifest when it was read: whoever edits it meanwhile has it enrolled next time.

    The retakes are those that were priced: what somebody wishes meanwhile waits for the next run, and what is wished no
    more is not made. Whoever stops between two pages leaves an enrolment that is simply done again.
    """

    manifest: Manifest
    batch: Batch
    wanted: Mapping[JobId, Retakes]
    texts: str
    total: int | None = None
    """How many jobs they are, if somebody has counted them."""

    taken: int = 0
    """How many were taken in."""

    last_rank: int = -1
    """The rank of the last of them."""

    _generation: int = 0
    _jobs: Iterator[Job] = field(default_factory=lambda: iter(()))

    def pages(self, writer: DirectWriter) -> Iterator[None]:
        """Take in a page a step, and the end after the last one."""
        if not self._again and self.batch.fingerprint == writer.write_now(self._fingerprint):
            return
        writer.write_now(batches.mark_tree, self.batch.pk, stale=True)
        self._generation = writer.write_now(enrolment.begin, self.batch.pk, self._begun)
        self._jobs = expand(self.manifest, None, self.wanted)
        while page := self._next_page():
            writer.write_now(self._take_in, page)
            self._has_taken(page)
            yield
        writer.write_now(self._end)

    @property
    def may_be_overtaken(self) -> bool:
        """Whether the jobs that are in may be worked while the others come: they are the first in the order of submission.

        So in a large batch of which there was never more. A later edit may move files that are there already.
        """
        is_in_order = self.manifest.order is not Order.SHUFFLE
        return self._is_first and is_in_order and self.taken >= enrolment.TRANSACTION

    def make_way(self, connection: Connection) -> None:
        """Leave none but the jobs of this enrolment where those are that are in; to be done before they are worked."""
        enrolment.clear_up_to(connection, self.batch.pk, self._generation, self.last_rank)

    async def take_in_rest(self, writer: Writer) -> str | None:
        """Take in what ``pages`` has left; why it must not be submitted, or ``None`` (see ``ports.Arrivals``)."""
        try:
            # In a thread: the jobs that are in are being worked meanwhile.
            while page := await asyncio.to_thread(self._next_page):
                await writer.write(self._take_in, page)
            if comparison.fingerprint(self.manifest) == self.texts:
                await writer.write(self._end)
                return None
        except (ManifestError, UsageError):  # it was edited to something that cannot be read
            pass
        return (
            f"{self.manifest.path} was edited while its jobs were being taken in; only the first {self.taken} were "
            "submitted, as they were priced; run it again"
        )

    @property
    def _is_first(self) -> bool:
        return not self.batch.generation and not self.wanted

    @property
    def _begun(self) -> str | None:
        if self.total is None or not self._is_first:
            return None
        return comparison.of_begun(self.texts, self.total)

    def _next_page(self) -> list[Job]:
        return list(islice(self._jobs, enrolment.TRANSACTION))

    def _has_taken(self, page: Sequence[Job]) -> None:
        self.taken += len(page)
        self.last_rank = page[-1].rank

    def _take_in(self, connection: Connection, page: Sequence[Job]) -> None:
        """The jobs of a page, but those that were to be made instead of one whose wish was taken back since the plan."""
        originals = [job.instead_of for job in page if job.instead_of is not None]
        if originals:
            wished = choices.of_jobs(connection, originals)
            page = [one for one in page if one.instead_of is None or wished[one.instead_of].again]
        enrolment.enrol(connection, self.batch.pk, page, self._generation)

    def _end(self, connection: Connection) -> None:
        for job_pk in self._again:  # those of a combination that is gone, or full
            choices.fulfil(connection, job_pk)
        enrolment.finish(connection, self.batch.pk, self._generation, self._fingerprint(connection))

    def _fingerprint(self, connection: Connection) -> str:
        return comparison.with_retakes(self.texts, retakes.made(connection, self.batch))

    @property
    def _again(self) -> list[int]:
        return [job_pk for one in self.wanted.values() for job_pk in one.again]


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
