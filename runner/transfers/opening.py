"""From the address of an engine to the way in which a run's files come."""

import asyncio
import importlib
import importlib.util
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

from runner import __version__
from runner.core.engine_address import scheme_of
from runner.core.errors import UsageError
from runner.core.model import ProviderSettings
from runner.files.addresses import policy_for
from runner.files.bucket_depot import BucketDepot
from runner.files.depot import Depot
from runner.files.partial import HELD_BYTES_MAX
from runner.transfers.engine import Engine
from runner.transfers.errand import Terms
from runner.transfers.meeting import BucketMeeting, FolderMeeting, Meeting
from runner.transfers.proof import prove
from runner.transfers.shipping import CHUNK_BYTES, FILES_MAX, Shipped


@dataclass(frozen=True, slots=True)
class Kind:
    """An engine: ``module`` has its ``connected(address)``, and needs ``package`` from the extra ``extra``."""

    name: str
    module: str
    package: str
    extra: str


DASK = Kind("Dask", "runner.transfers.on_dask", "distributed", "dask")
RAY = Kind("Ray", "runner.transfers.on_ray", "ray", "ray")
KINDS = {"tcp": DASK, "tls": DASK, "ray": RAY}
"""By the scheme of an address; ``core.engine_address`` says what may follow it."""


def refuse_unusable(address: str, depot_path: str, *, is_local: bool) -> None:
    """Raise ``UsageError`` where the engine is not installed, or cannot fill such a tree; nothing is contacted."""
    kind = KINDS[scheme_of(address)]
    if kind is RAY and not is_local:
        raise UsageError(
            f"--engine {address}: the workers of Ray cannot put files into object storage yet ({depot_path}): take Dask "
            "(tcp://host:port), name an output directory that all of them share, or leave the engine out; nothing was sent"
        )
    if importlib.util.find_spec(kind.package) is None:
        install = f"pip install 'manifest-runner[{kind.extra}]'"
        raise UsageError(
            f"--engine {address}: {kind.name} is not installed here: {install}; nothing was sent"
        )


@asynccontextmanager
async def open_shipped(
    address: str, depot: Depot, provider: ProviderSettings, downloads: int, tell: Callable[[str], None]
) -> AsyncIterator[Shipped]:
    """The tree of ``depot``, filled by the workers at ``address``; each call receives ``downloads`` files at once.

    ``tell`` is told why, where the engine is lost. Raises ``UsageError`` where there is no such engine or no worker, or where
    one of them is unfit.
    """
    module = importlib.import_module(KINDS[scheme_of(address)].module)  # an extra, only where it is asked for
    connected: Callable[[str], AbstractAsyncContextManager[Engine]] = module.connected
    async with connected(address) as engine:
        await prove(engine, depot.path, meeting_in(depot), _absolute(provider.ca_file))
        terms = terms_of(depot, provider, downloads)
        async with shipping(engine, Shipped(engine, depot, terms, tell)) as shipped:
            yield shipped


def meeting_in(depot: Depot) -> Meeting:
    """Where this process meets its workers."""
    return BucketMeeting(depot.bucket) if isinstance(depot, BucketDepot) else FolderMeeting(depot.spool)


def terms_of(depot: Depot, provider: ProviderSettings, downloads: int) -> Terms:
    """What the workers are told; nothing of it is secret."""
    at_once = min(downloads, FILES_MAX)
    return Terms(
        version=__version__,
        tree=depot.path,
        policy=replace(policy_for(provider.base_url), allow_http=True),
        ca_file=_absolute(provider.ca_file),
        proxy=provider.proxy,
        at_once=at_once,
        held_bytes_max=min(HELD_BYTES_MAX, CHUNK_BYTES // at_once),
    )


def _absolute(path: str | None) -> str | None:
    """A worker has another working directory."""
    return None if path is None else os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links


@asynccontextmanager
async def shipping(engine: Engine, shipped: Shipped) -> AsyncIterator[Shipped]:
    """What has to go on beside the calls."""
    error: Exception | None = None
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(engine.watch()), group.create_task(shipped.ship())]
        try:
            yield shipped
        except Exception as caught:  # noqa: BLE001 - raised below, and not in a group
            error = caught
        finally:
            for task in beside:
                task.cancel()
    if error is not None:
        raise error
