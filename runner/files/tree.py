"""The output tree as the engine needs it: fetch into ``.partial``, place under the final name."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp

from runner.core.model import ProviderSettings
from runner.files.addresses import AddressPolicy, policy_for
from runner.files.depot import Depot
from runner.files.download import FetchRequest, fetch
from runner.files.meter import Meter
from runner.files.outcomes import Content, Fetched, FetchOutcome, PlaceOutcome
from runner.files.partial import HELD_BYTES_MAX
from runner.files.session import open_session

_HELD_IN_ALL_BYTES = 64 * 1024 * 1024


class Tree:
    """One output directory and one session for downloads; both are opened and closed by the caller.

    ``at_once`` is how many downloads there may be at once: what they hold in memory together is bounded.
    """

    def __init__(
        self, depot: Depot, session: aiohttp.ClientSession, policy: AddressPolicy, at_once: int
    ) -> None:
        self._depot = depot
        self._session = session
        self._policy = policy
        self._held_bytes_max = min(HELD_BYTES_MAX, _HELD_IN_ALL_BYTES // at_once)
        self.at_once = at_once
        self._backlog = _Backlog(math.inf if depot.is_local else at_once)
        self.meter = Meter()
        """Of everything that comes through it."""

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        """Download into the partial file of that name, check and sync it; see ``download.fetch``."""
        request = FetchRequest(url, partial, self._policy, held_bytes_max=self._held_bytes_max)
        await self._backlog.room()
        outcome = await fetch(self._session, self._depot.spool, request, meter=self.meter)
        if isinstance(outcome, Fetched):
            self._backlog.add(partial)
        return outcome

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        """Give the partial file its final name; see ``place.place``."""
        try:
            return await self._depot.place(partial, path, content)
        finally:
            self._backlog.remove(partial)


class _Backlog:
    """Fetched files that wait for their final names: no more than so many, where those names are far away.

    Without a bound a fast sender and a slow store would put a whole batch on this machine's disk.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._waiting: set[str] = set()
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def room(self) -> None:
        """Wait until another file may come."""
        await self._has_room.wait()

    def add(self, partial: str) -> None:
        """One more has come."""
        self._waiting.add(partial)
        if len(self._waiting) >= self._most:
            self._has_room.clear()

    def remove(self, partial: str) -> None:
        """It is placed, or will not be in this run."""
        self._waiting.discard(partial)
        if len(self._waiting) < self._most:
            self._has_room.set()


@contextlib.asynccontextmanager
async def open_tree(depot: Depot, provider: ProviderSettings, at_once: int) -> AsyncIterator[Tree]:
    """The tree of ``depot`` with a session for downloads, whose addresses are bounded by those of the provider.

    http URLs are followed, since a service may hand them out; an https one never falls to http.
    """
    policy = replace(policy_for(provider.base_url), allow_http=True)
    async with open_session(policy, ca_file=provider.ca_file, proxy=provider.proxy) as session:
        yield Tree(depot, session, policy, at_once)
