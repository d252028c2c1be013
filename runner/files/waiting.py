"""Files that wait below ``.partial/`` of a bucket for their final keys.

A worker on another machine puts there what it has received and checked, whole, under a fresh name (``handing.fresh_name``).
Only then is it told of, and only once length and hash are committed are the bytes put under the final key. So they go up
twice and down once. A copy inside the store would spare that, but the one of S3 that leaves a taken key alone loses what is
noted beside the body, and a kill in its midst leaves an upload that nobody ends. To keep the file on its worker until the
commit would spare it too, but then it is lost with that worker, or with whoever would have asked for it.
"""

import asyncio
import os
from collections.abc import Collection, Iterator

from runner.files.bucket import SMALL_BYTES, Bucket, Held
from runner.files.disk import Access
from runner.files.handing import partial_named_by
from runner.files.outcomes import Absent, Content, Placed, PlaceOutcome
from runner.files.root import PARTIAL, OutputRoot
from runner.files.unfinished import abort_unfinished_below
from runner.files.upload import Upload, bucket_trouble, note_begin

_BLOCK_BYTES = 8 * 1024 * 1024


def key_of(name: str) -> str:
    """The key of what waits under the fresh name."""
    return f"{PARTIAL}/{name}"


def waiting(bucket: Bucket) -> Iterator[tuple[str, str]]:
    """Every file that waits: the partial that it is to become, and its fresh name. Blocks, raises ``OSError``."""
    for key, _ in bucket.listed(PARTIAL):
        name = key.removeprefix(f"{PARTIAL}/")
        if (partial := partial_named_by(name)) is not None:
            yield partial, name


async def hand_in(bucket: Bucket, name: str, spool: OutputRoot, content: Content) -> PlaceOutcome:
    """Put the partial file of that fresh name there, from the spool."""
    try:
        source = await asyncio.to_thread(Upload.of, spool, name, content)
        if source is None:
            return Absent(f"{name} is gone from {spool.path}")
        await source.to(bucket, key_of(name))
    except OSError as error:
        return bucket_trouble(error, f"{bucket.url}/{key_of(name)}")
    return Placed()


def take_in(bucket: Bucket, name: str, spool: OutputRoot, partial: str, content: Content) -> None:
    """Bring what waits under ``name`` into the spool as ``partial``, to be put under its final key.

    It is for whoever puts it to see whether it holds ``content``. Blocks, raises ``OSError``: ``FileNotFoundError`` where
    nothing waits there.
    """
    held, offset = Held(content.size_bytes, None, None, None), 0
    spool.remove_partial(partial)
    with os.fdopen(spool.disk.open_file(spool.partial(partial), Access.CREATE), "wb") as file:
        while block := bucket.read(key_of(name), offset, _BLOCK_BYTES, held):
            offset += file.write(block)
    if content.size_bytes > SMALL_BYTES:
        note_begin(spool, partial)  # a worker that was killed may have begun to put it under the final key


def remove(bucket: Bucket, name: str) -> None:
    """It waits no more. Blocks; what cannot be deleted is swept up later."""
    try:
        bucket.remove(key_of(name))
    except OSError:
        return


async def abort_begun(bucket: Bucket) -> None:
    """Take back the parts of what workers had begun to put there when they were killed; never raises."""
    await abort_unfinished_below(bucket.url, PARTIAL)


def sweep(bucket: Bucket, kept: Collection[str]) -> None:
    """Delete what nobody will ask for: all but the partials that are ``kept``. Blocks, raises ``OSError``."""
    for partial, name in list(waiting(bucket)):
        if partial not in kept:
            remove(bucket, name)
