"""Texts that the runner keeps in the output tree, such as ``metadata.jsonl``: compared line by line, replaced as a whole."""

import contextlib
import itertools
import os
from collections.abc import Iterator

from runner.files.disk import Access
from runner.files.root import OutputRoot


def says(root: OutputRoot, name: str, fresh: Iterator[bytes]) -> bool:
    """Whether the file of that name holds just these lines; where there is no file, whether there are none.

    Raises ``OSError``.
    """
    try:
        with root.entry(name) as entry, os.fdopen(root.disk.open_file(entry, Access.READ), "rb") as file:
            pairs = itertools.zip_longest(file, fresh, fillvalue=b"")
            return all(itertools.starmap(bytes.__eq__, pairs))
    except FileNotFoundError:
        return next(fresh, None) is None


def replace(root: OutputRoot, name: str, fresh: Iterator[bytes]) -> None:
    """Put these lines there, durably and at once; raises ``OSError``, with the old ones left."""
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
