"""Making way for a file without touching what a person may have put in its place."""

import itertools
from pathlib import PurePosixPath

from runner.files.root import OutputRoot


def set_aside(root: OutputRoot, path: str, directory: str) -> str | None:
    """Move whatever stands at ``path`` into ``directory``, under a free name; returns its new path. Blocks.

    ``None``: nothing stood there. Nothing is ever overwritten, and the move is on the disk when this returns. Raises
    ``OSError``, and ``ValueError`` for a path outside the root.
    """
    name = PurePosixPath(path)
    for number in itertools.count():
        free = name.name if number == 0 else f"{name.stem}.{number}{name.suffix}"
        try:
            if not _moved(root, path, f"{directory}/{free}"):
                return None
        except FileExistsError:
            continue
        return f"{directory}/{free}"
    raise AssertionError("there is no last number")


def _moved(root: OutputRoot, path: str, new: str) -> bool:
    if root.stat(path) is None:
        return False
    with root.entry(path) as source:
        with root.entry(new, create=True) as target:
            root.disk.rename_new(source, target)
            root.disk.sync(target.directory)
        # Only now, with all directories above the new name synced: a power cut must not leave neither name.
        root.disk.sync(source.directory)
    return True
