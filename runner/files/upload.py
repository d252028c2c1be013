"""Sending a partial file to its final key. What is sent is hashed on its way; the key is there once that is right."""

import asyncio
import contextlib
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from runner.files.bucket import SHA256, SMALL_BYTES, Bucket
from runner.files.disk import Access, Kind
from runner.files.outcomes import Broken, Content, DiskFailed, PlaceOutcome
from runner.files.root import OutputRoot
from runner.files.unfinished import abort_unfinished

_PART_BYTES = 8 * 1024 * 1024
_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}
_TEXT_TYPES = {".html": "text/html", ".md": "text/markdown"}


def attributes_of(path: str, content: Content) -> dict[str, str]:
    """What is noted beside a body: how a browser shows it, and its SHA-256."""
    kind = _TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")
    return {"Content-Type": kind, SHA256: content.sha256}


def text_type_of(path: str) -> str:
    """How a browser shows a text of ours."""
    return _TEXT_TYPES.get(PurePosixPath(path).suffix, "text/plain") + "; charset=utf-8"


def bucket_trouble(error: OSError, where: str) -> PlaceOutcome:
    """What an error of a store, or of the spool, means for the run: nothing more should be put there now."""
    if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
        return Broken(f"{where}: {error.strerror}")
    return DiskFailed(f"{where}: {error.strerror or error}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A partial file that is about to be sent: ``body`` is all of it where it is small."""

    spool: OutputRoot
    partial: str
    content: Content
    body: bytes | None

    @classmethod
    def of(cls, spool: OutputRoot, partial: str, content: Content) -> "Upload | None":
        """The upload of a partial file that holds ``content``, ``None`` where it does not; blocks, raises ``OSError``."""
        if content.size_bytes > SMALL_BYTES:
            return cls(spool, partial, content, None) if spool.holds(partial, content) else None
        found = spool.disk.stat(spool.partial(partial))
        if found is None or found.kind is not Kind.FILE or found.size_bytes != content.size_bytes:
            return None
        with _opened(spool, partial) as file:
            body = file.read(SMALL_BYTES + 1)
        is_right = len(body) == content.size_bytes and hashlib.sha256(body).hexdigest() == content.sha256
        return cls(spool, partial, content, body) if is_right else None

    async def to(self, bucket: Bucket, path: str) -> None:
        """Put it under ``path``; raises ``FileExistsError`` where that is taken, and other ``OSError``.

        A cancellation aborts what was begun: no part stays in the bucket, and no key is made.
        """
        attributes = attributes_of(path, self.content)
        if self.body is not None:
            await bucket.upload(path, self.body, attributes)
            return
        await self._in_parts(bucket, path, attributes)

    async def _in_parts(self, bucket: Bucket, path: str, attributes: dict[str, str]) -> None:
        if self._has_begun():
            await abort_unfinished(bucket.url, path)
        note_begin(self.spool, self.partial)
        stop = asyncio.Event()
        parts = self._parts(bucket, path, stop)
        sending = asyncio.ensure_future(bucket.upload_in_parts(path, parts, attributes))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            stop.set()  # the next part raises, and the library takes back what it has sent
            with contextlib.suppress(_StoppedError, OSError):
                await sending
            raise
        except _NotWholeError as error:
            raise OSError(errno.EIO, "the partial file changed while it was sent") from error

    async def _parts(self, bucket: Bucket, path: str, stop: asyncio.Event) -> AsyncIterator[bytes]:
        """The parts; after the last one this raises, and so nothing is kept, unless all is as it must be.

        The upload in parts has no condition of its own, so the key is looked at before its first and after its last part.
        """
        await _refuse_taken(bucket, path)
        hasher, size = hashlib.sha256(), 0
        with _opened(self.spool, self.partial) as file:
            while part := await asyncio.to_thread(file.read, _PART_BYTES):
                if stop.is_set():
                    raise _StoppedError
                hasher.update(part)
                size += len(part)
                yield part
        if Content(size, hasher.hexdigest()) != self.content:
            raise _NotWholeError
        await _refuse_taken(bucket, path)
        if stop.is_set():
            raise _StoppedError

    def _has_begun(self) -> bool:
        return self.spool.disk.stat(self.spool.partial(self.partial + _BEGUN)) is not None


def note_begin(spool: OutputRoot, partial: str) -> None:
    """Remember, for whoever comes after a kill, that parts of it may be in the bucket; blocks, raises ``OSError``."""
    handle = spool.disk.open_file(spool.partial(partial + _BEGUN), Access.KEEP)
    spool.disk.close(handle)


def forget(spool: OutputRoot, partial: str) -> None:
    """Delete a partial file that stands under its final key, and what is known about it; blocks, raises ``OSError``."""
    spool.remove_partial(partial)
    spool.remove_partial(partial + _BEGUN)


class _StoppedError(Exception):
    """The upload was cancelled."""


class _NotWholeError(Exception):
    """The bytes that were sent are not those that were checked."""


_BEGUN = ".uploading"


async def _refuse_taken(bucket: Bucket, path: str) -> None:
    if await asyncio.to_thread(bucket.look, path) is not None:
        raise FileExistsError(errno.EEXIST, "the key is taken")


def _opened(spool: OutputRoot, partial: str) -> BinaryIO:
    return os.fdopen(spool.disk.open_file(spool.partial(partial), Access.READ), "rb")
