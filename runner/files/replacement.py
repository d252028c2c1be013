"""Files of ours that are made anew as a whole: at every moment their name holds all of the old bytes or all of the new."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from runner.files.disk import Access
from runner.files.root import OutputRoot


def holds(root: OutputRoot, path: str, fresh: Iterator[bytes]) -> bool:
    """Whether the file at ``path`` holds just these pieces; where there is no file, whether there are none.

    Raises ``OSError``.
    """
    try:
        with root.entry(path) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            return all(file.read(len(piece)) == piece for piece in fresh) and not file.read(1)
    except FileNotFoundError:
        return next(fresh, None) is None


def beginning(root: OutputRoot, path: str, size: int) -> bytes | None:
    """The first bytes of the file at ``path``, ``None`` where there is none; raises ``OSError``."""
    try:
        with root.entry(path) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return None


def replace(root: OutputRoot, path: str, fresh: Iterable[bytes], partial: str) -> None:
    """Put these pieces under ``path``, durably; ``partial`` is the name that they are gathered under.

    Raises ``OSError``; then what was there is there.
    """
    new = root.partial(partial)
    with contextlib.suppress(FileNotFoundError):
        root.disk.remove(
            new
        )  # what a process that died left there; or a link that was planted, and is not written through
    with os.fdopen(root.disk.open_file(new, Access.CREATE), "wb") as out:
        out.writelines(fresh)
        out.flush()
        os.fsync(out.fileno())
    with root.entry(path) as entry:
        os.replace(new.name, entry.name, src_dir_fd=new.directory, dst_dir_fd=entry.directory)
        root.disk.sync(entry.directory)


def replace_outside(path: Path, fresh: Iterable[bytes]) -> None:
    """The same for a file that stands in no tree of ours; raises ``OSError``, and leaves nothing then."""
    new = path.with_name(f".{path.name[:100]}.{os.getpid()}.new")
    try:
        with new.open("xb") as out:
            out.writelines(fresh)
            out.flush()
            os.fsync(out.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
