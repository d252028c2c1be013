"""A batch whose lock is held, on which a person decides job after job."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from runner.core.errors import UsageError
from runner.core.model import Job, JobId, JobState
from runner.core.records import Batch, StoredJob
from runner.store import attempts, batches, decisions, reads
from runner.store.writer import Connection, DirectWriter

PAGE = 500

_BEGINNING = re.compile(r"[0-9a-f]{1,24}")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a job stands now, and why; ``is_left``: it was asked for, and stays undecided."""

    job_id: JobId
    state: JobState
    note: str
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a call: the batch as it is now, how many jobs went to which state, and how many were left.

    ``passed`` jobs were told to be none that anything is decided about.

    ``died`` submissions of a process that had died were found, and are unknown now. ``stopped`` says why the service
    ended it.
    """

    batch: Batch
    moved: dict[JobState, int]
    left: int
    passed: int
    died: int
    stopped: str | None

    @property
    def exit_code(self) -> int:
        """5 where the service ended it, 1 where something is left, else 0."""
        if self.stopped is not None:
            return 5
        return 1 if self.left else 0


@dataclass(slots=True)
class Desk:
    """The decisions of one call, each told as soon as it is durable; to be made with the lock held.

    What a process that died left behind is put in order first.
    """

    writer: DirectWriter
    batch: Batch
    tell: Callable[[Decision], None]
    moved: dict[JobState, int] = field(default_factory=dict)
    left: int = 0
    passed: int = 0
    died: int = field(init=False)
    stopped: str | None = None

    def __post_init__(self) -> None:
        self.died = self.writer.write_now(attempts.recover, self.batch.pk)

    def in_state(self, state: JobState) -> Iterator[list[StoredJob]]:
        """The jobs in this state, removed ones too, in pages; they may be moved meanwhile."""
        after_pk = 0
        while page := self.writer.write_now(reads.in_state, self.batch.pk, state, after_pk, PAGE):
            yield page
            after_pk = page[-1].pk

    def named(self, beginnings: Sequence[str]) -> Iterator[list[StoredJob]]:
        """The jobs whose ids begin so, in pages; raises ``UsageError`` first if one is unknown or stands for several."""
        job_ids = list(dict.fromkeys(self._job_id(beginning) for beginning in beginnings))
        for start in range(0, len(job_ids), PAGE):
            yield self.writer.write_now(reads.jobs_named, self.batch.pk, job_ids[start : start + PAGE])

    def job(self, beginning: str) -> StoredJob:
        """The one job whose id begins so; raises ``UsageError``."""
        return self.writer.write_now(reads.jobs_named, self.batch.pk, [self._job_id(beginning)])[0]

    def decide(
        self, jobs: Sequence[StoredJob], change: Callable[[Connection, int], None], to: JobState, note: str
    ) -> None:
        """Make one change for several jobs in one transaction, and tell it; nothing for none."""
        if not jobs:
            return
        self.writer.write_now(decisions.for_each, [job.pk for job in jobs], change)
        for job in jobs:
            self.moved_to(job, to, note)

    def moved_to(self, job: StoredJob | Job, to: JobState, note: str) -> None:
        """Tell a decision that is durable."""
        self.moved[to] = self.moved.get(to, 0) + 1
        self.tell(Decision(job.job_id, to, note))

    def leave(self, job: StoredJob, note: str) -> None:
        """Tell that a job stays as it is though it needs a decision."""
        self.left += 1
        self.tell(Decision(job.job_id, job.state, note, is_left=True))

    def pass_by(self, job: StoredJob, note: str) -> None:
        """Tell that there is nothing to decide about a job that was named, or that has to be named for it."""
        self.passed += 1
        self.tell(Decision(job.job_id, job.state, note))

    def decided(self) -> Decided:
        """The whole."""
        fresh = self.writer.write_now(batches.by_pk, self.batch.pk)
        return Decided(fresh, self.moved, self.left, self.passed, self.died, self.stopped)

    def _job_id(self, beginning: str) -> JobId:
        wanted = beginning.strip().lower()
        found: list[JobId] = []
        if _BEGINNING.fullmatch(wanted):
            found = self.writer.write_now(reads.job_ids_beginning, self.batch.pk, wanted, _SHOWN + 1)
        if len(found) == 1:
            return found[0]
        name = self.batch.name
        if not found:
            raise UsageError(f"no job of {name} has the id {beginning!r}; `runner jobs {name}` lists them")
        shown = ", ".join(found[:_SHOWN]) + (" ..." if len(found) > _SHOWN else "")
        raise UsageError(f"the id {beginning!r} begins several jobs of {name}: {shown}; give more of it")
