"""Where an export is built: a directory of this machine, or the keys below a prefix of a bucket."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from runner.core.bucket_url import bucket_url, is_url
from runner.files.depot import Depot
from runner.files.destination import Destination
from runner.files.outcomes import Content


class Building(Protocol):
    """A result that is being built. Every method blocks, and raises ``OSError``."""

    @property
    def place(self) -> str:
        """The directory or the URL of the result."""

    @property
    def site(self) -> str:
        """What is there until it is whole, for people."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def spool(self) -> AbstractContextManager[BinaryIO]:
        """A file of our own for what is going to be written, empty; it is not part of the result."""

    def spooled(self) -> Iterator[bytes]:
        """The lines of that file."""

    def keep_if(self, identity: str) -> None:
        """Go on with what is there if it was built for the same ``identity``; else clear it, or raise ``UsageError``."""

    def file(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file of this name, which is there, whole and durable, once the block has ended without an error."""

    def finished(self, name: str) -> Content | None:
        """What the whole file of this name holds, ``None`` where there is none yet."""

    def add(self, tree: Depot, path: str, content: Content, name: str, *, link: bool) -> None:
        """Put a file of the tree, which must hold ``content``, under this name: as a copy, or with ``link`` as a hard link.

        Where no link can be made it is a copy. Raises what ``source.blocks`` does.
        """

    def give_up(self) -> None:
        """Take everything away again where nothing was built yet."""

    def finish(self) -> None:
        """All is there: afterwards nothing of ours but the result is left. Raises ``UsageError`` where its name was taken."""


def open_building(destination: str, spool: Path) -> Building:
    """The place for a result at a path or a URL; ``spool`` is a directory of ours where it is a URL, gone at the end.

    Raises ``UsageError`` where something is there already, ``BusyError`` where another process builds it.
    """
    if not is_url(destination):
        return Destination(destination)
    from runner.files.bucket_destination import BucketDestination  # noqa: PLC0415 - an extra, only where it is asked for

    return BucketDestination(bucket_url(destination), spool)
