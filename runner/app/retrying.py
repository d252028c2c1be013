"""Failed jobs that may be paid for again: each task is asked about once more before."""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from runner.app import service
from runner.app.desk import Decided, Decision, Desk
from runner.app.workplace import Workplace, manifest_of, stamp
from runner.core.errors import UsageError
from runner.core.model import JobState, Manifest
from runner.core.money import Price
from runner.core.outcomes import Completed, ErrorClass, Failed, NotFound, Running
from runner.core.records import FailedTask, StoredJob
from runner.core.second_look import Verdict, verdict_of
from runner.core.steps import echo_agrees
from runner.engine.inquiry import Inquiry
from runner.store import attempts, decisions, reads

AT_ONCE = 20
"""Jobs that are asked about side by side."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a retry may lead to: so many jobs may be paid for again at the next run, for at most so many credits.

    ``moderated`` of them were refused by moderation, and most likely would be again.
    """

    jobs: int
    moderated: int
    credits: int
    price: Price


@dataclass(frozen=True, slots=True)
class RetryWishes:
    """Which failed jobs are meant.

    Those whose ids begin with one of ``beginnings``; without any, those that the manifest names and that failed by one
    of ``classes``; without these either, all of them. ``confirm`` is called with what that may cost, where there is
    something; it returns whether to go on.
    """

    beginnings: tuple[str, ...] = ()
    classes: tuple[ErrorClass, ...] = ()
    confirm: Callable[[Offer], bool] = lambda _: True
    sandbox_options: str = ""

    def means(self, job: StoredJob) -> bool:
        """Whether a failed job is among those that were asked for by their class, or by no more than having failed."""
        return not self.classes or job.error_class in self.classes


def retry(workplace: Workplace, named: str, wishes: RetryWishes, tell: Callable[[Decision], None]) -> Decided:
    """Put failed jobs back to pending, but those whose task turns out to be at work or completed.

    Never spends. Only jobs that no task was ever made for are decided without asking. Raises ``UsageError`` (no such
    batch or job, not confirmed, no token, another service), ``ManifestError`` and ``BusyError`` before anything is
    decided.
    """
    with workplace.deciding(named) as (writer, batch):
        retrial = _Retrial(Desk(writer, batch, tell), wishes)
        offer = retrial.offer()
        if offer.jobs and not wishes.confirm(offer):
            raise UsageError("not confirmed; nothing was changed")
        if not retrial.needs_asking():
            retrial.without_asking()
            return retrial.desk.decided()
        manifest = manifest_of(named, batch)
        service.refuse_other_origin(workplace, manifest, batch, "Name the manifest that it was paid with")
        with service.pointed(workplace, manifest, wishes.sandbox_options) as pointed:
            token = service.token_of(workplace, pointed)
            asyncio.run(retrial.with_asking(pointed, token))
        return retrial.desk.decided()


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen of one task."""

    task: FailedTask
    told: Running | Completed | Failed | NotFound
    verdict: Verdict


@dataclass(slots=True)
class _Retrial:
    desk: Desk
    wishes: RetryWishes

    def offer(self) -> Offer:
        """What is asked for, at the price of the next reservation."""
        batch, jobs, moderated = self.desk.batch, 0, 0
        for page in self._failed():
            jobs += len(page)
            moderated += sum(job.error_class is ErrorClass.MODERATION for job in page)
        return Offer(jobs, moderated, jobs * batch.reservation_price, batch.price)

    def needs_asking(self) -> bool:
        """Whether a task was made for any of the jobs: it may have completed after all."""
        return any(self._tasks_of(page) for page in self._failed())

    def without_asking(self) -> None:
        for page in self._failed(tell_others=True):
            self._again(page)

    async def with_asking(self, manifest: Manifest, token: str) -> None:
        """Ask about every task, job by job; ends early, with ``stopped`` set, where the service does not answer."""
        async with service.connected(manifest, token) as provider:
            inquiry = Inquiry.within(manifest.limits, provider, random.SystemRandom())
            for page in self._failed(tell_others=True):
                await self._judge(page, inquiry)
                if inquiry.stopped is not None:
                    break
        self.desk.stopped = inquiry.stopped

    async def _judge(self, page: list[StoredJob], inquiry: Inquiry) -> None:
        tasks = self._tasks_of(page)
        self._again([job for job in page if job.pk not in tasks])
        asked = [job for job in page if job.pk in tasks]
        for start in range(0, len(asked), AT_ONCE):
            few = asked[start : start + AT_ONCE]
            async with asyncio.TaskGroup() as group:
                looking = [group.create_task(_look(inquiry, job, tasks[job.pk])) for job in few]
            for job, look in zip(few, looking, strict=True):
                self._decide(job, look.result())

    def _decide(self, job: StoredJob, look: _Look | None) -> None:
        desk = self.desk
        match look:
            case None:
                desk.leave(job, "nobody could say how its task stands: nothing was changed")
            case _Look(task=task, told=Completed(urls=urls, charged=charged), verdict=Verdict.FETCH):
                booked = desk.writer.write_now(decisions.recovered, task.attempt, charged, urls, stamp())
                note = (
                    f"task {task.task_id} was completed after all ({booked} credits): `run` fetches its files"
                )
                desk.moved_to(job, JobState.FETCHING, note)
            case _Look(task=task, verdict=Verdict.FOLLOW):
                desk.writer.write_now(decisions.reopen, task.attempt)
                note = f"task {task.task_id} is at work after all: `run` follows it, nothing is paid again"
                desk.moved_to(job, JobState.RUNNING, note)
            case _Look(task=task, told=Completed(urls=()), verdict=Verdict.WAIT):
                # From now on it is a task without a file: asked about once more in vain, it is given up.
                trouble = "done, but without a file"
                desk.writer.write_now(attempts.note_trouble, job.pk, trouble, ErrorClass.NO_OUTPUT)
                desk.leave(
                    job, f"task {task.task_id} was completed after all, but shows no file yet: ask later"
                )
            case _Look(task=task, verdict=Verdict.WAIT):
                desk.leave(
                    job, f"task {task.task_id} shows another request than this job's: nothing was changed"
                )
            case _:
                desk.decide(
                    [job], decisions.retry, JobState.PENDING, f"may be paid for again: {_why(look.told)}"
                )

    def _again(self, jobs: list[StoredJob]) -> None:
        note = "may be paid for again: no task was ever made for it"
        self.desk.decide(jobs, decisions.retry, JobState.PENDING, note)

    def _failed(self, *, tell_others: bool = False) -> Iterator[list[StoredJob]]:
        """The failed jobs that were asked for, in pages."""
        if not self.wishes.beginnings:
            yield from self._failed_of_class()
            return
        for page in self.desk.named(self.wishes.beginnings):
            for job in page:
                if tell_others and job.state is not JobState.FAILED:
                    self.desk.pass_by(job, "not failed: nothing to retry")
            yield [job for job in page if job.state is JobState.FAILED]

    def _failed_of_class(self) -> Iterator[list[StoredJob]]:
        for page in self.desk.in_state(JobState.FAILED):
            yield [job for job in page if not job.removed and self.wishes.means(job)]

    def _tasks_of(self, jobs: Iterable[StoredJob]) -> dict[int, list[FailedTask]]:
        return self.desk.writer.write_now(reads.failed_tasks, [job.pk for job in jobs])


async def _look(inquiry: Inquiry, job: StoredJob, tasks: list[FailedTask]) -> _Look | None:
    """The look that counts: at one that was completed, else at all; ``None`` where one of them could not be had."""
    looks: list[_Look] = []
    for task in tasks:
        told = await inquiry.told(task.task_id)
        if told is None:
            return None
        is_ours = isinstance(told, NotFound) or task.trusted or echo_agrees(told.echo, job.prompt, job.mode)
        looks.append(_Look(task, told, verdict_of(told, job.error_class, is_ours=is_ours)))
        if looks[-1].verdict is Verdict.FETCH:
            break
    return min(looks, key=lambda look: look.verdict)


def _why(told: Running | Completed | Failed | NotFound) -> str:
    match told:
        case Failed(message=message):
            return f"its task failed ({message})"
        case NotFound():
            return "the service does not know its task any more"
        case _:
            return "its task was completed without a file"
