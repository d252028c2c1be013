"""Who downloads the files of a run: this process, or the workers of an engine."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.core.engine_address import EngineAddressError, engine_address
from runner.core.errors import StateError, UsageError
from runner.core.events import EventName, RunEvent
from runner.core.model import Manifest, Transfers
from runner.files import handing
from runner.files.depot import Depot
from runner.store import outputs
from runner.store.writer import Writer

if TYPE_CHECKING:
    from runner.files.tree import Tree
    from runner.transfers.shipping import Shipped


def with_engine(manifest: Manifest, given: str | None) -> Manifest:
    """The manifest with the engine that a person named instead of its own; raises ``UsageError``."""
    if given is None:
        return manifest
    try:
        return replace(manifest, transfers=Transfers(engine_address(given)))
    except EngineAddressError as error:
        raise UsageError(f"--engine {given}: {error.message}; {error.hint} (nothing was sent)") from error


def refuse_unusable(manifest: Manifest, root: Depot) -> None:
    """Raise ``UsageError`` if the engine that is named cannot be used here; nothing is contacted."""
    if manifest.transfers.engine is not None:
        from runner.transfers import opening  # noqa: PLC0415 - only where an engine is asked for

        opening.refuse_unusable(manifest.transfers.engine, root.path, is_local=root.is_local)


@asynccontextmanager
async def files(
    manifest: Manifest, root: Depot, state: Writer, tell: Callable[[RunEvent], None]
) -> "AsyncIterator[Tree | Shipped]":
    """The tree as the engine needs it. Raises ``UsageError`` where whoever is to fill it cannot be used.

    What workers left for a name that it will not get, because somebody was killed, is deleted before and after.
    """
    async with _swept(manifest.name, root, state), _filled(manifest, root, tell) as found:
        yield found


@asynccontextmanager
async def _filled(
    manifest: Manifest, root: Depot, tell: Callable[[RunEvent], None]
) -> "AsyncIterator[Tree | Shipped]":
    settings, address, downloads = manifest.provider, manifest.transfers.engine, manifest.limits.downloads
    if address is None:
        from runner.files.tree import open_tree  # noqa: PLC0415 - the HTTP client, only where something is sent

        async with open_tree(root, settings, downloads) as tree:
            yield tree
        return
    from runner.transfers.opening import open_shipped  # noqa: PLC0415 - only where an engine is asked for

    def tell_of_end(reason: str) -> None:
        tell(RunEvent(EventName.STOPPING, details={"reason": reason}))

    async with open_shipped(address, root, settings, downloads, tell_of_end) as shipped:
        yield shipped


@asynccontextmanager
async def _swept(batch: str, root: Depot, state: Writer) -> AsyncIterator[None]:
    await _sweep(batch, root, state)
    try:
        yield
    finally:
        await _sweep(batch, root, state)


async def _sweep(batch: str, root: Depot, state: Writer) -> None:
    """What cannot be deleted now does no harm, and is seen by the next run."""
    await asyncio.to_thread(handing.sweep, root.spool)
    if root.is_local:
        return
    from runner.files import waiting  # noqa: PLC0415 - an extra, only for a tree in a bucket
    from runner.files.bucket_depot import BucketDepot  # noqa: PLC0415 - an extra, only for a tree in a bucket

    if isinstance(root, BucketDepot):
        with contextlib.suppress(OSError, StateError):
            kept = await state.write(outputs.unplaced, batch)
            await waiting.abort_begun(root.bucket)
            await asyncio.to_thread(waiting.sweep, root.bucket, kept)
