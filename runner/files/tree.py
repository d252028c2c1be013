"""The output tree as the engine needs it: fetch into ``.partial``, place under the final name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp

from runner.files.addresses import AddressPolicy, policy_for
from runner.files.download import FetchRequest, fetch
from runner.files.meter import Meter
from runner.files.outcomes import Content, FetchOutcome, PlaceOutcome
from runner.files.place import place
from runner.files.root import OutputRoot
from runner.files.session import open_session


class Tree:
    """One output directory and one session for downloads; both are opened and closed by the caller."""

    def __init__(self, root: OutputRoot, session: aiohttp.ClientSession, policy: AddressPolicy) -> None:
        self._root = root
        self._session = session
        self._policy = policy
        self.meter = Meter()
        """Of everything that comes through it."""

    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        """Download into the partial file of that name, check and sync it; see ``download.fetch``."""
        request = FetchRequest(url, partial, self._policy)
        return await fetch(self._session, self._root, request, meter=self.meter)

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        """Give the partial file its final name; see ``place.place``."""
        return await asyncio.to_thread(place, self._root, partial, path, content)


@contextlib.asynccontextmanager
async def open_tree(
    root: OutputRoot, base_url: str, ca_file: str | None, proxy: str | None
) -> AsyncIterator[Tree]:
    """The tree under ``root`` with a session for downloads, whose addresses are bounded by those of ``base_url``.

    http URLs are followed, since a service may hand them out; an https one never falls to http.
    """
    policy = replace(policy_for(base_url), allow_http=True)
    async with open_session(policy, ca_file=ca_file, proxy=proxy) as session:
        yield Tree(root, session, policy)
