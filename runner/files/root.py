"""The output directory: opened once, and from then on entered only by names that are no symlinks."""

import contextlib
import errno
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, TypeVar

from runner.core.bucket_url import is_url
from runner.core.errors import BusyError, UsageError
from runner.files.disk import REAL_DISK, Access, Disk, Entry, Kind, Stat
from runner.files.outcomes import Content

PARTIAL = ".partial"
_LOCK = "lock"
_NOTE = ".json"
_CLOSED = -1
_BLOCK_BYTES = 1024 * 1024


class NotOursError(OSError):
    """A component of a path that is in the way: a symlink, a file, a name that this file system cannot hold."""


class OutputRoot:
    """An output directory. Every method blocks on the disk and may be called from any thread.

    Paths are relative, with ``/`` between components; one that is absolute, or has an empty, ``.`` or ``..``
    component, or begins with ``.partial``, raises ``ValueError``: it did not come through the encoder of names.
    What stands under a path is reached component by component from the open root, never through a symlink.
    """

    def __init__(self, path: str, *, create: bool = True, disk: Disk = REAL_DISK, syncs: bool = True) -> None:
        """Open the directory; ``UsageError`` where that cannot be done. ``create`` makes it, ``False`` is for reading.

        Without ``syncs`` directories that are made are not durable by themselves: the caller syncs all of it at its end.
        """
        if is_url(path):
            raise UsageError(
                f"{path}: this command cannot work on a tree in object storage yet; copy the tree to a local directory for it"
            )
        self._syncs = syncs
        self.path = str(Path(path).resolve())
        self.disk = disk
        self._mutex = threading.Lock()
        self._durable: set[str] = set()
        self._sealed: dict[str, tuple[Stat, Content]] = {}
        self._partials: int | None = None
        self._lock: int | None = None
        try:
            self._root = disk.open_root(self.path, create=create)
        except OSError as error:
            raise UsageError(
                f"{self.path}: cannot be used as output directory: {error.strerror}; clear the way, or name another in "
                "`output.dir`"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the directory and its lock back; a second call does nothing."""
        for handle in (self._lock, self._partials, self._root):
            if handle is not None and handle != _CLOSED:
                self.disk.close(handle)
        self._lock = self._partials = None
        self._root = _CLOSED

    def lock(self) -> None:
        """Keep other runners out until ``close`` or the end of the process.

        Raises ``BusyError`` at once where another process has the lock, ``UsageError`` where there can be none.
        The lock file is never deleted: a second process could lock a new one beside the holder of the old.
        """
        try:
            self._lock = self._locked(Entry(self.partials(), _LOCK))
        except OSError as error:
            raise UsageError(
                f"{self.path}/{PARTIAL}/{_LOCK}: cannot be locked: {error.strerror}; the output directory must be one that "
                "you may write to, on a local disk"
            ) from error
        if self._lock is None:
            raise BusyError(
                f"{self.path}: another process writes to this output directory; wait for it, or stop it (Ctrl-C)"
            )

    def refuse_if_replaced(self) -> None:
        """Raise ``OSError`` where the path leads to another directory than the open one, or to none.

        A volume that was unmounted under a run still takes files; nobody would find them.
        """
        if not self._is_in_its_place():
            raise OSError(errno.ESTALE, "it was unmounted or replaced in the meantime")

    def partials(self) -> int:
        """The handle of ``.partial``, made where it is missing, closed to other users; raises ``OSError``."""
        with self._mutex:
            if self._partials is None:
                entry = Entry(self._root, PARTIAL)
                with contextlib.suppress(FileExistsError):
                    self.disk.make_directory(entry, 0o700)
                self._partials = self.disk.open_directory(entry)
            return self._partials

    def partial(self, name: str) -> Entry:
        """The entry of a partial file of that name; raises ``OSError``."""
        if (
            not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", name)
            or name == _LOCK
            or name.endswith(_NOTE)
        ):
            raise ValueError(f"not the name of a partial file: {name!r}")
        return Entry(self.partials(), name)

    def note(self, name: str) -> Entry:
        """The entry of what is known about the partial file of that name."""
        directory, checked = self.partial(name)
        return Entry(directory, checked + _NOTE)

    def remember(self, name: str, found: Stat, content: Content) -> None:
        """Note what this process has just hashed and synced as the partial file of that name."""
        self._sealed[name] = (found, content)

    def holds(self, name: str, content: Content) -> bool:
        """Whether the partial file of that name holds ``content``; it is read, unless this process has just written it.

        Raises ``OSError``.
        """
        source = self.partial(name)
        if self._sealed.pop(name, None) == (self.disk.stat(source), content):
            return True
        return self.digest(source) == content

    def has_note(self, name: str) -> bool:
        """Whether an earlier try left something to go on with; raises ``OSError``."""
        return self.disk.stat(self.note(name)) is not None

    def remove_partial(self, name: str) -> None:
        """Delete a partial file and what is known about it, if they are there; raises ``OSError``."""
        for each in (self.partial(name), self.note(name)):
            with contextlib.suppress(FileNotFoundError):
                self.disk.remove(each)

    @contextlib.contextmanager
    def entry(self, path: str, *, create: bool = False, durable: bool = False) -> Iterator[Entry]:
        """The entry of ``path``, valid inside the ``with``.

        Raises ``FileNotFoundError`` where a directory is missing and not to be created, ``NotOursError`` where a
        component is in the way, and other ``OSError``. With ``create``, which makes them, or ``durable`` the directories on
        the way are durable once the block has ended without an error, after what it synced in them: the first sync
        commits them all, and the others find little to do.
        """
        *directories, name = components_of(path)
        with contextlib.ExitStack() as stack:
            current, so_far = self._root, ""
            unsynced: list[tuple[int, str]] = []
            for each in directories:
                so_far = f"{so_far}{each}/"
                above, current = current, self._step(Entry(current, each), so_far, create=create)
                stack.callback(self.disk.close, current)
                if self._syncs and (create or durable) and so_far not in self._durable:
                    # Also for one that was there: a process that died may have made it and not synced it.
                    unsynced.append((above, so_far))
            yield Entry(current, name)
            for above, directory in unsynced:
                self.disk.sync(above)
                self._durable.add(directory)

    def digest(self, entry: Entry) -> Content | None:
        """What the file holds, ``None`` where there is none or it is no regular file; raises ``OSError``."""
        found = self.disk.stat(entry)
        if found is None or found.kind is not Kind.FILE:
            return None
        try:
            handle = self.disk.open_file(entry, Access.READ)
        except FileNotFoundError:
            return None
        with contextlib.ExitStack() as stack:
            stack.callback(self.disk.close, handle)
            return digest_of(lambda offset, size: self.disk.read(handle, size, offset))

    def hash_file(self, path: str) -> Content | None:
        """What the file at ``path`` holds, ``None`` where there is no regular file; raises other ``OSError``."""
        try:
            with self.entry(path) as entry:
                return self.digest(entry)
        except (FileNotFoundError, NotOursError):
            return None

    def stat(self, path: str) -> Stat | None:
        """What stands at ``path``, ``None`` where nothing does or a symlink is on the way; raises other ``OSError``."""
        try:
            with self.entry(path) as entry:
                return self.disk.stat(entry)
        except (FileNotFoundError, NotOursError):
            return None

    def stat_size(self, path: str) -> int | None:
        """The length in bytes of the regular file at ``path``, ``None`` where there is none; raises ``OSError``."""
        found = self.stat(path)
        return found.size_bytes if found is not None and found.kind is Kind.FILE else None

    def remove_empty_directories(self, path: str) -> None:
        """Remove the directories on the way to ``path``, innermost first, as far as they are empty; never fails."""
        directories = components_of(path)[:-1]
        while directories:
            with contextlib.suppress(OSError), self.entry("/".join(directories)) as entry:
                self.disk.remove_directory(entry)
            self._durable.discard("/".join(directories) + "/")
            directories = directories[:-1]

    def _is_in_its_place(self) -> bool:
        try:
            handle = self.disk.open_root(self.path, create=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return self.disk.stat_handle(handle).identity == self.disk.stat_handle(self._root).identity
        finally:
            self.disk.close(handle)

    def _step(self, entry: Entry, path: str, *, create: bool) -> int:
        """The handle of one directory; made if ``create``."""
        try:
            handle = _in_the_way(lambda: self.disk.open_directory(entry), path)
        except FileNotFoundError:
            if not create:
                raise
            with contextlib.suppress(FileExistsError):
                _in_the_way(lambda: self.disk.make_directory(entry, 0o777), path)
            self._durable.discard(path)
            handle = _in_the_way(lambda: self.disk.open_directory(entry), path)
        return handle

    def _locked(self, entry: Entry) -> int | None:
        while True:
            handle = self.disk.open_file(entry, Access.KEEP)
            if not self.disk.lock(handle):
                self.disk.close(handle)
                return None
            named = self.disk.stat(entry)
            if named is not None and named.identity == self.disk.stat_handle(handle).identity:
                return handle
            self.disk.close(
                handle
            )  # somebody deleted the file between opening and locking: this lock guards nothing


def checked_name(name: str) -> str:
    """The name of a partial file: one component of ``A-Z a-z 0-9 . _ -``; raises ``ValueError`` for any other."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", name) or name == _LOCK or name.endswith(_NOTE):
        raise ValueError(f"not the name of a partial file: {name!r}")
    return name


def digest_of(read_at: Callable[[int, int], bytes]) -> Content:
    """The length and SHA-256 of everything behind ``read_at(offset, size)``."""
    hasher, size = hashlib.sha256(), 0
    while block := read_at(size, _BLOCK_BYTES):
        hasher.update(block)
        size += len(block)
    return Content(size, hasher.hexdigest())


_T = TypeVar("_T")
_IN_THE_WAY = frozenset(
    {errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EISDIR, errno.EILSEQ, errno.EINVAL}
)


def _in_the_way(call: Callable[[], _T], path: str) -> _T:
    try:
        return call()
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
        raise NotOursError(
            error.errno, f"{path} is not a directory that can be entered: {error.strerror}"
        ) from error


def components_of(path: str) -> list[str]:
    """The names on the way to ``path``; raises ``ValueError`` where it is no path below an output directory."""
    components = path.split("/")
    if components[0] == PARTIAL or any(each in {"", ".", ".."} or "\0" in each for each in components):
        raise ValueError(f"not a path below the output directory: {path!r}")
    return components
