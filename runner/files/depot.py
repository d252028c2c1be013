"""Where the finished files of a batch stand: a directory of this machine, or the keys below a prefix of a bucket.

Both keep the same promises. What they share is what the rest of the program may ask of a tree. Files are received, checked
and synced in the ``spool``, which is a directory in any case: that of the tree itself, or one beside the state.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from runner.core.bucket_url import bucket_url, is_url
from runner.files.outcomes import CheckOutcome, Content, PlaceOutcome
from runner.files.reading import Reading
from runner.files.root import OutputRoot


class Depot(Protocol):
    """An output tree. Every method blocks, except ``place``; paths are those of ``OutputRoot``, and so is ``ValueError``.

    ``OSError`` is raised for what a disk or a store does, with a ``strerror`` for people.
    """

    @property
    def path(self) -> str:
        """The directory or the URL, for people and for the state."""

    @property
    def is_local(self) -> bool:
        """Whether it is a directory of this machine, and its own spool."""

    @property
    def spool(self) -> OutputRoot:
        """Where partial files are; raises ``UsageError`` where it cannot be made."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def lock(self) -> None:
        """Keep other runners out until ``close``; raises ``BusyError`` and ``UsageError``."""

    def prove_writable(self) -> None:
        """Raise ``UsageError`` if nothing could be written here; nothing is left behind."""

    def refuse_if_replaced(self) -> None:
        """Raise ``OSError`` where the tree is not in its place any more."""

    def has(self, path: str) -> bool:
        """Whether anything stands there."""

    def sizes(self) -> Callable[[str], int | None]:
        """Looks at paths from now on: the length in bytes of the file that stands there, ``None`` where none does."""

    def check(self, path: str, content: Content) -> CheckOutcome:
        """Whether the file there holds ``content``; it is read, if its length is right."""

    def blocks(self, path: str) -> Iterator[bytes]:
        """All bytes of the file there; raises ``FileNotFoundError`` where none is."""

    def reading(self, path: str, size_bytes: int) -> AbstractContextManager[Reading]:
        """Reads anywhere in a file of just this length; raises ``FileNotFoundError`` where none such is."""

    def opened(self, path: str, size_bytes: int) -> AbstractContextManager[int]:
        """The handle of such a file, for as long as this lasts; of a copy that nobody sees where the tree is far."""

    def lines(self, path: str, longest_bytes: int) -> Iterator[bytes | None]:
        """The lines of a text file; see ``lines.lines_of``."""

    def says(self, path: str, fresh: Iterator[bytes]) -> bool:
        """Whether the file there holds just these pieces, one after the other; an absent one holds none."""

    def replace(self, path: str, fresh: Iterator[bytes], partial: str | None = None) -> None:
        """Put a file of ours there, whole, in the place of an older one of ours; what ``fresh`` raises leaves that.

        ``partial`` is the name that it is gathered under: ``path`` for whoever holds the lock, and without the lock one that
        no other process uses.
        """

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        """Give the partial file its final name; see ``place.place``."""

    def move(self, old: str, new: str, content: Content) -> PlaceOutcome:
        """Rename a file that the runner wrote; see ``place.move``."""

    def remove(self, path: str) -> None:
        """Delete the file there for good, and what it leaves empty; raises ``FileNotFoundError`` where none is."""

    def set_aside(self, path: str, directory: str) -> str | None:
        """Make way at ``path``; see ``aside.set_aside``."""


def open_depot(output_dir: str, spool: Path, *, create: bool = True) -> Depot:
    """The tree at a path or a URL; ``spool`` is the directory for partial files where the tree is none itself.

    Raises ``UsageError``. Nothing is asked of a store yet.
    """
    if not is_url(output_dir):
        from runner.files.folder import Folder  # noqa: PLC0415 - both ways import what this module defines

        return Folder(output_dir, create=create)
    from runner.files.bucket import Bucket  # noqa: PLC0415 - an extra, only where it is asked for
    from runner.files.bucket_depot import BucketDepot  # noqa: PLC0415 - an extra, only where it is asked for

    return BucketDepot(Bucket(bucket_url(output_dir)), spool)
