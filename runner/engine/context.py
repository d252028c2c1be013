"""What the workers of one run share."""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from runner.core.backoff import backoff_s
from runner.core.events import EventName, RunEvent
from runner.core.moderated import Moderated
from runner.core.outcomes import ErrorClass, NothingLearned, Refused, StatusOutcome, TaskId
from runner.core.pacing import Pace
from runner.core.polling import Question
from runner.core.records import StoredJob
from runner.core.safe_text import for_terminal
from runner.core.task_times import TaskTimes, kind_of
from runner.engine.canaries import Canaries
from runner.engine.gate import Gate
from runner.engine.halt import Halt
from runner.engine.ports import Orders, Ports
from runner.engine.progress import Progress
from runner.engine.slots import Slots
from runner.store import attempts, learned
from runner.store.writer import Connection

log = logging.getLogger(__name__)

_UNHEARD_MAX = 20

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """What this run did: submissions made or being made, jobs given up because they never left, bugs met.

    ``held`` jobs were left pending in this pass, because their prompt is one of ``paused`` (its row and its id).
    """

    submissions: int = 0
    never_sent: set[str] = field(default_factory=set)
    bugs: int = 0
    held: int = 0
    paused: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Context:
    """One run.

    ``workers`` are its tasks, ``in_air`` are the workers whose POST must be waited for, ``late`` those whose task is overdue;
    ``changed`` is set when a worker ends, turns late, gives its slot back or waits for the canaries. Jobs of a rank above
    ``last_rank`` may not be submitted yet, and ``to_come`` are not in the state yet (see ``Arrivals``).
    """

    orders: Orders
    ports: Ports
    gate: Gate
    slots: Slots
    downloads: asyncio.Semaphore
    halt: Halt = field(default_factory=Halt)
    tally: Tally = field(default_factory=Tally)
    progress: Progress = field(default_factory=Progress)
    times: dict[str, TaskTimes] = field(default_factory=dict)
    workers: set["asyncio.Task[None]"] = field(default_factory=set)
    in_air: set["asyncio.Task[None]"] = field(default_factory=set)
    late: set["asyncio.Task[None]"] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    canaries: Canaries = field(default_factory=Canaries)
    moderated: Moderated = field(default_factory=Moderated)
    unheard: set[str] = field(default_factory=set)
    is_origin_pinned: bool = False
    last_rank: float = math.inf
    to_come: int = 0

    @classmethod
    def of(cls, orders: Orders, ports: Ports) -> "Context":
        """A fresh context; to be made inside the loop."""
        limits = orders.limits
        pace = Pace(limits.requests_per_minute, limits.submissions_per_hour)
        gate = Gate(pace, ports.random, ports.tell)
        arrivals = ports.arrivals
        return cls(
            orders=orders,
            ports=ports,
            gate=gate,
            halt=Halt(gate.end_submission),
            slots=Slots(limits.in_flight),
            downloads=asyncio.Semaphore(ports.downloads or limits.downloads),
            last_rank=math.inf if arrivals is None else arrivals.last_rank,
            to_come=0 if arrivals is None else arrivals.jobs,
        )

    @property
    def has_submitted_enough(self) -> bool:
        """Whether as many submissions were made, or are being made, as this run may make (``--limit``)."""
        bound = self.orders.submissions
        return bound is not None and self.tally.submissions >= bound

    @property
    def downloads_max(self) -> int:
        """How many files are fetched at once."""
        return self.ports.downloads or self.orders.limits.downloads

    @property
    def may_begin(self) -> bool:
        """Whether another pending job may be begun now."""
        return not self.halt.is_closed and not self.has_submitted_enough

    @property
    def at_work(self) -> set["asyncio.Task[None]"]:
        """The workers that must be waited for: not those whose task is overdue, nor those that wait for the canaries."""
        waiting = self.canaries.waiting
        return {worker for worker in self.workers - self.late if worker.get_name() not in waiting}

    def all_are_in(self) -> None:
        """The jobs that were to come are in the state."""
        self.last_rank, self.to_come = math.inf, 0

    def holds_back(self, job: StoredJob) -> bool:
        """Whether a job stays pending because its prompt is paused; whoever names the prompt gets it all the same."""
        return "prompt" not in self.orders.only and self.moderated.is_paused(job.prompt_pk)

    def hold_back(self, job: StoredJob) -> None:
        """Count a job that stays pending so; its prompt is told once."""
        self.tally.held += 1
        if job.prompt_pk not in self.tally.paused:
            self.tally.paused[job.prompt_pk] = job.prompt_id
            reason = "moderation refused this prompt in several modes or ratios"
            self.tell(EventName.PAUSED, prompt_id=job.prompt_id, reason=reason)

    async def idle(self) -> None:
        """Wait until nobody is at work."""
        while self.at_work:
            self.changed.clear()
            await self.changed.wait()

    def times_of(self, job: StoredJob) -> TaskTimes:
        """What is known of how long tasks of the job's kind take: those of its mode, with images or without."""
        return self.times.setdefault(kind_of(job.mode, has_images=bool(job.images)), TaskTimes())

    async def recall_times(self) -> None:
        """Begin with what earlier runs learned of this service."""
        known = await self.record(learned.task_times, self.orders.origin)
        self.times.update({kind: TaskTimes(weights) for kind, weights in known.items()})

    async def keep_times(self) -> None:
        """Leave what this run learned to the next ones."""
        seen = {kind: times.weights for kind, times in self.times.items() if times.count}
        if seen:
            await self.record(learned.keep_task_times, self.orders.origin, seen)

    async def record(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a change to the state, or ask it something; durable when this returns."""
        return await self.ports.state.write(change, *args, **kwargs)

    async def note_trouble(
        self, job: StoredJob, error: str, error_class: ErrorClass | None, *, overdue: bool = False
    ) -> None:
        """Show what keeps a running or fetching job from ending, in the state and to whoever looks."""
        self.progress.troubled(job.job_id, error, error_class)
        await self.record(attempts.note_trouble, job.pk, error, error_class, overdue=overdue)

    async def ask_at_once(self, task_id: TaskId) -> StatusOutcome:
        """Ask the service about a task that is paid for, before anything new is submitted."""
        return await self._ask_status(task_id, await self.gate.at_once())

    async def ask_in_turn(self, task_id: TaskId, question: Question) -> tuple[float, StatusOutcome]:
        """Ask the service about a task when that is worth a request; also gives the moment at which it was asked."""
        sent_at = await self.gate.worth_asking(question)
        return sent_at, await self._ask_status(task_id, sent_at)

    async def _ask_status(self, task_id: TaskId, sent_at: float) -> StatusOutcome:
        if self.halt.stopped.is_set():  # since its turn came
            self.gate.lost(sent_at)
            return NothingLearned("nothing is asked any more", reached=False)
        try:
            outcome = await self.ports.provider.status(task_id)
        except asyncio.CancelledError:
            self.gate.lost(sent_at)
            raise
        # Before the gate lets the next one through: it must know whether asking is over.
        match outcome:
            case NothingLearned(reached=False, reason=reason):
                self.halt.unreached(self.now(), reason)
            case Refused(message=message):
                self.halt.reached()
                self.halt.service_refuses(message, all_calls=True)
            case _:
                self.halt.reached()
        self.gate.heard(sent_at, outcome)
        return outcome

    async def back_off(self, attempt: int) -> None:
        """Wait before the ``attempt``-th retry, with full jitter."""
        await asyncio.sleep(backoff_s(attempt, self.ports.random.random()))

    def tell(self, name: EventName, job_id: str | None = None, **details: object) -> None:
        """Report something that happened."""
        event = RunEvent(name, job_id, details)
        self.progress.happened(event)
        self.ports.tell(event)

    def note_unheard(self, word: str) -> None:
        """Log a status word that nobody knows: each once, and no more of them than a person would read."""
        if word not in self.unheard and len(self.unheard) < _UNHEARD_MAX:
            self.unheard.add(word)
            log.warning("the service calls a task %r, which is taken as running", for_terminal(word))

    def now(self) -> float:
        """Seconds of the loop's clock, which never goes back."""
        return asyncio.get_running_loop().time()

    def stamp(self) -> str:
        """The present moment as it is stored: ISO 8601 in UTC."""
        return self.ports.utc_now().astimezone(UTC).isoformat(timespec="milliseconds")

    def age_s(self, stamp: str | None) -> float:
        """Seconds since a stored moment, at least 0; 0 where there is none."""
        if stamp is None:
            return 0.0
        return max(0.0, (self.ports.utc_now() - datetime.fromisoformat(stamp)).total_seconds())
