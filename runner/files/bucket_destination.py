"""A result below a prefix of a bucket, key by key.

A store has no names to be given at the end, so what tells a result under way from a whole one stands beside it: the key
``<prefix>.partial/export`` holds what it is built for, is put before the first key of the result, and taken away after the
last. Each key of the result is whole or absent, and one that is taken by somebody else is never overwritten. Rows and the
one table or shard that is just made are gathered in a directory beside the state.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Self

from runner.core.bucket_url import BucketUrl
from runner.core.errors import UsageError
from runner.files.bucket import SMALL_BYTES, Bucket, Held
from runner.files.depot import Depot
from runner.files.outcomes import Content
from runner.files.probe import prove_writable
from runner.files.root import OutputRoot, digest_of
from runner.files.source import blocks
from runner.files.spooled import Spooled
from runner.files.unfinished import abort_unfinished
from runner.files.upload import attributes_of

_MARK = "export"
_LONGEST_MARK_BYTES = 4096
_NEW = "new"
_BLOCK_BYTES = 8 * 1024 * 1024


class BucketDestination(Spooled):
    """What the methods promise stands at ``Building``."""

    def __init__(self, url: BucketUrl, spool: Path) -> None:
        if not url.prefix:
            raise UsageError(f"{url}: name a prefix in the bucket, such as {url}/set")
        self._url = url
        self._bucket = Bucket(url)
        self._beside = Bucket(replace(url, prefix=f"{url.prefix}.partial"))
        self._goes_on = self._has_begun()
        self._has_mark = self._goes_on
        self._spool_path = spool
        self.root = OutputRoot(str(spool))
        try:
            self.root.lock()
        except BaseException:
            self.root.close()
            raise

    @property
    def place(self) -> str:
        return str(self._url)

    @property
    def site(self) -> str:
        return str(self._url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.root.close()

    def keep_if(self, identity: str) -> None:
        if not self._goes_on:
            prove_writable(self._bucket)
            try:
                self._beside.create(_MARK, identity.encode(), {})
            except FileExistsError as error:
                raise UsageError(f"{self._url}: another process began there meanwhile") from error
            self._has_mark = True
            return
        held = self._beside.look(_MARK)
        if held is None or self._beside.read(_MARK, 0, _LONGEST_MARK_BYTES, held) != identity.encode():
            raise UsageError(
                f"{self._url}: an export was begun there with other options, or of other videos; delete what is below "
                f"{self._url}/ and then {self._beside.url}/{_MARK}, or name another DEST"
            )

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        with self.fresh(_NEW) as file:
            yield file
            file.flush()
            handle = file.fileno()
            content = digest_of(lambda offset, size: os.pread(handle, size, offset))
            file.seek(0)
            self._put(name, content, iter(lambda: file.read(_BLOCK_BYTES), b""))
        self.root.remove_partial(_NEW)

    def finished(self, name: str) -> Content | None:
        held = self._bucket.look(name)
        if held is None:
            return None
        if held.sha256 is None:  # whatever it holds, we did not put it there
            raise self._taken(name)
        return Content(held.size_bytes, held.sha256)

    def add(self, tree: Depot, path: str, content: Content, name: str, *, link: bool) -> None:
        if link:
            raise ValueError("nothing can be linked into a bucket")
        self._put(name, content, blocks(tree, path, content))

    def give_up(self) -> None:
        with contextlib.suppress(OSError):
            if self._has_mark and next(self._bucket.listed(), None) is None:
                self._beside.remove(_MARK)
        self._clear()

    def finish(self) -> None:
        self._beside.remove(_MARK)
        self._clear()

    def _has_begun(self) -> bool:
        try:
            has_mark = self._beside.look(_MARK) is not None
            is_empty = next(self._bucket.listed(), None) is None
        except OSError as error:
            raise UsageError(f"{self._url}: cannot be used: {error.strerror}") from error
        if not has_mark and not is_empty:
            raise UsageError(f"{self._url}: there is something already; name another DEST")
        return has_mark

    def _put(self, name: str, content: Content, parts: Iterable[bytes]) -> None:
        """Put what the parts hold under a key that is free, or holds just that; or another text of ours."""
        held = self._bucket.look(name)
        if held is not None and self._content(name, held) == content:
            return
        attributes = attributes_of(name, content)
        try:
            if held is not None:
                self._renew(name, content, parts, held)
            elif content.size_bytes <= SMALL_BYTES:
                self._bucket.create(name, b"".join(parts), attributes)
            else:
                self._put_in_parts(name, parts, attributes)
        except FileExistsError as error:
            raise self._taken(name) from error

    def _renew(self, name: str, content: Content, parts: Iterable[bytes], held: Held) -> None:
        """A card says more once a run has gone on: what an earlier call of ours put there is replaced."""
        if held.sha256 is None or content.size_bytes > SMALL_BYTES:
            raise self._taken(name)
        self._bucket.replace(name, b"".join(parts), attributes_of(name, content), held)

    def _put_in_parts(self, name: str, parts: Iterable[bytes], attributes: dict[str, str]) -> None:
        try:
            asyncio.run(self._send(name, parts, attributes))
        except _StoppedError as stopped:
            raise stopped.why from stopped

    async def _send(self, name: str, parts: Iterable[bytes], attributes: dict[str, str]) -> None:
        if self._goes_on:
            await abort_unfinished(self._url, name)
        stop = asyncio.Event()
        guarded = self._guarded(name, _regrouped(parts), stop)
        sending = asyncio.ensure_future(self._bucket.upload_in_parts(name, guarded, attributes))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            stop.set()  # the next part raises, and the library takes back what it has sent
            with contextlib.suppress(_StoppedError, OSError):
                await sending
            raise

    async def _guarded(self, name: str, parts: Iterator[bytes], stop: asyncio.Event) -> AsyncIterator[bytes]:
        """The parts; what is raised here takes back what was sent. An upload in parts has no condition of its own.

        In threads, because the library cannot be called, to read or to look, while it waits for a part.
        """
        try:
            while part := await asyncio.to_thread(next, parts, b""):
                yield part
                if stop.is_set():
                    raise InterruptedError
            if await asyncio.to_thread(self._bucket.look, name) is not None:
                raise self._taken(name)
        except (OSError, UsageError) as error:
            raise _StoppedError(error) from error

    def _content(self, name: str, held: Held) -> Content:
        """What stands under a key: by what its writer noted, and where nothing is noted, by reading it."""
        if held.sha256 is not None:
            return Content(held.size_bytes, held.sha256)
        return digest_of(lambda offset, _: self._bucket.read(name, offset, _BLOCK_BYTES, held))

    def _taken(self, name: str) -> UsageError:
        return UsageError(f"{self._url}/{name}: something else is there; name another DEST")

    def _clear(self) -> None:
        self.root.close()
        shutil.rmtree(self._spool_path, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._spool_path.parent.rmdir()


def _regrouped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of a length that a store takes."""
    gathered = bytearray()
    for part in parts:
        gathered += part
        if len(gathered) >= _BLOCK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


class _StoppedError(Exception):
    """Carries an error of ours through the library, which would take an ``OSError`` for one of its own."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why
