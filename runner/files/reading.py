"""A file of a tree that is read in pieces, from anywhere in it, or by a program that wants a file of this machine."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator

from runner.files.bucket import Bucket
from runner.files.disk import Access, Kind
from runner.files.root import OutputRoot

Reading = Callable[[int, int], bytes]
"""Bytes from an offset, up to so many; empty at the end. Raises ``OSError``."""

_BLOCK_BYTES = 8 * 1024 * 1024


@contextlib.contextmanager
def opened(root: OutputRoot, path: str, size_bytes: int) -> Iterator[int]:
    """The handle of a file of a directory; see ``Depot.opened``."""
    with root.entry(path) as entry:
        handle = root.disk.open_file(entry, Access.READ)
    try:
        found = root.disk.stat_handle(handle)
        if found.kind is not Kind.FILE or found.size_bytes != size_bytes:
            raise absent(path)
        yield handle
    finally:
        root.disk.close(handle)


def reading(bucket: Bucket, key: str, size_bytes: int) -> Reading:
    """Reads what stands under a key now, and nothing that comes there later; see ``Depot.reading``."""
    held = bucket.look(key)
    if held is None or held.size_bytes != size_bytes:
        raise absent(key)
    return lambda offset, size: bucket.read(key, offset, size, held)


@contextlib.contextmanager
def fetched(read: Reading, directory: str) -> Iterator[int]:
    """The handle of a copy that has no name, so that it is gone with its handle, also after a kill."""
    with tempfile.TemporaryFile(dir=directory) as copy:
        while block := read(copy.tell(), _BLOCK_BYTES):
            copy.write(block)
        copy.flush()
        yield copy.fileno()


def absent(path: str) -> FileNotFoundError:
    """What is raised for a file that is not there as it is recorded."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
