"""One batch worked by the real engine, client, store and tree against a service on a raw socket, told as one value."""

import asyncio
import contextlib
import resource
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from runner.core.events import RunEvent
from runner.core.model import Limits, ProviderSettings, Retries
from runner.core.outcomes import GenerationRequest, Refused, StatusOutcome, SubmitOutcome, TaskId
from runner.engine.ports import Orders, Ports
from runner.engine.run import Run
from runner.files.disk import REAL_DISK, Disk
from runner.files.folder import Folder
from runner.files.outcomes import Content, FetchOutcome, PlaceOutcome
from runner.files.tree import Tree, open_tree
from runner.providers import capabilities_of, connect
from tests.outcomes.behaviours import allow_files_of
from tests.outcomes.hurried import in_hurried_time
from tests.outcomes.service import Behaviour, Door, Service, serving
from tests.store.store_support import Shop, job_of, shop_at

T = TypeVar("T")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOKEN = "token-of-the-outcome-tests"
MOST_EXACT = 2
MANY = 999
"""Stands for a number of requests that is the pace's business, not the outcome's; 3 or more."""


@dataclass(frozen=True)
class Account:
    """What became of a batch of one job (or of several, one after the other).

    ``posts``, ``asks``, ``fetches`` and ``places`` are the classes of the outcomes in their order; ``seen`` is how many
    POSTs, status questions and downloads reached the service; ``attempts`` and ``jobs`` are what stands in the state,
    ``books`` what is spent, reserved, and unknown of the reserved; ``code`` is the run's exit code.
    """

    posts: tuple[str, ...] = ("Accepted",)
    asks: tuple[str, ...] = ("Completed",)
    fetches: tuple[str, ...] = ("Fetched",)
    places: tuple[str, ...] = ("Placed",)
    seen: tuple[int, int, int] = (1, 1, 1)
    attempts: tuple[tuple[str, int], ...] = (("completed", 40),)
    jobs: tuple[tuple[str, str | None], ...] = (("done", None),)
    books: tuple[int, int, int] = (40, 0, 0)
    code: int = 0


DONE = Account()
UNSEEN = replace(DONE, asks=(), fetches=(), places=())
HELD = replace(
    UNSEEN,
    posts=("Unknown",),
    seen=(1, 0, 0),
    attempts=(("unknown", 40),),
    jobs=(("unknown", "unknown"),),
    books=(0, 40, 40),
    code=4,
)


@dataclass
class Heard:
    """A provider and files: the client and the tree, with the class of every outcome noted."""

    client: Any = None
    tree: Tree | None = None
    posts: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    at_post: Callable[[int], object] = lambda number: None

    @property
    def capabilities(self) -> Any:
        return self.client.capabilities

    async def submit(self, request: GenerationRequest) -> SubmitOutcome:
        self.at_post(len(self.posts) + 1)
        return await _noted(self.posts, self.client.submit(request))

    async def status(self, task_id: TaskId) -> StatusOutcome:
        return await _noted(self.asks, self.client.status(task_id))

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        return await _noted(self.fetches, self.tree.fetch(url, partial))

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        return await _noted(self.places, self.tree.place(partial, path, content))

    async def close(self) -> None:
        await self.client.close()


@dataclass(frozen=True)
class Case:
    """What the service does, and what must come of it; the lists are those of ``Service``.

    ``before`` may change the state and the tree first, ``at_post`` whatever it likes right before the n-th POST is
    tried. ``base_url`` is the service's own by default; ``proxied`` makes the service the proxy to it; ``settings`` are
    others of the provider. ``is_brief``: how often something was tried is the pace's business, so that what comes
    several times in a row is told once, and a number of requests above 2 is ``MANY``.
    """

    expected: Account
    posts: Sequence[Behaviour] = ()
    asks: Sequence[Behaviour] = ()
    files: Sequence[Behaviour] = ()
    doors: Sequence[Door] = ()
    jobs: int = 1
    prompt: str | None = None
    budget: int = 4000
    before: Callable[[Shop, Path], object] = lambda _shop, _out: None
    at_post: Callable[[Service, int], object] = lambda _service, _number: None
    service: dict[str, Any] = field(default_factory=dict)
    around: Callable[[Service], contextlib.AbstractAsyncContextManager[object]] = serving
    base_url: str | None = None
    proxied: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    disk: Disk = REAL_DISK
    is_brief: bool = False

    def told(self, folder: Path) -> Account:
        """What came of it."""
        return self.play(folder).account

    def play(self, folder: Path) -> "Story":
        """Work the batch in ``folder`` to its end."""
        own = {} if self.prompt is None else {"prompt": self.prompt}
        out, state = folder / "out", folder / "state" / "runner.db"
        out.mkdir(exist_ok=True)
        service = Service(
            list(self.posts), list(self.asks), list(self.files), list(self.doors), **self.service
        )
        heard, events = Heard(), list[RunEvent]()
        heard.at_post = lambda number: self.at_post(service, number)
        with shop_at(state, *(job_of(n, **own) for n in range(self.jobs)), budget=self.budget) as shop:
            self.before(shop, out)

            async def main() -> tuple[int, float]:
                async with self.around(service), self._ports(shop, heard, service, out) as ports:
                    limits = Limits(**({"in_flight": 1, "requests_per_minute": 6000.0} | self.limits))
                    service.run = Run(Orders(shop.pk, limits, Retries()), replace(ports, tell=events.append))
                    ending = await service.run.execute()
                    return ending.exit_code, asyncio.get_running_loop().time()

            try:
                code, seconds = in_hurried_time(main)
            finally:
                allow_files_of(resource.RLIM_INFINITY)
        account = _account(state, heard, service, code)
        return Story(
            _briefly(account) if self.is_brief else account, service, events, seconds, state, _tree(out)
        )

    @contextlib.asynccontextmanager
    async def _ports(self, shop: Shop, heard: Heard, service: Service, out: Path) -> AsyncIterator[Ports]:
        offer, base_url = capabilities_of("grokimagine"), self.base_url or service.url
        more = self.settings | ({"proxy": service.url} if self.proxied else {})
        provider = ProviderSettings(offer.name, base_url, offer.token_env, offer.price, **more)
        heard.client = connect(provider, TOKEN)
        loop = asyncio.get_running_loop()
        with Folder(str(out), disk=self.disk) as root:
            async with open_tree(root, replace(provider, proxy=None), 8) as heard.tree:
                yield Ports(
                    state=shop.writer,
                    provider=heard,
                    files=heard,
                    tell=lambda _event: None,
                    utc_now=lambda: START + timedelta(seconds=loop.time()),
                    random=Random(7),
                )
        await heard.close()


@dataclass
class Story:
    """A run that is over: what it came to, what it told, how long it took, and where more can be seen."""

    account: Account
    service: Service
    events: list[RunEvent]
    seconds: float
    state: Path
    tree: dict[str, bytes]

    def rows(self, sql: str) -> list[Any]:
        """What stands in the state."""
        return _rows(self.state, sql)


def _rows(state: Path, sql: str) -> list[Any]:
    """Read anew from the file: after a commit in doubt nothing else can say what stands there."""
    with contextlib.closing(sqlite3.connect(state)) as connection:
        return connection.execute(sql).fetchall()


def _account(state: Path, heard: Heard, service: Service, code: int) -> Account:
    attempts = _rows(state, "SELECT outcome, credits FROM attempt ORDER BY id")
    jobs = _rows(state, "SELECT state, error_class FROM job ORDER BY rank")
    (books,) = _rows(state, "SELECT spent, reserved, unknown FROM batch")
    words = (tuple(each) for each in (heard.posts, heard.asks, heard.fetches, heard.places))
    return Account(*words, service.counts, tuple(attempts), tuple(jobs), books, code)


def _briefly(account: Account) -> Account:
    words = (account.posts, account.asks, account.fetches, account.places, account.attempts)
    posts, asks, fetches, places, attempts = (tuple(word for word, _ in groupby(each)) for each in words)
    seen = tuple(MANY if each > MOST_EXACT else each for each in account.seen)
    return replace(
        account, posts=posts, asks=asks, fetches=fetches, places=places, seen=seen, attempts=attempts
    )


async def _noted(notes: list[str], call: Awaitable[T]) -> T:
    with asyncio.get_running_loop().expecting():
        outcome = await call
    name = type(outcome).__name__ + (f" {outcome.kind}" if isinstance(outcome, Refused) else "")
    name += " with a task" if getattr(outcome, "candidate", None) else ""
    notes.append(name + (", stop" if getattr(outcome, "stops_run", False) else ""))
    return outcome


def _tree(out: Path) -> dict[str, bytes]:
    """What stands under a final name."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file() and ".partial" not in path.parts)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}
