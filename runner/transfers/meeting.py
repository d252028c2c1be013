"""Where the coordinator and a worker leave each other a word, to see that both write to the same tree."""

import contextlib
from collections.abc import Iterator
from typing import Protocol

from runner.core.bucket_url import is_url
from runner.files import waiting
from runner.files.bucket import Bucket
from runner.files.disk import Access
from runner.files.probe import prove_writable
from runner.files.root import OutputRoot
from runner.transfers.bucket_errand import opened_bucket

NONCE_BYTES = 32


class Meeting(Protocol):
    """Small files below ``.partial/`` of a tree. All methods block and raise ``OSError``."""

    @property
    def must(self) -> str:
        """What every worker must be able to do there, for people."""

    def write(self, name: str, nonce: str) -> None:
        """Leave the nonce there."""

    def read(self, name: str) -> str:
        """What was left there."""

    def remove(self, name: str) -> None:
        """Take it away; never raises."""


class FolderMeeting:
    """What the methods promise stands at ``Meeting``."""

    def __init__(self, root: OutputRoot) -> None:
        self._root = root

    @property
    def must(self) -> str:
        return (
            f"Every worker must write to {self._root.path} as this process does: on one shared file system, under the same "
            "path, as the same user"
        )

    def write(self, name: str, nonce: str) -> None:
        with self._open(name, Access.CREATE) as handle:
            self._root.disk.write(handle, nonce.encode(), 0)
            self._root.disk.sync(handle)

    def read(self, name: str) -> str:
        with self._open(name, Access.READ) as handle:
            return self._root.disk.read(handle, NONCE_BYTES, 0).decode(errors="replace")

    def remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self._root.remove_partial(name)

    @contextlib.contextmanager
    def _open(self, name: str, access: Access) -> Iterator[int]:
        handle = self._root.disk.open_file(self._root.partial(name), access)
        try:
            yield handle
        finally:
            self._root.disk.close(handle)


class BucketMeeting:
    """The same in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @property
    def must(self) -> str:
        return (
            f"Every worker must read and write {self._bucket.url}: with the extra `cloud` installed, and with the store's "
            "variables in its own environment (docs/storage.md)"
        )

    def write(self, name: str, nonce: str) -> None:
        self._bucket.create(waiting.key_of(name), nonce.encode(), {})

    def read(self, name: str) -> str:
        held = self._bucket.look(waiting.key_of(name))
        if held is None:
            raise FileNotFoundError(2, "there is no such key")
        return self._bucket.read(waiting.key_of(name), 0, NONCE_BYTES, held).decode(errors="replace")

    def remove(self, name: str) -> None:
        waiting.remove(self._bucket, name)


@contextlib.contextmanager
def met(tree: str) -> Iterator[Meeting]:
    """The meeting of a worker in that tree; in a bucket, it has seen that it can do there all that it will have to.

    Raises ``UsageError`` and ``OSError``.
    """
    if is_url(tree):
        bucket = opened_bucket(tree)
        prove_writable(bucket)
        yield BucketMeeting(bucket)
    else:
        with OutputRoot(tree, create=False) as root:
            yield FolderMeeting(root)
