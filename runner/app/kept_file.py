"""A file of ours at the top of a batch's tree: replaced as a whole, and only where it would say something else."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from runner.files.disk import Access, Entry
from runner.files.root import OutputRoot


def keep(
    root: OutputRoot, name: str, fresh: Callable[[], Iterable[bytes]], partial: str | None = None
) -> bool:
    """Bring the file to what ``fresh`` makes; returns whether it had to be written. Raises ``OSError``.

    Where there is none and there is nothing to say, none is made. ``fresh`` is called once more where it differs.
    ``partial`` is the name that it is gathered under, which is ``name`` for whoever holds the lock of the tree; without the
    lock it has to be one that no other process uses.
    """
    root.refuse_if_replaced()
    if _says(root, name, fresh()):
        return False
    _replace(root, name, fresh(), partial or name)
    return True


def beginning_of(root: OutputRoot, name: str, size_bytes: int) -> bytes | None:
    """The first bytes of the file, ``None`` where there is none; raises ``OSError``."""
    try:
        with root.entry(name) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            return file.read(size_bytes)
    except FileNotFoundError:
        return None


def put(path: Path, fresh: Iterable[bytes]) -> None:
    """Write a file outside of any tree as a whole, over what is there; raises ``OSError``, and leaves nothing then."""
    new = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.new")
    out = new.open("xb")  # before the try: a file that has the name is not ours to delete
    try:
        with out:
            out.writelines(fresh)
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _says(root: OutputRoot, name: str, fresh: Iterable[bytes]) -> bool:
    """Whether the file holds just this; where there is no file, whether that is nothing."""
    try:
        with root.entry(name) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            return all(file.read(len(part)) == part for part in fresh) and not file.read(1)
    except FileNotFoundError:
        return not any(fresh)


def _replace(root: OutputRoot, name: str, fresh: Iterable[bytes], partial: str) -> None:
    new = root.partial(partial)
    with contextlib.suppress(FileNotFoundError):
        root.disk.remove(
            new
        )  # what a run that died left there; or a link that was planted, and is not written through
    try:
        _gather(root, new, fresh)
        with root.entry(name) as entry:
            os.replace(new.name, entry.name, src_dir_fd=new.directory, dst_dir_fd=entry.directory)
            root.disk.sync(entry.directory)
    except BaseException:
        with contextlib.suppress(OSError):
            root.disk.remove(new)
        raise


def _gather(root: OutputRoot, new: Entry, fresh: Iterable[bytes]) -> None:
    with os.fdopen(root.disk.open_file(new, Access.CREATE), "wb") as out:
        out.writelines(fresh)
        out.flush()
        os.fsync(out.fileno())
