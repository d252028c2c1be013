"""A directory of this machine for files that only pass through it: it goes with whoever made it."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from runner.core.errors import BusyError, UsageError
from runner.files.root import OutputRoot

_PREFIX = "runner-passing-"
_YOUNG_S = 60.0
"""So old a directory is when it surely has its lock, if somebody uses it."""


@contextlib.contextmanager
def passing_spool() -> Iterator[OutputRoot]:
    """A spool below the directory for temporary files (``TMPDIR``), for as long as this lasts.

    Those of processes that were killed are deleted. Raises ``OSError`` and ``UsageError`` where there can be none.
    """
    _sweep(Path(tempfile.gettempdir()))
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder,
        OutputRoot(folder) as root,
    ):
        root.lock()
        yield root


def _sweep(above: Path) -> None:
    with contextlib.suppress(OSError):
        for folder in above.glob(f"{_PREFIX}*"):
            if _is_old_and_ours(folder) and _is_free(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_old_and_ours(folder: Path) -> bool:
    found = folder.lstat()
    return found.st_uid == os.getuid() and time.time() - found.st_mtime > _YOUNG_S


def _is_free(folder: Path) -> bool:
    try:
        with OutputRoot(str(folder), create=False) as root:
            root.lock()
    except (BusyError, UsageError):
        return False
    return True
