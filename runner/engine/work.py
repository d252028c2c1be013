"""One job through its life: decide the next step, perform it, record what came of it, until nothing is left to do."""

import asyncio
import logging
from collections.abc import Callable

from runner.core.errors import StateError
from runner.core.events import EventName
from runner.core.model import JobState, OnUnknown
from runner.core.outcomes import ErrorClass
from runner.core.records import StoredJob
from runner.core.steps import Step, next_step, regenerates
from runner.engine.context import Context
from runner.engine.fetching import fetch
from runner.engine.following import Following
from runner.engine.gate import NoSlotError
from runner.engine.submission import identify, submit
from runner.store import decisions, reads

Begin = Callable[["Worker"], "asyncio.Task[None]"]

log = logging.getLogger(__name__)


class Worker:
    """Works one job. ``holds_slot`` says whether one of the slots of tasks in flight is counted for it now."""

    def __init__(self, ctx: Context, job: StoredJob, *, holds_slot: bool) -> None:
        self._ctx = ctx
        self._job = job
        self._holds_slot = holds_slot
        self._is_first_step = True
        self._is_submitted_here = False
        self.caught_up = asyncio.Event()
        """Set once the service was asked about what an earlier run had paid for."""

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._job.job_id

    async def run(self) -> None:
        """Work until the job rests; whatever goes wrong stays with this job, but a failing state ends the run."""
        try:
            await self._steps()
        except StateError as error:
            self._ctx.halt.state_failed(str(error))
        except Exception:
            # One job's bug must not end the others, which may be paid for.
            log.exception("job %s met an error of this program", self._job.job_id)
            self._ctx.tally.bugs += 1
        finally:
            self._ctx.canaries.note(self._job)
            self.caught_up.set()
            self._release_slot()

    async def _steps(self) -> None:
        step = self._next_step()
        while step is not Step.REST and await self._perform(step):
            self._is_first_step = False
            await self._read_again()
            step = self._next_step()
            if step is Step.REST and await self._is_allowed_again():
                await self._read_again()
                self._release_slot()  # tasks of earlier runs may hold more than there are: it waits for its turn
                step = Step.SUBMIT
        if self._job.state is JobState.FAILED and not self._job.removed:
            self._count_failure()

    async def _read_again(self) -> None:
        before = self._job
        self._job = await self._ctx.record(reads.stored_job, before.pk)
        self._ctx.progress.moved(before, self._job.state)

    def _next_step(self) -> Step:
        return next_step(self._job.state, has_candidate=self._job.candidate is not None)

    async def _perform(self, step: Step) -> bool:
        """Do one step; ``False`` if the job stays where it is for this run."""
        match step:
            case Step.SUBMIT:
                if not (self._is_first_step or self._is_submitted_here):
                    # What an earlier run began and is paid for again: beside a canary, it would be a second one.
                    self.caught_up.set()
                    self._ctx.changed.set()
                    await self._ctx.canaries.turn_of(self._job.job_id)
                self._is_submitted_here = await self._submit()
                return self._is_submitted_here
            case Step.IDENTIFY:
                return not self._ctx.halt.stopped.is_set() and await identify(self._ctx, self._job)
            case Step.FOLLOW:
                return await self._follow()
            case Step.FETCH:
                if not self._is_first_step:  # it was completed in this run
                    self._ctx.halt.job_proved()
                self._release_slot()
                self.caught_up.set()
                return await fetch(self._ctx, self._job)
            case Step.REST:
                return False

    async def _submit(self) -> bool:
        while True:
            if not self._holds_slot:
                await self._ctx.slots.take()
                self._holds_slot = True
            try:
                return await submit(self._ctx, self._job)
            except NoSlotError:
                self._release_slot()

    async def _follow(self) -> bool:
        following = Following(self._ctx, self._job, self._be_late, is_fresh=self._is_submitted_here)
        if not (self._is_first_step and await following.first_ask()):
            self.caught_up.set()
            await following.to_its_end()
        self._ctx.late.discard(self._task)
        return not self._ctx.halt.stopped.is_set()

    async def _is_allowed_again(self) -> bool:
        """Whether a policy of the manifest pays again for what was just recorded; recorded if so."""
        retries = self._ctx.orders.retries
        if self._ctx.halt.quiet.is_set() or self._job.removed:
            return False
        if self._job.state is JobState.UNKNOWN and retries.on_unknown is OnUnknown.RESUBMIT:
            stamp = self._ctx.stamp()
            await self._ctx.record(decisions.release, self._job.pk, stamp, "the manifest's policy")
            return True
        if self._job.state is JobState.FAILED and retries.regenerate_failed:
            failed = await self._ctx.record(reads.failed_attempts, self._job.pk)
            if regenerates(self._job.error_class, failed, retries.regenerate_failed):
                await self._ctx.record(decisions.retry, self._job.pk)
                return True
        return False

    def _count_failure(self) -> None:
        ctx, job = self._ctx, self._job
        if job.error_class is ErrorClass.MODERATION:
            ctx.moderated.refused(job.prompt_pk, job.mode, job.ratio)
        if ctx.halt.job_failed():
            ctx.tell(EventName.STOPPING, reason=ctx.halt.failures)

    def _be_late(self) -> None:
        # Another canary goes ahead now: paid for again, this job waits as one that is resumed does.
        self._is_submitted_here = False
        self.caught_up.set()
        self._ctx.canaries.note(self._job)
        self._release_slot()
        self._ctx.late.add(self._task)
        self._ctx.changed.set()

    def _release_slot(self) -> None:
        if self._holds_slot:
            self._holds_slot = False
            self._ctx.slots.release(self._job.job_id)
            self._ctx.changed.set()

    @property
    def _task(self) -> "asyncio.Task[None]":
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("jobs are worked by tasks")
        return task
