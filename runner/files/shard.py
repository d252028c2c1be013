"""Shards of samples as tar files: the same samples give the same bytes, whoever writes them and when.

The form is POSIX 1003.1-1988 (ustar), section 10.1.1, without times, owners and modes of the files that went in.
"""

import tarfile
from collections.abc import Iterable
from typing import BinaryIO

_BLOCK_BYTES = 512
_RECORD_BYTES = 20 * _BLOCK_BYTES


class Shard:
    """A tar file that is being written to ``out``, from its beginning to its end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._bytes = 0

    def add(self, name: str, size_bytes: int, content: Iterable[bytes]) -> None:
        """Append a member; ``content`` must come to ``size_bytes``. Raises ``OSError``."""
        header = tarfile.TarInfo(name)
        header.size, header.mode, header.mtime = size_bytes, 0o644, 0
        self._write(header.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"))
        for block in content:
            self._write(block)
        self._pad(_BLOCK_BYTES)

    def end(self) -> None:
        """Write the end mark; nothing can be added any more."""
        self._write(bytes(2 * _BLOCK_BYTES))
        self._pad(_RECORD_BYTES)

    def _write(self, block: bytes) -> None:
        self._out.write(block)
        self._bytes += len(block)

    def _pad(self, to_bytes: int) -> None:
        self._write(bytes(-self._bytes % to_bytes))
