"""The calls on the file system that durability hangs on, behind one Protocol, so that a test can cut the power."""

import ctypes
import errno
import fcntl
import os
import stat
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """A name in an open directory. Names are single components: no entry can be reached through a symlink."""

    directory: int
    name: str


class Kind(Enum):
    """What stands under a name; ``OTHER`` is a symlink, FIFO, socket or device."""

    FILE = auto()
    DIRECTORY = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Stat:
    """``links`` is the number of names the file has; ``identity`` is equal for two names of one file."""

    kind: Kind
    size_bytes: int
    links: int
    identity: tuple[int, int]


class Access(Enum):
    """How a file is opened. ``CREATE`` refuses an existing name."""

    READ = os.O_RDONLY
    WRITE = os.O_RDWR
    CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
    KEEP = os.O_RDWR | os.O_CREAT


class Disk(Protocol):
    """A file system. Handles are small integers; every method raises ``OSError`` with its ``errno`` set.

    Nothing survives a power cut but what was synced: a file's bytes by ``sync`` of the file, a name by ``sync`` of
    its directory.
    """

    def open_root(self, path: str, *, create: bool) -> int:
        """The directory at ``path`` (symlinks in ``path`` itself are followed); made durably if ``create``."""

    def open_directory(self, entry: Entry) -> int:
        """The directory of that name; a symlink is refused with ``ENOTDIR`` or ``ELOOP``."""

    def make_directory(self, entry: Entry, mode: int) -> None:
        """A new, empty directory."""

    def open_file(self, entry: Entry, access: Access) -> int:
        """The file of that name; a symlink is refused with ``ELOOP``, a FIFO never waited for."""

    def close(self, handle: int) -> None:
        """Ends a handle, and a lock that it holds."""

    def read(self, handle: int, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes from ``offset``; empty at the end."""

    def write(self, handle: int, content: bytes, offset: int) -> None:
        """All of ``content`` at ``offset``."""

    def truncate(self, handle: int, size: int) -> None:
        """Cuts the file to ``size`` bytes."""

    def sync(self, handle: int) -> None:
        """Puts a file's bytes, or a directory's names, on the disk."""

    def lock(self, handle: int) -> bool:
        """Takes the lock of an open file without waiting; ``False`` where somebody else has it."""

    def link(self, source: Entry, target: Entry) -> None:
        """A second name for a file; ``FileExistsError`` where ``target`` is taken."""

    def rename_new(self, source: Entry, target: Entry) -> None:
        """Another name for a file, where links are not to be had; ``FileExistsError`` where ``target`` is taken."""

    def remove(self, entry: Entry) -> None:
        """Takes a file's name away."""

    def remove_directory(self, entry: Entry) -> None:
        """Takes an empty directory away; ``ENOTEMPTY`` otherwise."""

    def stat(self, entry: Entry) -> Stat | None:
        """What stands under that name itself (symlinks are not followed), ``None`` where nothing does."""

    def stat_handle(self, handle: int) -> Stat:
        """What an open file is."""


class _RealDisk:
    """The file system of this machine; what the methods promise stands at ``Disk``."""

    def open_root(self, path: str, *, create: bool) -> int:
        if create:
            _make_durably(Path(path).resolve())
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def open_directory(self, entry: Entry) -> int:
        return os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=entry.directory)

    def make_directory(self, entry: Entry, mode: int) -> None:
        os.mkdir(entry.name, mode, dir_fd=entry.directory)

    def open_file(self, entry: Entry, access: Access) -> int:
        # NONBLOCK: opening a planted FIFO would stop the run for ever
        flags = access.value | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(entry.name, flags, 0o666, dir_fd=entry.directory)

    def close(self, handle: int) -> None:
        os.close(handle)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        return os.pread(handle, size, offset)

    def write(self, handle: int, content: bytes, offset: int) -> None:
        rest = memoryview(content)
        while rest:
            written = os.pwrite(handle, rest, offset)
            rest, offset = rest[written:], offset + written

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def sync(self, handle: int) -> None:
        full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone leaves the bytes in the drive's cache
        if full is None:
            os.fsync(handle)
            return
        try:
            fcntl.fcntl(handle, full)
        except OSError as error:
            if error.errno not in {errno.ENOTSUP, errno.EINVAL, errno.ENOTTY}:
                raise
            os.fsync(handle)

    def lock(self, handle: int) -> bool:
        try:
            # flock, not fcntl: POSIX locks are lost when any other descriptor of the same file is closed
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def link(self, source: Entry, target: Entry) -> None:
        os.link(
            source.name,
            target.name,
            src_dir_fd=source.directory,
            dst_dir_fd=target.directory,
            follow_symlinks=False,
        )

    def rename_new(self, source: Entry, target: Entry) -> None:
        if _rename_noreplace(source, target):
            return
        if (
            self.stat(target) is not None
        ):  # weaker, and the last resort: the root's lock keeps other runners out
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target.name)
        os.rename(source.name, target.name, src_dir_fd=source.directory, dst_dir_fd=target.directory)

    def remove(self, entry: Entry) -> None:
        os.unlink(entry.name, dir_fd=entry.directory)

    def remove_directory(self, entry: Entry) -> None:
        os.rmdir(entry.name, dir_fd=entry.directory)

    def stat(self, entry: Entry) -> Stat | None:
        try:
            return _stat_of(os.stat(entry.name, dir_fd=entry.directory, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def stat_handle(self, handle: int) -> Stat:
        return _stat_of(os.fstat(handle))


REAL_DISK: Disk = _RealDisk()
"""The file system of this machine."""


def _stat_of(found: os.stat_result) -> Stat:
    kinds = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY}
    kind = kinds.get(stat.S_IFMT(found.st_mode), Kind.OTHER)
    return Stat(kind, found.st_size, found.st_nlink, (found.st_dev, found.st_ino))


def _make_durably(path: Path) -> None:
    for each in (*reversed(path.parents), path):
        try:
            each.mkdir()
        except FileExistsError:
            continue
        except OSError:
            if each.is_dir():  # a read-only or automounted ancestor says so in other ways
                continue
            raise
        above = os.open(each.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(above)
        finally:
            os.close(above)


_RENAME_NOREPLACE = 1  # linux/fs.h
_NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


def _rename_noreplace(source: Entry, target: Entry) -> bool:
    """``renameat2(2)``; ``False`` where this system or file system has none (macOS, some network mounts)."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    old, new = os.fsencode(source.name), os.fsencode(target.name)
    if call(source.directory, old, target.directory, new, _RENAME_NOREPLACE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_SUPPORTED:
        return False
    raise OSError(code, os.strerror(code), target.name)
