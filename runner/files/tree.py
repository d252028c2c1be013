"""The output tree as the engine needs it: fetch into ``.partial``, place under the final name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp

from runner.core.model import ProviderSettings
from runner.files.addresses import AddressPolicy, policy_for
from runner.files.download import FetchRequest, fetch
from runner.files.meter import Meter
from runner.files.outcomes import Content, FetchOutcome, PlaceOutcome
from runner.files.partial import HELD_BYTES_MAX
from runner.files.place import place
from runner.files.root import OutputRoot
from runner.files.session import open_session

_HELD_IN_ALL_BYTES = 64 * 1024 * 1024


class Tree:
    """One output directory and one session for downloads; both are opened and closed by the caller.

    ``at_once`` is how many downloads there may be at once: what they hold in memory together is bounded.
    """

    def __init__(
        self, root: OutputRoot, session: aiohttp.ClientSession, policy: AddressPolicy, at_once: int
    ) -> None:
        self._root = root
        self._session = session
        self._policy = policy
        self._held_bytes_max = min(HELD_BYTES_MAX, _HELD_IN_ALL_BYTES // at_once)
        self.meter = Meter()
        """Of everything that comes through it."""

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        """Download into the partial file of that name, check and sync it; see ``download.fetch``."""
        request = FetchRequest(url, partial, self._policy, held_bytes_max=self._held_bytes_max)
        return await fetch(self._session, self._root, request, meter=self.meter)

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        """Give the partial file its final name; see ``place.place``."""
        return await asyncio.to_thread(place, self._root, partial, path, content)


@contextlib.asynccontextmanager
async def open_tree(root: OutputRoot, provider: ProviderSettings, at_once: int) -> AsyncIterator[Tree]:
    """The tree under ``root`` with a session for downloads, whose addresses are bounded by those of the provider.

    http URLs are followed, since a service may hand them out; an https one never falls to http.
    """
    policy = replace(policy_for(provider.base_url), allow_http=True)
    async with open_session(policy, ca_file=provider.ca_file, proxy=provider.proxy) as session:
        yield Tree(root, session, policy, at_once)
