"""What steps made, between ``.partial`` and its names in the tree; the rows in the state go ahead of the names.

All of it may be done again after a crash at any point.
"""

import os
import shutil
from pathlib import Path

from runner.files.depot import Depot
from runner.files.disk import Entry
from runner.files.folder import Folder
from runner.files.outcomes import (
    Absent,
    AlreadyThere,
    Broken,
    CheckOutcome,
    Conflict,
    Content,
    DiskFailed,
    DiskFull,
    Intact,
    Placed,
)
from runner.files.root import PARTIAL
from runner.media.own_code import PREFIX as OWN
from runner.store import processing
from runner.store.processing import Derived
from runner.store.writer import DirectWriter

STEM = "step-"
"""What the names of partial files of steps begin with."""


class DiskError(Exception):
    """The disk keeps all steps from going on; the message is for people."""


def sweep(root: Folder) -> None:
    """Take away what a process that died has left in ``.partial``; nothing that the state knows may be there any more."""
    handle = root.partials()
    for name in os.listdir(handle):  # noqa: PTH208 - by the open handle, not by a name that may lead elsewhere now
        if name.startswith(STEM):
            root.disk.remove(Entry(handle, name))
        elif name.startswith(OWN):
            shutil.rmtree(Path(root.path, PARTIAL, name), ignore_errors=True)


async def place(writer: DirectWriter, root: Folder, making: int) -> str | None:
    """Give all files of a making that is verified their names; why one of them cannot have its own, else ``None``.

    Where a partial file is gone the making is forgotten. Raises ``DiskError``.
    """
    for one in writer.write_now(processing.files_of, [making]):
        match await root.place(one.partial, one.path, Content(one.bytes, one.sha256)):
            case Placed() | AlreadyThere():
                continue
            case Conflict(reason):
                return reason
            case Absent():
                clear(writer, root, making)
                return None
            case DiskFull(path):
                raise DiskError(f"there is no room for {path}")
            case DiskFailed(reason) | Broken(reason):
                raise DiskError(reason)
    writer.write_now(processing.made, making)
    return None


def clear(writer: DirectWriter, root: Folder, making: int) -> None:
    """Forget a making, and take its files away; what holds anything else is not ours, and stays. Raises ``OSError``."""
    for one in writer.write_now(processing.files_of, [making]):
        take_away(root, one)
        root.remove_partial(one.partial)
    writer.write_now(processing.forget, making)


def take_away(root: Depot, one: Derived) -> CheckOutcome:
    """Delete a file durably if it is what the step made; what stood there. Raises ``OSError``."""
    found = root.check(one.path, Content(one.bytes, one.sha256))
    if isinstance(found, Intact):
        root.remove(one.path)
    return found
