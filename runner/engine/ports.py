"""What the engine needs of the outside world; each has a real form and one for simulations."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol

from runner.core.canary import CANARY_FROM
from runner.core.events import RunEvent
from runner.core.glance import Glance
from runner.core.model import Limits, Retries
from runner.files.meter import Meter
from runner.files.outcomes import Content, FetchOutcome, PlaceOutcome, Unavailable
from runner.providers import Provider
from runner.store.writer import Writer


class Files(Protocol):
    """The output tree and the way into it; no method raises for what servers and disks do."""

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        """Download into the partial file of that name, check and sync it."""
        ...

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome | Unavailable:
        """Give the partial file its final name."""
        ...


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody who looks at the run every ``every_s`` seconds, in its event loop: ``show`` must return at once.

    ``leave`` is called where the process is about to end without another word.
    """

    show: Callable[[Glance], None]
    every_s: float
    leave: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The jobs of a large batch that are still being taken into the state while its first ones are worked.

    ``jobs`` is how many they are. Pending jobs whose rank is above ``last_rank`` are to wait for them, those up to it are in.
    ``take_in`` returns once they are in, or why none of them may be submitted. It may be cancelled: what it leaves is taken
    in by the next run.
    """

    last_rank: int
    jobs: int
    take_in: Callable[[Writer], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of a run. ``utc_now`` only stamps and estimates ages; nothing that guards money reads it.

    ``meter`` is that of ``files``; ``downloads`` is how many files may be asked of it at once (``None``: as the limits say).
    ``arrivals`` is ``None`` where all jobs are in the state. ``apart`` is the same state by a way of its own, for what may
    fail without harm (``None``: the pace is shared with nobody).
    """

    state: Writer
    provider: Provider
    files: Files
    tell: Callable[[RunEvent], None]
    utc_now: Callable[[], datetime]
    random: Random
    meter: Meter = field(default_factory=Meter)
    watcher: Watcher | None = None
    arrivals: Arrivals | None = None
    downloads: int | None = None
    apart: Writer | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """What a run is asked to do.

    ``only`` narrows which pending jobs are submitted; at most ``submissions`` are made (``None``: no bound), none
    later than ``stop_submitting_after_s`` seconds from its start. ``fit`` means that the cap may leave jobs out.
    ``origin`` is the service's, to be pinned at the first POST (``None``: not pinned, for the sandbox). ``canary`` is
    what a person said about canaries (``None``: nothing, so the limits hold).
    ``account_pk`` is the account that pays, whose cap holds beside the budget (``None``: none is known).
    """

    batch_pk: int
    limits: Limits
    retries: Retries
    only: dict[str, str] = field(default_factory=dict)
    submissions: int | None = None
    stop_submitting_after_s: float | None = None
    fit: bool = False
    origin: str | None = None
    canary: bool | None = None
    account_pk: int | None = None

    @property
    def canary_above(self) -> int | None:
        """Canaries go ahead in a batch of more jobs than this; ``None``: in none. A person's word knows no such number."""
        if self.canary is not None:
            return 0 if self.canary else None
        return CANARY_FROM if self.limits.canary else None
