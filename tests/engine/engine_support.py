"""The engine between a scripted service and scripted files, on a real state, in time that jumps."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from clock import in_virtual_time
from store_support import Shop, job_of

from runner.core.ending import Ending
from runner.core.events import EventName, RunEvent
from runner.core.model import Job, Limits, Retries
from runner.core.money import Credits
from runner.core.outcomes import (
    Accepted,
    Completed,
    Failed,
    GenerationRequest,
    StatusOutcome,
    SubmitOutcome,
    TaskId,
)
from runner.engine.ports import Orders, Ports
from runner.engine.run import Run
from runner.files.outcomes import Content, Fetched, FetchOutcome, Placed, PlaceOutcome
from runner.providers.grokimagine.wire import classify_status, classify_submit

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FILE = Fetched(Content(7, "ab" * 32), ".mp4")
DONE = Completed(("https://cdn/1.mp4",), Credits(40))
FAST = Limits(in_flight=10, requests_per_minute=6000.0)
NO_LUCK = Failed("no luck", charged=0)
FOREVER = 10**6


def posted(
    status: int, body: Any = b"", headers: dict[str, str] | None = None, *, cut: bool = False
) -> SubmitOutcome:
    """What the provider makes of this HTTP answer to a POST; a body that is no bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_submit(status, headers or {}, raw, not cut)


def asked(status: int, body: Any = b"", task: str = "task-1") -> StatusOutcome:
    """What the provider makes of this HTTP answer to a status question."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_status(TaskId(task), status, {}, raw, complete=True)


def with_images(rank: int) -> Job:
    """A job whose mode depends on its rank; the eighth has an image."""
    return job_of(rank, mode="fun" if rank % 2 else "normal", images=("https://x/1.png",) * (rank == 7))


@dataclass
class Service:
    """A provider that answers by a script.

    ``posts`` are the answers to POSTs in the order of their arrival, then each is accepted as ``task-<n>``; ``tasks``
    are those to the questions about a task, the last of them again and again, or ``usual``. A callable is asked for
    its answer at that moment. ``calls`` notes when what was asked, ``company`` how many other submissions and tasks
    were under way when a POST arrived.
    """

    posts: list[Any] = field(default_factory=list)
    tasks: dict[str, list[Any]] = field(default_factory=dict)
    usual: list[Any] = field(default_factory=lambda: [DONE])
    post_s: float = 0.1
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    company: list[int] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)
    numbered: int = 0
    capabilities: Any = None

    @property
    def posted(self) -> list[str]:
        """The prompts of the POSTs, in the order of arrival."""
        return [what for _, kind, what in self.calls if kind == "POST"]

    @property
    def polled(self) -> list[str]:
        """The tasks that were asked about, in the order of arrival."""
        return [what for _, kind, what in self.calls if kind == "GET"]

    def times(self, kind: str) -> list[float]:
        return [at for at, each, _ in self.calls if each == kind]

    async def submit(self, request: GenerationRequest) -> SubmitOutcome:
        self.calls.append((asyncio.get_running_loop().time(), "POST", request.prompt))
        self.numbered += 1
        number = f"POST {self.numbered}"
        self.company.append(len(self.under_way))
        self.under_way.add(number)
        answer = self.posts.pop(0) if self.posts else Accepted(TaskId(f"task-{self.numbered}"))
        try:
            await asyncio.sleep(self.post_s)
        finally:
            self.under_way.discard(number)
        answer = answer() if callable(answer) else answer
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Accepted):
            self.under_way.add(answer.task_id)
        return answer

    async def status(self, task_id: TaskId) -> StatusOutcome:
        self.calls.append((asyncio.get_running_loop().time(), "GET", task_id))
        script = self.tasks.setdefault(task_id, list(self.usual))
        answer = script.pop(0) if len(script) > 1 else script[0]
        await asyncio.sleep(0.05)
        answer = answer() if callable(answer) else answer
        if type(answer).__name__ in {"Completed", "Failed"}:
            self.under_way.discard(task_id)
        return answer

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Files:
    """An output tree by a script: what each download and each placing comes to, then all goes well."""

    fetches: list[FetchOutcome] = field(default_factory=list)
    places: list[PlaceOutcome] = field(default_factory=list)
    fetch_s: float = 0.1
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    at_once: int = 0
    at_once_max: int = 0

    @property
    def fetched(self) -> list[str]:
        return [what for _, kind, what in self.calls if kind == "fetch"]

    @property
    def placed(self) -> list[str]:
        return [what for _, kind, what in self.calls if kind == "place"]

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        self.calls.append((asyncio.get_running_loop().time(), "fetch", url))
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            await asyncio.sleep(self.fetch_s)
        finally:
            self.at_once -= 1
        return self.fetches.pop(0) if self.fetches else FILE

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        self.calls.append((asyncio.get_running_loop().time(), "place", path))
        await asyncio.sleep(0)
        return self.places.pop(0) if self.places else Placed()


@dataclass
class Story:
    """A run that is over: how it ended, after how many seconds, and what it told."""

    ending: Ending
    seconds: float
    events: list[RunEvent]
    service: Service
    files: Files

    @property
    def code(self) -> int:
        return self.ending.exit_code

    def told(self, name: EventName) -> list[RunEvent]:
        return [event for event in self.events if event.name is name]


def run(
    shop: Shop,
    service: Service | None = None,
    files: Files | None = None,
    *,
    limits: Limits = FAST,
    retries: Retries = Retries(),  # noqa: B008 - a frozen value
    at: dict[float, Callable[[Run], None]] | None = None,
    **orders: Any,
) -> Story:
    """Run the shop's batch to its end; ``at`` are things that happen to the run at a second of its time."""
    service, files, events = service or Service(), files or Files(), []
    utc_now = orders.pop("utc_now", START)
    known = shop.rows(
        "SELECT max(CAST(substr(task_id, 6) AS INTEGER)) FROM attempt WHERE task_id LIKE 'task-%'"
    )
    service.numbered = known[0][0] or 0  # no task has the name of an earlier run's

    async def main() -> tuple[Ending, float]:
        loop = asyncio.get_running_loop()
        ports = Ports(
            state=orders.pop("state", shop.writer),
            provider=service,
            files=files,
            tell=events.append,
            utc_now=lambda: utc_now + timedelta(seconds=loop.time()),
            random=Random(7),
            watcher=orders.pop("watcher", None),
            arrivals=orders.pop("arrivals", None),
            apart=orders.pop("apart", None),
        )
        work = Run(Orders(shop.pk, limits, retries, **orders), ports)
        for second, happen in (at or {}).items():
            loop.call_later(second, happen, work)
        ending = await work.execute()
        return ending, loop.time()

    ending, seconds = in_virtual_time(main)
    return Story(ending, seconds, events, service, files)
