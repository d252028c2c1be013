"""An output directory of this machine as a depot: an ``OutputRoot`` with the functions of this package as its methods."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from runner.files.aside import set_aside
from runner.files.disk import Access
from runner.files.lines import blocks_of, lines_of
from runner.files.outcomes import CheckOutcome, Content, PlaceOutcome
from runner.files.place import move, place
from runner.files.reading import Reading, opened
from runner.files.root import OutputRoot
from runner.files.verify import compared


class Folder(OutputRoot):
    """What the methods promise stands at ``Depot``."""

    is_local = True

    @property
    def spool(self) -> OutputRoot:
        return self

    def prove_writable(self) -> None:
        """Opening and locking it have shown that."""

    def has(self, path: str) -> bool:
        return self.stat(path) is not None

    def sizes(self) -> Callable[[str], int | None]:
        return self.stat_size

    def check(self, path: str, content: Content) -> CheckOutcome:
        return compared(self, path, content)

    @contextlib.contextmanager
    def reading(self, path: str, size_bytes: int) -> Iterator[Reading]:
        with opened(self, path, size_bytes) as handle:
            yield lambda offset, size: self.disk.read(handle, size, offset)

    def opened(self, path: str, size_bytes: int) -> AbstractContextManager[int]:
        return opened(self, path, size_bytes)

    def lines(self, path: str, longest_bytes: int) -> Iterator[bytes | None]:
        return lines_of(self, path, longest_bytes)

    def blocks(self, path: str) -> Iterator[bytes]:
        return blocks_of(self, path)

    def says(self, path: str, fresh: Iterator[bytes]) -> bool:
        try:
            with self.entry(path) as entry, os.fdopen(self.disk.open_file(entry, Access.READ), "rb") as file:
                return all(file.read(len(part)) == part for part in fresh) and not file.read(1)
        except FileNotFoundError:
            return not any(fresh)

    def replace(self, path: str, fresh: Iterator[bytes], partial: str | None = None) -> None:
        new = self.partial(partial or path)
        with contextlib.suppress(FileNotFoundError):
            self.disk.remove(
                new
            )  # what a run that died left there; or a link that was planted, and is not written through
        try:
            with os.fdopen(self.disk.open_file(new, Access.CREATE), "wb") as out:
                out.writelines(fresh)
                out.flush()
                os.fsync(out.fileno())
            with self.entry(path) as entry:
                os.replace(new.name, entry.name, src_dir_fd=new.directory, dst_dir_fd=entry.directory)
                self.disk.sync(entry.directory)
        except BaseException:
            with contextlib.suppress(OSError):
                self.disk.remove(new)
            raise

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        return await asyncio.to_thread(place, self, partial, path, content)

    def move(self, old: str, new: str, content: Content) -> PlaceOutcome:
        return move(self, old, new, content)

    def remove(self, path: str) -> None:
        with self.entry(path) as entry:
            self.disk.remove(entry)
            self.disk.sync(entry.directory)
        self.remove_empty_directories(path)

    def set_aside(self, path: str, directory: str) -> str | None:
        return set_aside(self, path, directory)
