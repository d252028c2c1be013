"""Partial files that somebody else received: another process, perhaps on another machine, in the same tree.

Whoever receives for others does so under a fresh name, so that two of them never write to one file, whichever of them was
taken for dead. The holder of the tree's lock takes over one of them under the partial's own name and sweeps up the others.
"""

import contextlib
import os
import re
import secrets
from dataclasses import dataclass

from runner.files.disk import Entry, Kind
from runner.files.outcomes import Broken, Content, DiskTrouble, disk_trouble
from runner.files.root import PARTIAL, OutputRoot

_FRESH = re.compile(r"(.+)\.at-[0-9a-f]{16}(\.json)?")


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that waits under ``name``; ``inode`` is its number where it was written (on NFS, everywhere), 0 in a bucket."""

    name: str
    inode: int = 0


def fresh_name(partial: str) -> str:
    """A name for a file that is to become ``partial``; nobody else has it."""
    return f"{partial}.at-{secrets.token_hex(8)}"


def partial_named_by(name: str) -> str | None:
    """What a file under this fresh name is to become, ``None`` where it is no fresh name."""
    found = _FRESH.fullmatch(name)
    return None if found is None else found[1]


def handed(root: OutputRoot, name: str) -> Handed | None:
    """The partial file of that name as it can be handed over, ``None`` where it is gone again."""
    with contextlib.suppress(OSError):
        found = root.disk.stat(root.partial(name))
        if found is not None:
            return Handed(name, found.identity[1])
    return None


def take_over(root: OutputRoot, given: Handed, partial: str, content: Content) -> DiskTrouble | None:
    """Give what was handed over the name ``partial``, in the place of anything there; ``None`` if that is done. Blocks.

    It is taken at the word of whoever hashed it if it is the very file that was written there, by length and inode; where
    the file system numbers its files otherwise, ``place`` reads it.
    """
    try:
        source = root.partial(given.name)
        found = root.disk.stat(source)
        if found is None or found.kind is not Kind.FILE or found.size_bytes != content.size_bytes:
            return Broken(
                "a worker said that it was there, and it is not: does it write to the same directory?"
            )
        root.remove_partial(partial)
        root.disk.rename_new(source, root.partial(partial))
        if found.identity[1] == given.inode:
            root.remember(partial, found, content)
    except OSError as error:
        return disk_trouble(error, f"{root.path}/{PARTIAL}/{partial}", content.size_bytes)
    return None


def sweep(root: OutputRoot) -> None:
    """Delete what nobody took over; what cannot be deleted stays, and does no harm. Blocks."""
    with contextlib.suppress(OSError):
        directory = root.partials()
        names = os.listdir(directory)  # noqa: PTH208 - of an open directory: no path leads astray
        for name in filter(_FRESH.fullmatch, names):
            _remove(root, Entry(directory, name))


def _remove(root: OutputRoot, entry: Entry) -> None:
    with contextlib.suppress(OSError):
        root.disk.remove(entry)
