"""A file while it is being received, and what is needed to go on with it in another process.

Beside the partial file stands a note: what it is a part of, and the SHA-256 of its first so many bytes, renewed every
4 MiB and at the end of each try that does not end well. Going on first hashes those bytes. So nothing has to be synced
on the way: what a power cut lost or garbled does not match, and then the download starts over. A note that cannot be
read means the same.

The first 4 MiB are held in memory: many files are no larger, and then one thread creates, hashes, writes, checks and
syncs them, beside the event loop, which only receives (files of 2 MB came about 1.4 times as fast as with 1 MiB held and
hashed by the loop).
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runner.files.disk import Access, Entry, Kind
from runner.files.outcomes import Broken, Content, DiskFailed, EndedError, Fetched, FetchOutcome, disk_trouble
from runner.files.replies import Source
from runner.files.root import PARTIAL, OutputRoot, checked_name
from runner.files.video import NotVideo, Video, check_video

_NOTE_EVERY_BYTES = 4 * 1024 * 1024
HELD_BYTES_MAX = 4 * 1024 * 1024
_HELD_CHUNKS_MAX = 1024  # a server that drips single bytes must not make a million objects of them
_NOTE_BYTES = 1024  # of one size, and overwritten in place: that works on a full disk
_BLOCK_BYTES = 1024 * 1024


@dataclass(slots=True)
class Beginning:
    """The trusted first ``offset`` bytes of a partial file; ``hasher`` has taken them in."""

    source: Source
    offset: int
    hasher: Any


def recover(root: OutputRoot, name: str, resource: str) -> Beginning | None:
    """What can be trusted of an earlier try at ``resource``, ``None`` if it is to be started over; blocks to hash."""
    # What a note may hold after a crash, or after a person: bytes that are no JSON, no object, not these keys.
    try:
        return _recover(root, name, resource)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class Partial:
    """A partial file that is being written; ``close`` keeps it, ``discard`` does not.

    Methods raise ``EndedError`` with the outcome that a failing disk means: a full one keeps the file, a broken one
    does not (after a failed write or sync nothing proves what it holds).
    """

    def __init__(self, root: OutputRoot, name: str, held_bytes_max: int = HELD_BYTES_MAX) -> None:
        self._root, self._name, self._disk = root, checked_name(name), root.disk
        self._held_bytes_max = held_bytes_max
        self._handle: int | None = None
        self._held: list[bytes] = []
        self._hasher = hashlib.sha256()
        self._noted = 0
        self.source: Source | None = None
        self.total_bytes: int | None = None
        self.offset = 0

    def resume(self, beginning: Beginning) -> None:
        """Go on after ``beginning``."""
        with self._translated():
            self._handle = self._disk.open_file(self._root.partial(self._name), Access.WRITE)
            self._disk.truncate(self._handle, beginning.offset)
        self.source, self.total_bytes = beginning.source, beginning.source.total_bytes
        self.offset = self._noted = beginning.offset
        self._hasher = beginning.hasher.copy()

    def restart(self, source: Source | None, total_bytes: int | None) -> None:
        """Begin at 0, in a new file: the old one may have got a second, final name before a crash."""
        self._let_go()
        self._held = []
        self.source, self.total_bytes, self.offset, self._noted = source, total_bytes, 0, 0
        self._hasher = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``."""
        if self._handle is None and self._has_room_for(chunk):
            self._held.append(chunk)
        else:
            self._flush()
            with self._translated():
                self._disk.write(self._open_handle(), chunk, self.offset)
            self._hasher.update(chunk)
        self.offset += len(chunk)
        if self.offset - self._noted >= _NOTE_EVERY_BYTES:
            self._note()

    def close(self) -> None:
        """End the try, and keep what is there for the next one."""
        try:
            if self._held:
                self._flush()
            if self._handle is not None and self.offset > self._noted:
                self._note()
        except EndedError:
            pass  # what could not be kept is received again
        finally:
            self._let_go()

    def discard(self) -> None:
        """End the try, and delete what is there."""
        self._let_go()
        self._held = []
        with contextlib.suppress(OSError):
            self._root.remove_partial(self._name)

    def hand_over(self) -> "Sealing":
        """The last step, to be run in a thread; from here on the file belongs to it, also if nobody waits for it."""
        handle, self._handle = self._handle, None
        held, self._held = self._held, []
        return Sealing(self._root, self._name, handle, held, self.offset, self._hasher)

    def _has_room_for(self, chunk: bytes) -> bool:
        return self.offset + len(chunk) <= self._held_bytes_max and len(self._held) < _HELD_CHUNKS_MAX

    def _flush(self) -> None:
        """Put what is held into a new file, which is open afterwards."""
        if self._handle is None:
            with self._translated():
                self._handle = _written(self._root, self._name, self._held, self._hasher)
            self._held = []

    def _open_handle(self) -> int:
        if self._handle is None:
            raise RuntimeError("a partial file is written to only after resume or restart")
        return self._handle

    def _let_go(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            self._disk.close(handle)

    def _note(self) -> None:
        if self.source is None:
            return
        note = {**asdict(self.source), "offset": self.offset, "sha256": self._hasher.copy().hexdigest()}
        with contextlib.suppress(OSError):  # without a note the download starts over, no more
            handle = self._disk.open_file(self._root.note(self._name), Access.KEEP)
            try:
                self._disk.write(handle, json.dumps(note).encode().ljust(_NOTE_BYTES), 0)
            finally:
                self._disk.close(handle)
        self._noted = self.offset

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            needed = None if self.total_bytes is None else self.total_bytes - self.offset
            outcome = disk_trouble(error, f"{self._root.path}/{PARTIAL}/{self._name}", needed)
            if isinstance(outcome, DiskFailed):
                self.discard()
            raise EndedError(outcome) from error


@dataclass(frozen=True, slots=True)
class Sealing:
    """A received file whose bytes are to be hashed as far as they are still held, checked, and synced."""

    root: OutputRoot
    name: str
    handle: int | None
    held: list[bytes]
    size_bytes: int
    hasher: Any

    def run(self, *, length_proven: bool) -> FetchOutcome:
        """Write what is still held, check the bytes, then sync them; blocks. What is not a whole video is deleted."""
        try:
            handle = self.handle
            if handle is None:
                handle = _written(self.root, self.name, self.held, self.hasher)
            try:
                return self._checked(handle, length_proven=length_proven)
            finally:
                self.root.disk.close(handle)
        except OSError as error:
            outcome = disk_trouble(error, f"{self.root.path}/{PARTIAL}/{self.name}", self.size_bytes)
            if isinstance(outcome, DiskFailed):
                self._forget()  # a second sync would succeed and prove nothing
            return outcome

    def _checked(self, handle: int, *, length_proven: bool) -> FetchOutcome:
        disk = self.root.disk
        match check_video(
            lambda offset, size: disk.read(handle, size, offset),
            self.size_bytes,
            length_proven=length_proven,
        ):
            case Video(extension):
                disk.sync(handle)
                content = Content(self.size_bytes, self.hasher.hexdigest())
                self.root.remember(self.name, disk.stat_handle(handle), content)
                return Fetched(content, extension)
            case NotVideo(reason):
                self._forget()
                return Broken(f"not a whole video: {reason}")

    def _forget(self) -> None:
        with contextlib.suppress(OSError):
            self.root.remove_partial(self.name)


def _written(root: OutputRoot, name: str, chunks: Sequence[bytes], hasher: Any) -> int:
    """A new file with that content, open: the one that had the name may have got a second, final one before a crash.

    ``hasher`` has taken the content in afterwards; where an ``OSError`` is raised, nothing of it.
    """
    try:
        handle = root.disk.open_file(root.partial(name), Access.CREATE)
    except FileExistsError:
        root.remove_partial(name)
        handle = root.disk.open_file(root.partial(name), Access.CREATE)
    try:
        offset = 0
        for chunk in chunks:  # not joined before: that would be one more copy of every byte
            root.disk.write(handle, chunk, offset)
            offset += len(chunk)
    except OSError:
        root.disk.close(handle)
        raise
    for chunk in chunks:  # only now: where the disk was full, they are written, and hashed, once more
        hasher.update(chunk)
    return handle


def _recover(root: OutputRoot, name: str, resource: str) -> Beginning | None:
    note = json.loads(_read(root, root.note(name), _NOTE_BYTES))
    offset, sha256 = note.pop("offset"), note.pop("sha256")
    source = Source(**note)
    entry = root.partial(name)
    found = root.disk.stat(entry)
    is_usable = source.resource == resource and type(offset) is int and 0 < offset < source.total_bytes
    # Two links: the file has its final name already, and writing here would write there.
    if not is_usable or found is None or found.kind is not Kind.FILE or found.links != 1:
        return None
    hasher = hashlib.sha256()
    handle = root.disk.open_file(entry, Access.READ)
    try:
        for at in range(0, offset, _BLOCK_BYTES):
            hasher.update(root.disk.read(handle, min(_BLOCK_BYTES, offset - at), at))
    finally:
        root.disk.close(handle)
    return Beginning(source, offset, hasher) if hasher.hexdigest() == sha256 else None


def _read(root: OutputRoot, entry: Entry, size: int) -> bytes:
    handle = root.disk.open_file(entry, Access.READ)
    try:
        return root.disk.read(handle, size, 0)
    finally:
        root.disk.close(handle)
