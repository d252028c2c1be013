"""A file of ours at the top of a batch's tree: replaced as a whole, and only where it would say something else."""

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from runner.files.depot import Depot


def keep(root: Depot, name: str, fresh: Callable[[], Iterable[bytes]], partial: str | None = None) -> bool:
    """Bring the file to what ``fresh`` makes; returns whether it had to be written. Raises ``OSError``.

    Where there is none and there is nothing to say, none is made. ``fresh`` is called once more where it differs.
    ``partial`` is that of ``Depot.replace``.
    """
    root.refuse_if_replaced()
    if root.says(name, iter(fresh())):
        return False
    root.replace(name, iter(fresh()), partial)
    return True


def beginning_of(root: Depot, name: str, size_bytes: int) -> bytes | None:
    """The first bytes of the file, ``None`` where there is none; raises ``OSError``."""
    try:
        return next(root.blocks(name), b"")[:size_bytes]
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
