"""A single file that is written at a person's wish, outside of any tree: whole or not at all, and never over another."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from runner.core.errors import UsageError
from runner.files.disk import REAL_DISK, Entry

LARGEST_BYTES = 64 * 1024 * 1024
"""A document that is larger is not read."""


def read_document(path: str) -> bytes:
    """What the file holds; raises ``UsageError`` where it cannot be read, is no regular file, or is too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # NONBLOCK: a pipe has no end
        with open(descriptor, "rb") as file:  # noqa: PTH123 - takes the descriptor over
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{path}: no regular file; nothing was sent")
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; nothing was sent") from error
    if len(content) > LARGEST_BYTES:
        raise UsageError(
            f"{path}: larger than {LARGEST_BYTES // 1024 // 1024} MiB, so not ours; nothing was sent"
        )
    return content


def refuse_to_replace(path: str, is_ours: Callable[[bytes], bool]) -> bool:
    """Raise ``UsageError`` if something stands there that is not ours; returns whether something of ours does."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode) or not is_ours(read_document(path)):
        raise UsageError(
            f"{path}: there is something else there, and it is not overwritten; name another file"
        )
    return True


def write_document(path: str, content: bytes, is_ours: Callable[[bytes], bool]) -> None:
    """Put ``content`` there, durably and at once; what is there is replaced if it is ours.

    Raises ``UsageError``, with nothing changed, where something else stands there or the file cannot be written.
    """
    target = Path(path)
    fresh = f".{target.name[:100]}.{secrets.token_hex(4)}"
    is_there = refuse_to_replace(path, is_ours)
    try:
        directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {target.parent}: {error.strerror}") from error
    try:
        _written(Entry(directory, fresh), content)
        _named(Entry(directory, fresh), Entry(directory, target.name), is_there=is_there)
        os.fsync(directory)
    except FileExistsError as error:
        raise UsageError(f"{path}: something came there meanwhile; name another file") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        os.close(directory)


def _written(entry: Entry, content: bytes) -> None:
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(entry.name, how, 0o666, dir_fd=entry.directory)
    try:
        REAL_DISK.write(handle, content, 0)
        REAL_DISK.sync(handle)
    except OSError:
        REAL_DISK.remove(entry)
        raise
    finally:
        os.close(handle)


def _named(fresh: Entry, target: Entry, *, is_there: bool) -> None:
    try:
        if is_there:
            os.replace(fresh.name, target.name, src_dir_fd=fresh.directory, dst_dir_fd=target.directory)
        else:
            REAL_DISK.rename_new(fresh, target)
    except OSError:
        REAL_DISK.remove(fresh)
        raise
