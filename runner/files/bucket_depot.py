"""A prefix of a bucket as a depot.

A file is received, checked and synced in the spool, a directory beside the state, as it would be below a local tree; its
row in the state is committed; then its bytes are put under the final key, and the very bytes that are sent are hashed
before the store is told to keep them. Why so, and not straight from the sender into the bucket: a partial file can be
resumed after a kill, and a store shows no file that is not whole, but it cannot show a partial one either.

A store makes a key at once or not at all, and a conditional PUT refuses one that is taken, so the order of ``place``
(name, then forget the source) holds here without a sync. Whoever is killed between the two finds the row ``verified`` and
asks the store what stands under the key: the same length and SHA-256 mean that it is done, anything else is a conflict.
"""

import asyncio
import contextlib
import errno
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Self

from runner.core.errors import UsageError
from runner.files import waiting
from runner.files.bucket import KEY_BYTES_MAX, SMALL_BYTES, Bucket, Held
from runner.files.disk import Access
from runner.files.lines import split
from runner.files.outcomes import (
    Absent,
    AlreadyThere,
    CheckOutcome,
    Conflict,
    Content,
    Damaged,
    Intact,
    Missing,
    Placed,
    PlaceOutcome,
)
from runner.files.probe import prove_writable
from runner.files.reading import Reading, fetched, reading
from runner.files.root import OutputRoot, components_of, digest_of
from runner.files.upload import Upload, attributes_of, bucket_trouble, forget, text_type_of

_BLOCK_BYTES = 8 * 1024 * 1024
_UPLOADS_AT_ONCE = 8  # each holds 16 MB of memory at most


class BucketDepot:
    """What the methods promise stands at ``Depot``. The spool is made where it is first needed: a reader leaves none."""

    is_local = False

    def __init__(self, bucket: Bucket, spool: Path) -> None:
        self.bucket = bucket
        self.path = str(bucket.url)
        self._spool_path = str(spool)
        self._spool: OutputRoot | None = None
        self._turns = asyncio.Semaphore(_UPLOADS_AT_ONCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._spool is not None:
            self._spool.close()

    @property
    def spool(self) -> OutputRoot:
        if self._spool is None:
            self._spool = OutputRoot(self._spool_path)
        return self._spool

    def lock(self) -> None:
        self.spool.lock()

    def prove_writable(self) -> None:
        try:
            prove_writable(self.bucket)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {error.strerror}; nothing was sent") from error

    def refuse_if_replaced(self) -> None:
        # A list, not a look: to look for a key in a bucket that is not there says no more than that there is no key.
        next(self.bucket.listed(), None)

    def has(self, path: str) -> bool:
        return self.bucket.look(_key(path)) is not None

    def sizes(self) -> Callable[[str], int | None]:
        # A list costs a request for a thousand files, and a look one each. Hashes: a million have room in memory.
        known = {hash(key): size for key, size in self.bucket.listed()}
        return lambda path: known.get(hash(path))

    def check(self, path: str, content: Content) -> CheckOutcome:
        try:
            held = self.bucket.look(_key(path))
            if held is None:
                return Missing()
            if held.size_bytes != content.size_bytes:
                return Damaged(f"{held.size_bytes} bytes instead of {content.size_bytes}")
            found = self._digest(path, held)
        except FileNotFoundError:
            return Missing()
        except OSError as error:
            return Damaged(f"cannot be read: {error.strerror}")
        return (
            Intact()
            if found == content
            else Damaged(f"SHA-256 is {found.sha256} instead of {content.sha256}")
        )

    def blocks(self, path: str) -> Iterator[bytes]:
        held = self.bucket.look(_key(path))
        if held is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        yield from self._blocks(path, held)

    @contextlib.contextmanager
    def reading(self, path: str, size_bytes: int) -> Iterator[Reading]:
        yield reading(self.bucket, _key(path), size_bytes)

    @contextlib.contextmanager
    def opened(self, path: str, size_bytes: int) -> Iterator[int]:
        read = reading(self.bucket, _key(path), size_bytes)
        with fetched(read, self.spool.path) as handle:
            yield handle

    def lines(self, path: str, longest_bytes: int) -> Iterator[bytes | None]:
        return split(self.blocks(path), longest_bytes)

    def says(self, path: str, fresh: Iterator[bytes]) -> bool:
        held = self.bucket.look(_key(path))
        if held is None:
            return next(fresh, None) is None
        return _are_same(self._blocks(path, held), fresh)

    def replace(self, path: str, fresh: Iterator[bytes], partial: str | None = None) -> None:
        held = self.bucket.look(_key(path))
        new = self.spool.partial(partial or path)
        self.spool.remove_partial(partial or path)
        with os.fdopen(self.spool.disk.open_file(new, Access.CREATE), "w+b") as file:
            file.writelines(fresh)
            size = file.tell()
            file.seek(0)
            attributes = {"Content-Type": text_type_of(path)}
            if size <= SMALL_BYTES:
                self.bucket.replace(path, file.read(), attributes, held)
            else:
                blocks = iter(lambda: file.read(_BLOCK_BYTES), b"")
                self.bucket.replace_in_parts(path, blocks, attributes)
        self.spool.remove_partial(partial or path)

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        key = _key(path)
        if (conflict := self._too_long(key)) is not None:
            return conflict
        try:
            async with self._turns:
                outcome = await self._placed(partial, path, content)
            if isinstance(outcome, Placed | AlreadyThere):
                await asyncio.to_thread(forget, self.spool, partial)
        except OSError as error:
            return bucket_trouble(error, f"{self.path}/{path}")
        return outcome

    def move(self, old: str, new: str, content: Content) -> PlaceOutcome:
        if (conflict := self._too_long(new)) is not None:
            return conflict
        try:
            return self._move(_key(old), _key(new), content)
        except OSError as error:
            return bucket_trouble(error, f"{self.path}/{new}")

    def remove(self, path: str) -> None:
        if self.bucket.look(_key(path)) is None:  # a store says of a key that is not there that it is deleted
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.bucket.remove(_key(path))

    def set_aside(self, path: str, directory: str) -> str | None:
        name = PurePosixPath(path)
        for number in itertools.count():
            free = name.name if number == 0 else f"{name.stem}.{number}{name.suffix}"
            held = self.bucket.look(_key(path))
            if held is None:
                return None
            try:
                self._give_name(path, f"{directory}/{free}", held)
            except FileExistsError:
                continue
            self.bucket.remove(path)
            return f"{directory}/{free}"
        raise AssertionError("there is no last number")

    async def _placed(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        """From the spool, or else from where a worker left it in the bucket."""
        source = await asyncio.to_thread(Upload.of, self.spool, partial, content)
        if source is not None:
            return await self._sent(source, path, content)
        outcome = await asyncio.to_thread(self._without_source, path, content)
        names = [name for one, name in await asyncio.to_thread(self._waiting) if one == partial]
        for name in names:
            if isinstance(outcome, Absent):
                with contextlib.suppress(FileNotFoundError):
                    await asyncio.to_thread(waiting.take_in, self.bucket, name, self.spool, partial, content)
                source = await asyncio.to_thread(Upload.of, self.spool, partial, content)
                outcome = outcome if source is None else await self._sent(source, path, content)
        if not isinstance(outcome, Absent):
            for name in names:
                await asyncio.to_thread(waiting.remove, self.bucket, name)
        return outcome

    def _waiting(self) -> list[tuple[str, str]]:
        return list(waiting.waiting(self.bucket))

    async def _sent(self, source: Upload, path: str, content: Content) -> PlaceOutcome:
        try:
            await source.to(self.bucket, path)
        except FileExistsError:
            return await asyncio.to_thread(self._judge_taken, path, content)
        return Placed()

    def _judge_taken(self, path: str, content: Content) -> PlaceOutcome:
        return AlreadyThere() if self._holds(path, content) else Conflict(f"{path} is taken by another file")

    def _without_source(self, path: str, content: Content) -> PlaceOutcome:
        if self._holds(path, content):
            return AlreadyThere()
        return Absent(f"{path}: neither it nor its source holds what was recorded")

    def _holds(self, path: str, content: Content) -> bool:
        """Whether the key holds ``content``: by what its writer noted, and where nothing is noted, by reading it."""
        held = self.bucket.look(path)
        if held is None or held.size_bytes != content.size_bytes:
            return False
        return (held.sha256 or self._digest(path, held).sha256) == content.sha256

    def _move(self, old: str, new: str, content: Content) -> PlaceOutcome:
        held = self.bucket.look(old)
        if held is None:
            return self._without_source(new, content)
        if self._digest(old, held) != content:
            outcome = self._without_source(new, content)
            if isinstance(outcome, Absent):
                return Conflict(f"{old} is not the file that was written there")
            return outcome
        try:
            self._give_name(old, new, held)
        except FileExistsError:
            outcome = self._judge_taken(new, content)
            if not isinstance(outcome, AlreadyThere):
                return outcome
        self.bucket.remove(old)
        return Placed()

    def _give_name(self, old: str, new: str, held: Held) -> None:
        """Put what was ``held`` at ``old`` under ``new`` as well; raises ``FileExistsError`` where that is taken.

        Small bodies go through this machine: the copy of S3 that leaves a taken key alone loses the attributes.
        """
        if held.size_bytes > SMALL_BYTES:
            self.bucket.copy(old, new)
            return
        content = self.bucket.read(old, 0, held.size_bytes, held)
        found = digest_of(lambda offset, size: content[offset : offset + size])
        self.bucket.create(new, content, attributes_of(new, found))

    def _digest(self, path: str, held: Held) -> Content:
        return digest_of(lambda offset, _: self.bucket.read(path, offset, _BLOCK_BYTES, held))

    def _blocks(self, path: str, held: Held) -> Iterator[bytes]:
        offset = 0
        while block := self.bucket.read(path, offset, _BLOCK_BYTES, held):
            offset += len(block)
            yield block

    def _too_long(self, path: str) -> Conflict | None:
        length = len(f"{self.bucket.url.prefix}/{path}".encode())
        if length <= KEY_BYTES_MAX:
            return None
        return Conflict(f"{self.path}/{path}: a key of {length} bytes; a store takes {KEY_BYTES_MAX}")


def _key(path: str) -> str:
    """The key of a path, which is the path itself; raises ``ValueError`` for what is none."""
    return "/".join(components_of(path))


def _are_same(blocks: Iterable[bytes], fresh: Iterator[bytes]) -> bool:
    """Whether both hold the same bytes, however they are cut."""
    rest = b""
    for block in blocks:
        while len(rest) < len(block):
            more = next(fresh, None)
            if more is None:
                return False
            rest += more
        if not rest.startswith(block):
            return False
        rest = rest[len(block) :]
    return not rest and next(fresh, None) is None
