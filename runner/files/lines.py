"""The lines of a text file in the output tree that anybody may have written."""

from collections.abc import Iterable, Iterator

from runner.files.disk import Access, Kind
from runner.files.root import NotOursError, OutputRoot

_BLOCK_BYTES = 1024 * 1024


def lines_of(root: OutputRoot, path: str, longest_bytes: int) -> Iterator[bytes | None]:
    """Each line without its end, ``None`` for one of more than ``longest_bytes``, which is not kept in memory.

    Raises ``FileNotFoundError``, ``NotOursError`` for what is no regular file, and other ``OSError``.
    """
    yield from split(blocks_of(root, path), longest_bytes)


def blocks_of(root: OutputRoot, path: str) -> Iterator[bytes]:
    """All bytes of the file, from its start; raises as ``lines_of`` does."""
    with root.entry(path) as entry:
        handle = root.disk.open_file(entry, Access.READ)
    try:
        if root.disk.stat_handle(handle).kind is not Kind.FILE:
            raise NotOursError(None, f"{path} is not a regular file")
        yield from _blocks(root, handle)
    finally:
        root.disk.close(handle)


def split(blocks: Iterable[bytes], longest_bytes: int) -> Iterator[bytes | None]:
    """The lines in these blocks; see ``lines_of``."""
    rest, is_too_long = b"", False
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield None if is_too_long or len(line) > longest_bytes else line
            is_too_long = False
        if len(rest) > longest_bytes:
            rest, is_too_long = b"", True
    if rest or is_too_long:
        yield None if is_too_long or len(rest) > longest_bytes else rest


def _blocks(root: OutputRoot, handle: int) -> Iterator[bytes]:
    offset = 0
    while block := root.disk.read(handle, _BLOCK_BYTES, offset):
        offset += len(block)
        yield block
