"""What a worker does for a tree in a bucket: fetch files and leave them below ``.partial/`` there, and put them where they belong.

Both are calls of their own, because length and hash are committed between the two, and both may be made twice, also at once
(see ``errand``): a key is whole or absent, one that is taken by the same content is done, and the fresh names never meet.
Credentials are the worker's own, from its environment; it is given URLs only.
"""

import asyncio
import contextlib
import functools
import platform
from pathlib import Path

import aiohttp

from runner.core.bucket_url import bucket_url
from runner.core.errors import UsageError
from runner.files import waiting
from runner.files.bucket import Bucket
from runner.files.bucket_depot import BucketDepot
from runner.files.download import FetchRequest, fetch
from runner.files.handing import Handed, fresh_name
from runner.files.outcomes import (
    AlreadyThere,
    Broken,
    DiskFailed,
    DiskFull,
    Fetched,
    FetchOutcome,
    Placed,
    PlaceOutcome,
)
from runner.files.passing import passing_spool
from runner.files.session import open_session
from runner.transfers.errand import Answer, Placing, Terms, Wanted, other_program


def serve_bucket(terms: Terms, orders: tuple[Wanted | Placing, ...]) -> tuple[Answer, ...]:
    """Do them all, in a loop of its own; the answers in their order. Blocks, and raises nothing for servers, stores and disks."""
    if (other := other_program(terms)) is not None:
        return tuple(Answer(other) for _ in orders)
    try:
        bucket = opened_bucket(terms.tree)
        with passing_spool() as spool, BucketDepot(bucket, Path(spool.path)) as depot:
            return asyncio.run(_served(terms, depot, orders))
    except (UsageError, OSError) as error:
        return tuple(Answer(Broken(f"at the worker {platform.node()}: {error}")) for _ in orders)


@functools.lru_cache(maxsize=4)
def opened_bucket(url: str) -> Bucket:
    """The bucket as this process sees it; kept, so that a role is not asked for its keys again for each call."""
    return Bucket(bucket_url(url))


async def _served(
    terms: Terms, depot: BucketDepot, orders: tuple[Wanted | Placing, ...]
) -> tuple[Answer, ...]:
    turns = asyncio.Semaphore(terms.at_once)
    async with open_session(terms.policy, ca_file=terms.ca_file, proxy=terms.proxy) as session:

        async def one(order: Wanted | Placing) -> Answer:
            async with turns:
                if isinstance(order, Placing):
                    return Answer(await _placed(depot, order))
                return await _fetched(terms, session, depot, order)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(order)) for order in orders]
    return tuple(task.result() for task in tasks)


async def _fetched(
    terms: Terms, session: aiohttp.ClientSession, depot: BucketDepot, wanted: Wanted
) -> Answer:
    name = fresh_name(wanted.partial)
    request = FetchRequest(wanted.url, name, terms.policy, held_bytes_max=terms.held_bytes_max)
    outcome = await fetch(session, depot.spool, request)
    if not isinstance(outcome, Fetched):
        return Answer(_of_this_worker(outcome))
    left = await waiting.hand_in(depot.bucket, name, depot.spool, outcome.content)
    with contextlib.suppress(OSError):  # the directory goes with the call
        await asyncio.to_thread(depot.spool.remove_partial, name)
    if isinstance(left, Placed):
        return Answer(outcome, Handed(name))
    return Answer(
        left if isinstance(left, DiskFailed) else Broken(f"at the worker {platform.node()}: {left}")
    )


async def _placed(depot: BucketDepot, order: Placing) -> PlaceOutcome:
    name = order.handed.name
    try:
        await asyncio.to_thread(
            waiting.take_in, depot.bucket, name, depot.spool, order.partial, order.content
        )
    except FileNotFoundError:
        pass  # an earlier try of this call may have put it where it belongs, and died
    except OSError as error:
        return DiskFailed(f"{depot.path}/{waiting.key_of(name)}: {error.strerror or error}")
    outcome = await depot.place(order.partial, order.path, order.content)
    if isinstance(outcome, Placed | AlreadyThere):
        await asyncio.to_thread(waiting.remove, depot.bucket, name)
    return outcome


def _of_this_worker(outcome: FetchOutcome) -> FetchOutcome:
    """The disk of one worker is named with it."""
    match outcome:
        case DiskFull(path=path, needed_bytes=needed):
            return DiskFull(f"the worker {platform.node()}, {path}", needed)
        case DiskFailed(reason=reason):
            return DiskFailed(f"at the worker {platform.node()}: {reason}")
        case _:
            return outcome
