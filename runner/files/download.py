"""Fetching one file into ``.partial``: whatever a server does comes back as a value."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from yarl import URL

from runner.files.addresses import AddressPolicy, AddressRefusedError
from runner.files.meter import Meter
from runner.files.outcomes import Broken, EndedError, Expired, FetchOutcome, Refused
from runner.files.partial import HELD_BYTES_MAX, Beginning, Partial, recover
from runner.files.replies import (
    announced_bytes,
    continues,
    is_encoded,
    is_end_proven,
    is_expiry,
    retry_after_s,
    source_of,
)
from runner.files.root import OutputRoot
from runner.files.urls import checked_url, resource_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({401, 403, 404, 410})
_EVIDENCE_BYTES = 2048


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to fetch: ``url`` into the partial file ``partial`` (a name, not a path), of at most ``max_bytes``.

    Up to ``held_bytes_max`` are held in memory; a file that is larger is written while it comes.
    """

    url: str
    partial: str
    policy: AddressPolicy
    max_bytes: int = 2 * 1024**3
    held_bytes_max: int = HELD_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is borne with: seconds until the head of an answer, hops, and the slowest average speed."""

    head_s: float = 60.0
    hops: int = 5
    least_bytes_per_s: float = 10_000.0
    window_s: float = 60.0
    chunk_bytes: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Fetch:
    session: aiohttp.ClientSession
    request: FetchRequest
    patience: Patience
    now: Callable[[], float]
    meter: Meter


async def fetch(
    session: aiohttp.ClientSession,
    root: OutputRoot,
    request: FetchRequest,
    *,
    patience: Patience = Patience(),
    now: Callable[[], float] | None = None,
    meter: Meter | None = None,
) -> FetchOutcome:
    """Receive, check and sync one file.

    After ``Fetched`` the partial file is whole and on the disk, and waits for ``place``. After ``Broken``,
    ``Expired``, ``DiskFull`` and a cancellation what was received is kept, and the next call goes on from it where
    the server lets it. ``now`` gives seconds of a steady clock (the loop's by default), ``meter`` counts what comes. Raises
    ``ValueError`` for an unusable name of a partial file, and nothing for what servers or disks do.
    """
    what = _Fetch(session, request, patience, now or asyncio.get_running_loop().time, meter or Meter())
    try:
        with what.meter.downloading(), _partial(root, request) as partial:
            beginning = await _beginning(root, request)
            return await _received(what, partial, beginning)
    except EndedError as ended:
        return ended.outcome
    except (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError) as error:
        return _outcome_of(error)  # of the network: those of the disk are translated where they arise


def _partial(root: OutputRoot, request: FetchRequest) -> "contextlib.closing[Partial]":
    return contextlib.closing(Partial(root, request.partial, request.held_bytes_max))


async def _beginning(root: OutputRoot, request: FetchRequest) -> Beginning | None:
    has_note = False
    with contextlib.suppress(OSError):  # it will be met again, and told, when the file is made
        has_note = root.has_note(request.partial)
    if not has_note:
        return None
    return await asyncio.to_thread(recover, root, request.partial, resource_of(request.url))


async def _received(what: _Fetch, partial: Partial, beginning: Beginning | None) -> FetchOutcome:
    """The file from where an earlier try left it, or from its start where that is of no use."""
    if beginning is not None:
        outcome = await _attempt(what, partial, beginning)
        if outcome is not None:
            return outcome
    outcome = await _attempt(what, partial, None)
    return outcome or Broken("a part instead of the whole, which was asked for")


async def _attempt(what: _Fetch, partial: Partial, beginning: Beginning | None) -> FetchOutcome | None:
    """One request and its body; ``None``: what stands on the disk is of no use here, start over."""
    headers = {}
    if beginning is not None:
        headers = {"Range": f"bytes={beginning.offset}-", "If-Range": beginning.source.validator}
    async with await _answer(what, headers) as response:
        try:
            return await _taken(what, partial, beginning, response)
        finally:
            response.close()  # an unread rest is not worth waiting for, and may never end


async def _taken(
    what: _Fetch, partial: Partial, beginning: Beginning | None, response: aiohttp.ClientResponse
) -> FetchOutcome | None:
    """What comes of an answer; ``None`` as in ``_attempt``."""
    if beginning is not None and response.status in {206, 416}:
        if response.status == 416 or not continues(response.headers, beginning.source, beginning.offset):
            return None
        partial.resume(beginning)
    elif response.status != 200:
        return None if response.status == 206 else await _judge(response, what.patience)
    else:
        _begin(what, partial, response)
    await _receive(what, partial, response)
    return await _seal(partial, response)


async def _answer(what: _Fetch, headers: dict[str, str]) -> aiohttp.ClientResponse:
    """The first answer that is no redirect; every hop is held against the policy."""
    url = checked_url(what.request.url, what.request.policy)
    for _ in range(what.patience.hops + 1):
        response = await _ask(what, url, headers)
        if response.status not in _REDIRECTS:
            return response
        response.close()
        location = response.headers.get("Location")
        if not location:
            raise EndedError(Broken(f"a redirect ({response.status}) to nowhere"))
        url = checked_url(location, what.request.policy, came_from=url)
    raise EndedError(Broken(f"more than {what.patience.hops} redirects"))


async def _ask(what: _Fetch, url: URL, headers: dict[str, str]) -> aiohttp.ClientResponse:
    try:
        async with asyncio.timeout(what.patience.head_s):  # a head that drips satisfies every shorter timeout
            return await what.session.get(url, headers=headers, allow_redirects=False)
    except ValueError as error:  # a host name that IDNA cannot encode, found by the resolver
        if isinstance(error, aiohttp.ClientError):
            raise
        raise EndedError(Broken(f"not a URL that can be asked: {type(error).__name__}")) from error


async def _judge(response: aiohttp.ClientResponse, patience: Patience) -> FetchOutcome:
    """What an answer without a video means."""
    status = response.status
    if status in _GONE:
        return Expired(status)
    if status == 400 and is_expiry(await _evidence(response, patience)):
        return Expired(status)
    return Broken(f"the server answered {status}", retry_after_s(response.headers))


async def _evidence(response: aiohttp.ClientResponse, patience: Patience) -> bytes:
    """The first bytes of the body, as many as come in time."""
    found = bytearray()
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(patience.head_s):
            await _read_first(response, found)
    return bytes(found)


async def _read_first(response: aiohttp.ClientResponse, found: bytearray) -> None:
    """Add to ``found`` as the body comes: what it holds when this is cut off counts as well."""
    async for chunk in response.content.iter_any():
        found.extend(chunk[:_EVIDENCE_BYTES])
        if len(found) >= _EVIDENCE_BYTES:
            return


def _begin(what: _Fetch, partial: Partial, response: aiohttp.ClientResponse) -> None:
    total = announced_bytes(response.headers)
    if total is not None and total > what.request.max_bytes:
        partial.discard()
        raise EndedError(Refused(f"{total} bytes announced, at most {what.request.max_bytes} are taken"))
    source = source_of(resource_of(what.request.url), response.headers)
    partial.restart(source, total)


async def _receive(what: _Fetch, partial: Partial, response: aiohttp.ClientResponse) -> None:
    if is_encoded(response.headers):
        partial.discard()  # decoding is where 2 MB become 500
        raise EndedError(
            Broken(f"compressed ({response.headers['Content-Encoding'][:40]}), which was not asked for")
        )
    since, moved = what.now(), 0
    async for chunk in response.content.iter_chunked(what.patience.chunk_bytes):
        if partial.offset + len(chunk) > what.request.max_bytes:
            partial.discard()
            raise EndedError(Refused(f"longer than the {what.request.max_bytes} bytes that are taken"))
        partial.write(chunk)
        what.meter.received(len(chunk))
        moved += len(chunk)
        elapsed = what.now() - since
        if elapsed >= what.patience.window_s:
            if moved < what.patience.least_bytes_per_s * elapsed:
                raise EndedError(Broken(f"too slow: {moved} bytes in {elapsed:.0f} s"))
            since, moved = what.now(), 0
    if partial.total_bytes is not None and partial.offset != partial.total_bytes:
        raise EndedError(Broken(f"{partial.offset} bytes instead of the {partial.total_bytes} announced"))


async def _seal(partial: Partial, response: aiohttp.ClientResponse) -> FetchOutcome:
    sealing, proven = partial.hand_over(), is_end_proven(response.headers)
    loop = asyncio.get_running_loop()
    # Shielded: the thread owns the file, and a cancellation that took it off the queue would leave it open for ever.
    return await asyncio.shield(loop.run_in_executor(None, lambda: sealing.run(length_proven=proven)))


def _outcome_of(error: BaseException) -> FetchOutcome:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefusedError):
        return Refused(f"{cause.address} is not an address that downloads may connect to")
    if isinstance(error, TimeoutError):
        return Broken("the server kept silent for too long")
    if isinstance(error, aiohttp.ClientResponseError):
        # Its status is 400 whatever the server said, and its message goes on with bytes of the body.
        first = error.message.strip().partition("\n")[0]
        return Broken(f"not an answer in HTTP: {first[:200]}")
    text = re.sub(r"\?[^\s'\"]*", "?...", str(error))[:300]  # the query of a URL holds its signature
    return Broken(f"{type(error).__name__}: {text}")
