"""Following an accepted task until the service has finished or failed it."""

from collections.abc import Callable

from runner.core.events import EventName
from runner.core.outcomes import (
    Completed,
    Echo,
    ErrorClass,
    Failed,
    NotFound,
    NothingLearned,
    Refused,
    Running,
    StatusOutcome,
    TaskId,
    Throttled,
)
from runner.core.polling import (
    NO_OUTPUT_ASKS,
    NO_OUTPUT_STEP_S,
    OVERDUE_STEP_S,
    Question,
    is_lost,
    is_overdue,
    step_after_failures_s,
)
from runner.core.records import StoredJob
from runner.core.steps import echo_agrees
from runner.engine.context import Context
from runner.store import attempts

_UNKNOWN_STEPS = 4
"""A fresh task that is not known yet is asked about every 8 s at least: its two minutes must show whether it comes."""


class Following:
    """The polls of one task: how many were answered, how often it was done without a file, whether it is late.

    ``on_late`` is called once, when the task is overdue: its slot is free again, and the run need not wait for it.
    ``is_fresh``: this run submitted it.
    """

    def __init__(self, ctx: Context, job: StoredJob, on_late: Callable[[], None], *, is_fresh: bool) -> None:
        if job.task_id is None or job.attempt is None:
            raise RuntimeError(f"job {job.job_id} is {job.state} without a task id")
        self._ctx = ctx
        self._job = job
        self._task_id: TaskId = job.task_id
        self._attempt: int = job.attempt
        self._on_late = on_late
        self._polls = 0
        self._empty = 0
        self._failures = 0  # asks in a row that told nothing about how far the task is
        self._is_late = False
        self._is_fresh = is_fresh
        self._accepted_at = ctx.now() - (0.0 if is_fresh else ctx.age_s(job.submitted_at))
        self._asked_at = self._running_at = self._accepted_at

    async def first_ask(self) -> bool:
        """Ask at once, before anything new is submitted; ``True`` if the task has ended."""
        self._asked_at = self._ctx.now()
        return await self._learn(await self._ctx.ask_at_once(self._task_id))

    async def to_its_end(self) -> None:
        """Ask until the task ended and that is recorded; returns early only where the run stops asking at all."""
        while not self._ctx.halt.stopped.is_set():
            self._asked_at, outcome = await self._ctx.ask_in_turn(self._task_id, self._question())
            if await self._learn(outcome):
                return

    async def _learn(self, outcome: StatusOutcome) -> bool:
        """Record what an answer says; ``True`` if the task has ended."""
        match outcome:
            case Throttled():
                self._failures += 1
                return False
            case NothingLearned(reached=reached):
                self._failures += 1
                self._polls += reached
                # Here as well: a service that only ever says 500 would keep the run for ever.
                await self._note_if_overdue()
                return False
            case Refused():
                return True
            case NotFound(message=message):
                self._failures = min(self._failures + 1, _UNKNOWN_STEPS)
                self._polls += 1
                if is_lost(self._age_s(), self._polls):
                    await self._trouble(f"the service does not know the task: {message}", ErrorClass.LOST)
                return False
            case Running(echo=echo) | Completed(echo=echo) | Failed(echo=echo):
                self._failures = 0
                self._polls += 1
                return await self._is_ours(echo) and await self._progress(outcome)

    async def _progress(self, outcome: Running | Completed | Failed) -> bool:
        match outcome:
            case Running(word=word):
                self._running_at = self._asked_at
                if word is not None:
                    self._ctx.note_unheard(word)
                await self._note_if_overdue()
                return False
            case Completed(urls=()):
                return await self._without_output(outcome)
            case Completed(urls=urls, charged=charged):
                if self._is_fresh:
                    # An earlier run's task may have ended long before anybody looked (or the wall clock jumped): as
                    # a typical time, that age would keep this run from asking about its own tasks for as long.
                    self._ctx.times_of(self._job).ended(self._running_at - self._accepted_at, self._age_s())
                stamp = self._ctx.stamp()
                booked = await self._ctx.record(attempts.complete, self._attempt, charged, urls, stamp)
                self._ctx.tell(EventName.COMPLETED, self._job.job_id, task_id=self._task_id, credits=booked)
                return True
            case Failed():
                return await self._failed(outcome)

    async def _note_if_overdue(self) -> None:
        if is_overdue(self._age_s(), self._polls, self._ctx.orders.limits.task_deadline_s):
            await self._trouble("not finished within its deadline", None)

    async def _without_output(self, outcome: Completed) -> bool:
        self._empty += 1
        if self._empty < NO_OUTPUT_ASKS:
            return False
        return await self._failed(
            Failed("done, but without a file", ErrorClass.NO_OUTPUT, outcome.charged or None)
        )

    async def _failed(self, outcome: Failed) -> bool:
        error, error_class = outcome.message, outcome.error_class
        stamp = self._ctx.stamp()
        booked = await self._ctx.record(
            attempts.fail, self._attempt, outcome.charged, error, error_class, stamp
        )
        details = {"task_id": self._task_id, "error": error, "error_class": error_class, "credits": booked}
        self._ctx.tell(EventName.FAILED, self._job.job_id, **details)
        return True

    async def _is_ours(self, echo: Echo) -> bool:
        if self._job.trusted or echo_agrees(echo, self._job.prompt, self._job.mode):
            return True
        named = f"{self._job.job_id}={self._task_id}"
        await self._trouble(
            f"task {self._task_id} shows another request than this job's; if it is right, "
            f"`runner resolve BATCH --task-id {named}` accepts it",
            ErrorClass.SERVICE,
        )
        return False

    async def _trouble(self, error: str, error_class: ErrorClass | None) -> None:
        if self._is_late:
            return
        self._is_late = True
        await self._ctx.note_trouble(self._job, error, error_class, overdue=True)
        self._on_late()

    def _age_s(self) -> float:
        return self._ctx.now() - self._accepted_at

    def _question(self) -> Question:
        """The next one; where what was learned last says nothing about the task's time, it has its own pace."""
        step_s = 0.0
        if self._empty:
            step_s = NO_OUTPUT_STEP_S
        elif self._is_late:
            step_s = OVERDUE_STEP_S
        if self._failures:
            step_s = max(step_s, step_after_failures_s(self._failures))
        times = self._ctx.times_of(self._job)
        return Question(times, self._accepted_at, self._running_at, self._asked_at + step_s)
