"""A file of ours at the top of a batch's tree: replaced as a whole, and only where it would say something else."""

import contextlib
import os
from collections.abc import Callable, Iterable

from runner.files.disk import Access
from runner.files.root import OutputRoot


def keep(root: OutputRoot, name: str, fresh: Callable[[], Iterable[bytes]]) -> bool:
    """Bring the file to what ``fresh`` makes; returns whether it had to be written. Raises ``OSError``.

    Where there is none and there is nothing to say, none is made. ``fresh`` is called once more where it differs.
    """
    root.refuse_if_replaced()
    if _says(root, name, fresh()):
        return False
    _replace(root, name, fresh())
    return True


def beginning_of(root: OutputRoot, name: str, size_bytes: int) -> bytes | None:
    """The first bytes of the file, ``None`` where there is none; raises ``OSError``."""
    try:
        with root.entry(name) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            return file.read(size_bytes)
    except FileNotFoundError:
        return None


def _says(root: OutputRoot, name: str, fresh: Iterable[bytes]) -> bool:
    """Whether the file holds just this; where there is no file, whether that is nothing."""
    try:
        with root.entry(name) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            return all(file.read(len(part)) == part for part in fresh) and not file.read(1)
    except FileNotFoundError:
        return not any(fresh)


def _replace(root: OutputRoot, name: str, fresh: Iterable[bytes]) -> None:
    new = root.partial(name)
    with contextlib.suppress(FileNotFoundError):
        root.disk.remove(
            new
        )  # what a run that died left there; or a link that was planted, and is not written through
    with os.fdopen(root.disk.open_file(new, Access.CREATE), "wb") as out:
        out.writelines(fresh)
        out.flush()
        os.fsync(out.fileno())
    with root.entry(name) as entry:
        os.replace(new.name, entry.name, src_dir_fd=new.directory, dst_dir_fd=entry.directory)
        root.disk.sync(entry.directory)
