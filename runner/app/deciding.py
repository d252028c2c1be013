"""Submissions whose outcome is unknown: a person says what became of them."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial

from runner.app.desk import Decided, Decision, Desk
from runner.app.workplace import Workplace, stamp
from runner.core.errors import UsageError
from runner.core.model import JobState
from runner.core.outcomes import TaskId, task_id_of
from runner.core.records import StoredJob
from runner.store import decisions
from runner.store.attempts import DuplicateTaskError


class Ruling(StrEnum):
    """What is decided about an unknown submission without knowing its task."""

    ACCEPT_LOSS = "accept-loss"
    RESUBMIT = "resubmit"


def resolve(
    workplace: Workplace,
    named: str,
    ruling: Ruling,
    beginnings: Sequence[str],
    tell: Callable[[Decision], None],
) -> Decided:
    """Decide the unknown submissions of these jobs, or all of them; what they hold counts as spent from now on.

    Raises ``UsageError`` and ``BusyError`` with nothing decided.
    """
    with workplace.deciding(named) as (writer, batch):
        desk = Desk(writer, batch, tell)
        for page in _unknown(desk, beginnings):
            if ruling is Ruling.ACCEPT_LOSS:
                change = partial(decisions.write_off, now=stamp())
                desk.decide(page, change, JobState.FAILED, "its loss is accepted, and counts as spent")
            else:
                _resubmit(desk, page if beginnings else [job for job in page if not job.removed])
        return desk.decided()


def attach(
    workplace: Workplace,
    named: str,
    pairs: Sequence[str],
    tell: Callable[[Decision], None],
) -> Decided:
    """Say which task an unknown submission became, or that the task of a running job is its own: ``JOB=TASK`` each.

    All of them, or ``UsageError`` with none: for what is no pair, an unknown job, one that is neither unknown nor
    running, a running one with another task, and a task that belongs to another job. Also raises ``BusyError``.
    """
    written = [_pair(text) for text in pairs]
    with workplace.deciding(named) as (writer, batch):
        desk = Desk(writer, batch, tell)
        found = [(desk.job(beginning), task_id) for beginning, task_id in written]
        if len({job.pk for job, _ in found}) < len(found):
            raise UsageError("a job can be given one task only; nothing was changed")
        for job, task_id in found:
            _refuse_other(job, task_id)
        try:
            writer.write_now(decisions.attach, [(job.pk, task_id) for job, task_id in found])
        except DuplicateTaskError as error:
            raise UsageError(f"{error}; a task belongs to one job, nothing was changed") from error
        for job, task_id in found:
            desk.moved_to(job, JobState.RUNNING, f"task {task_id} is its own: `run` follows it")
        return desk.decided()


def _resubmit(desk: Desk, jobs: list[StoredJob]) -> None:
    """Release the jobs, those whose answer named a task apart: a person may want to look at that first the next time."""
    change = partial(decisions.release, now=stamp(), by="a person")
    note = "may be paid for again; the unknown submission counts as spent"
    desk.decide([job for job in jobs if job.candidate is None], change, JobState.PENDING, note)
    for job in jobs:
        if job.candidate is not None:
            named = f"{note}, though its answer named task {job.candidate}"
            desk.decide([job], change, JobState.PENDING, named)


def _unknown(desk: Desk, beginnings: Sequence[str]) -> Iterator[list[StoredJob]]:
    if not beginnings:
        yield from desk.in_state(JobState.UNKNOWN)
        return
    for page in desk.named(beginnings):
        for job in page:
            if job.state is not JobState.UNKNOWN:
                desk.pass_by(job, "not unknown: nothing to resolve")
        yield [job for job in page if job.state is JobState.UNKNOWN]


def _pair(text: str) -> tuple[str, TaskId]:
    beginning, _, written = text.partition("=")
    task_id = task_id_of(written)
    if not beginning or task_id is None:
        raise UsageError(
            f"{text!r} is not JOB=TASK: a job's id, and a task's id of 1 to 200 of A-Z a-z 0-9 . _ : -"
        )
    return beginning, task_id


def _refuse_other(job: StoredJob, task_id: TaskId) -> None:
    if job.state is JobState.RUNNING and job.task_id != task_id:
        raise UsageError(
            f"job {job.job_id} is running as task {job.task_id}, not {task_id}; nothing was changed"
        )
    if job.state not in {JobState.UNKNOWN, JobState.RUNNING}:
        raise UsageError(
            f"job {job.job_id} is {job.state}: only an unknown one, or a running one whose task is doubted, can be "
            "given its task; nothing was changed"
        )
