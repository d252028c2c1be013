"""The service that a command talks to: the one that the manifest names, or the embedded one of the sandbox."""

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from runner.app import transferring
from runner.app.surroundings import on_this_machine
from runner.app.workplace import Workplace
from runner.core.errors import UsageError
from runner.core.events import RunEvent
from runner.core.model import Manifest
from runner.core.records import Batch
from runner.engine.ports import Ports, Watcher
from runner.files.depot import Depot
from runner.providers import Provider, Secret
from runner.store.writer import Writer

SANDBOX_TOKEN = "sandbox"  # noqa: S105 - no secret: the embedded service takes any text


@contextlib.contextmanager
def pointed(workplace: Workplace, manifest: Manifest, options: str) -> Iterator[Manifest]:
    """The manifest as this machine reaches its service, or pointed at the embedded one where the sandbox was asked for.

    The embedded one runs inside the ``with``; its tasks are those of the workplace's ledger. ``options`` are its own,
    as ``--sandbox-options`` takes them. Raises ``UsageError``.
    """
    if not workplace.sandbox:
        yield on_this_machine(workplace.environment, manifest)
        return
    ledger = workplace.service_ledger
    ledger.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with embedded(manifest, options, ledger) as pointed_there:
        yield pointed_there


@contextlib.contextmanager
def embedded(manifest: Manifest, options: str, ledger: Path | None) -> Iterator[Manifest]:
    """The manifest, pointed at an embedded service on this ledger (``None``: one in memory)."""
    from runner.sandbox import parse_options, running_in_thread  # noqa: PLC0415 - only where it is asked for

    with running_in_thread(parse_options(options), ledger) as base_url:
        yield replace(
            manifest, provider=replace(manifest.provider, base_url=base_url, proxy=None, ca_file=None)
        )


def token_of(workplace: Workplace, manifest: Manifest) -> str:
    """The token from its variable; any text for the embedded service. Raises ``UsageError`` without a usable one."""
    return token_at(workplace, manifest.provider.token_env)


def token_at(workplace: Workplace, name: str) -> str:
    """The same for a variable of that name."""
    if workplace.sandbox:
        return SANDBOX_TOKEN
    found = workplace.environment.find(name)
    if found is None:
        raise UsageError(
            f"the environment variable {name} holds no token: export {name}=..., or write {name}=... into .env in the "
            "working directory (--sandbox needs none); nothing was sent"
        )
    Secret.token(
        found.text, f"{name} ({found.source})"
    )  # before anything is written, and not at the first request
    return found.text


def refuse_unusable(manifest: Manifest, token: str) -> None:
    """Raise ``UsageError`` if no client can be made of these settings; nothing is sent."""
    from runner.providers import connect  # noqa: PLC0415 - the HTTP client, only where something is sent

    connect(manifest.provider, token)


def origin_of(manifest: Manifest) -> str:
    """The scheme, host and port that the token goes to."""
    parts = urlsplit(manifest.provider.base_url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def refuse_other_origin(workplace: Workplace, manifest: Manifest, batch: Batch | None, way_out: str) -> None:
    """Raise ``UsageError`` if the batch is paid at another service than the manifest names."""
    origin = origin_of(manifest)
    if workplace.sandbox or batch is None or batch.api_origin in {None, origin}:
        return
    if not batch.spent and not batch.reserved:
        return  # a wrong address that never took anything: nothing is known there
    raise UsageError(
        f"{manifest.path}: provider.base_url is {origin}, but this batch is paid at {batch.api_origin}; "
        f"its tasks are not known elsewhere. {way_out}"
    )


@contextlib.asynccontextmanager
async def connected(manifest: Manifest, token: str) -> AsyncIterator[Provider]:
    """The client of the manifest's provider, closed at the end."""
    from runner.providers import connect  # noqa: PLC0415 - the HTTP client, only where something is sent

    provider = connect(manifest.provider, token)
    try:
        yield provider
    finally:
        await provider.close()


@contextlib.asynccontextmanager
async def ports(
    manifest: Manifest,
    token: str,
    root: Depot,
    state: Writer,
    tell: Callable[[RunEvent], None],
    watcher: Watcher | None = None,
) -> AsyncIterator[Ports]:
    """The outside world as the engine needs it; ``root`` and ``state`` are closed by the caller.

    Raises ``UsageError`` where ``manifest.transfers`` names an engine that cannot be used.
    """
    async with (
        connected(manifest, token) as provider,
        transferring.files(manifest, root, state, tell) as files,
    ):
        yield Ports(
            state,
            provider,
            files,
            tell,
            utc_now=lambda: datetime.now(UTC),
            random=random.SystemRandom(),
            meter=files.meter,
            watcher=watcher,
            downloads=files.at_once,
        )
