"""Files of our own beside what is built, for what is going to be written; they are not part of the result."""

import contextlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from runner.files.disk import Access
from runner.files.root import OutputRoot

_SPOOL = "rows"


class Spooled:
    """Whatever has a ``root`` for its partial files."""

    root: OutputRoot

    @contextlib.contextmanager
    def spool(self) -> Iterator[BinaryIO]:
        """A file of our own for what is going to be written, empty; it is not part of the result."""
        with self.fresh(_SPOOL) as file:
            yield file

    def spooled(self) -> Iterator[bytes]:
        """The lines of that file."""
        with os.fdopen(self.root.disk.open_file(self.root.partial(_SPOOL), Access.READ), "rb") as file:
            yield from file

    @contextlib.contextmanager
    def fresh(self, name: str) -> Iterator[BinaryIO]:
        """Another such file, empty."""
        entry = self.root.partial(name)
        with contextlib.suppress(FileNotFoundError):
            self.root.disk.remove(entry)  # also where it is a link: it is not written through
        with os.fdopen(self.root.disk.open_file(entry, Access.CREATE), "w+b") as file:
            yield file
