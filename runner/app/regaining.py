"""What a person had added to a batch whose state was lost: further takes, and what was thought of the videos.

Both stand in the tree's list only. A take that the manifest does not name would be a stranger to it otherwise: its file would
stay without a job, and be paid for once more when its number comes up again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from runner.app.comparison import with_retakes
from runner.core.choice import Flag
from runner.core.combination import TAKES_MAX
from runner.core.expansion import expand
from runner.core.model import Job, JobId, JobState, Manifest
from runner.core.records import Batch
from runner.core.retake import Retakes
from runner.core.variation import combination_id_of, job_id_of
from runner.report.claims import Particulars, particulars_in
from runner.store import choices, enrolment, reads, retakes
from runner.store.writer import Connection, DirectWriter

PAGE = 200


@dataclass(frozen=True, slots=True)
class Regaining:
    """One batch, whose manifest has just been enrolled; ``lines`` starts a fresh reading of its tree's list."""

    writer: DirectWriter
    batch: Batch
    manifest: Manifest
    lines: Callable[[], Iterable[bytes | None]]

    def takes(self, texts: str) -> None:
        """Take in, as pending, what the list proves to be a further take of a combination that the manifest names.

        The id of a job follows from what was asked for, so that no row can claim another's. The state has all jobs of
        ``texts`` afterwards too.
        """
        further: dict[JobId, Particulars] = {}
        rejected: set[JobId] = set()
        for page in self._pages():
            known = self.writer.write_now(enrolment.known, self.batch.pk, [one.job_id for one in page])
            further |= {one.job_id: one for one in page if one.job_id not in known and self._is_proven(one)}
            rejected |= {one.job_id for one in page if one.choice.get("flag") == Flag.REJECT}
        if not further:
            return
        added = {key: {*takes} for key, takes in self.writer.write_now(retakes.made, self.batch).items()}
        for one in further.values():
            added.setdefault(self._combination(one), set()).add(one.take)
        wanted = {key: Retakes(frozenset(takes)) for key, takes in added.items()}
        new = [job for job in expand(self.manifest, None, wanted) if job.job_id in further]
        self.writer.write_now(self._take_in, new, rejected, texts)

    def choices(self, now: str) -> None:
        """Take over what was thought of the jobs that are done, where the state knows nothing of it yet."""
        for page in self._pages():
            if said := {one.job_id: one for one in page if one.choice}:
                self.writer.write_now(self._choose, said, now)

    def _pages(self) -> Iterator[list[Particulars]]:
        found = filter(None, map(particulars_in, self.lines()))
        while page := list(islice(found, PAGE)):
            yield page

    def _is_proven(self, one: Particulars) -> bool:
        return one.job_id == job_id_of(
            self.batch.provider, one.prompt, one.images, one.mode, one.ratio, one.take
        )

    def _combination(self, one: Particulars) -> JobId:
        return combination_id_of(self.batch.provider, one.prompt, one.images, one.mode, one.ratio)

    def _take_in(self, connection: Connection, new: Sequence[Job], rejected: set[JobId], texts: str) -> None:
        for job in new:
            known = replace(job, instead_of=self._original(connection, job, rejected))
            enrolment.enrol(connection, self.batch.pk, [known], self.batch.generation)
        made = retakes.made(connection, self.batch)
        enrolment.reprint(connection, self.batch.pk, with_retakes(texts, made))

    def _original(self, connection: Connection, job: Job, rejected: set[JobId]) -> int:
        """The job that the take was made instead of, as far as it can be told: a rejected one, else the one before it."""
        takes = {
            job_id_of(self.batch.provider, job.prompt, job.images, job.mode, job.ratio, take): take
            for take in range(1, TAKES_MAX + 1)
        }
        there = reads.jobs_named(connection, self.batch.pk, list(takes))
        remade = retakes.remade(connection, [one.pk for one in there])

        def unlikeliness(job_id: JobId) -> tuple[bool, bool, int]:
            take = takes[job_id]
            return job_id not in rejected, take > job.take, abs(take - job.take)

        # There is one: the manifest names a take at least, and each further one leaves one more.
        return min(
            (one for one in there if one.pk not in remade), key=lambda one: unlikeliness(one.job_id)
        ).pk

    def _choose(self, connection: Connection, said: dict[JobId, Particulars], now: str) -> None:
        jobs = reads.jobs_named(connection, self.batch.pk, list(said))
        chosen = choices.of_jobs(connection, [job.pk for job in jobs])
        for job in jobs:
            if job.state is JobState.DONE and job.pk not in chosen:
                choices.choose(connection, job.pk, said[job.job_id].choice, now)
