"""A file of a tree as the source of something else: every byte of it is checked on its way."""

import hashlib
from collections.abc import Iterator

from runner.files.depot import Depot
from runner.files.outcomes import Content


class DamagedError(OSError):
    """A file of the tree does not hold what is recorded of it."""


class UnreadableError(OSError):
    """The tree cannot be read just now, which says nothing of its files; ``strerror`` says all of it."""


def blocks(tree: Depot, path: str, content: Content) -> Iterator[bytes]:
    """What a file of the tree holds, in blocks.

    Raises ``DamagedError``, at the end at the latest, where it is not ``content`` or is gone, and ``UnreadableError``.
    """
    digest, size = hashlib.sha256(), 0
    for block in _read(tree, path):
        digest.update(block)
        size += len(block)
        if size > content.size_bytes:
            raise damaged(tree, path)
        yield block
    if Content(size, digest.hexdigest()) != content:
        raise damaged(tree, path)


def damaged(tree: Depot, path: str) -> DamagedError:
    """What is raised for a file that is not as it is recorded."""
    return DamagedError(None, f"{tree.path}/{path} does not hold what is recorded of it")


def _read(tree: Depot, path: str) -> Iterator[bytes]:
    try:
        yield from tree.blocks(path)
    except FileNotFoundError as error:
        raise damaged(tree, path) from error
    except OSError as error:
        raise UnreadableError(
            error.errno, f"{tree.path}/{path} cannot be read: {error.strerror or error}"
        ) from error
