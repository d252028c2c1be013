"""One actor a batch: a lock that a killed process loses at once and a suspended one keeps.

Of a state on a server see ``postgres.batch_lock``. Of a file it is ``flock`` on a file that is never deleted: it has no lease that could expire under a suspended holder, and
no second descriptor of the same process can lose it (as POSIX locks are lost).
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from runner.core.errors import BusyError, StateError
from runner.store.holds import Hold
from runner.store.places import Server, State
from runner.store.remedies import said
from runner.store.state_file import make_directory

PATIENCE_S = 0.3
"""How long a starter asks again: a reader that looks whether the lock is held has it for some microseconds."""


def lock_path(state: Path, batch: str) -> Path:
    """The lock file of a batch of this state (its real path): beside it, in ``<state>.locks/``.

    Raises ``StateError`` for what no batch is called: a name in a state that somebody hands over may be a path.
    """
    if not batch or "/" in batch or "\0" in batch:
        raise StateError(
            f"{state}: {batch!r} is not the name of a batch; the state was changed by something else"
        )
    return state.with_name(state.name + ".locks") / f"{batch}.lock"


def holding(state: State, batch: str) -> AbstractContextManager[Hold | None]:
    """Hold the batch's lock; raises ``BusyError`` within ``PATIENCE_S`` if another process has it.

    What it gives is for ``open_for_writing``: nothing where a lock cannot be lost before its process ends.
    """
    if isinstance(state, Server):
        from runner.store.postgres import batch_lock  # noqa: PLC0415 - the driver, only where somebody names a server

        return batch_lock.holding(state, batch, PATIENCE_S)
    return _holding_file(state, batch)


def holder(state: State, batch: str) -> int | None:
    """The process id of whoever holds the batch now, or ``None``; takes nothing but a look."""
    if isinstance(state, Server):
        from runner.store.postgres import batch_lock  # noqa: PLC0415 - the driver, only where somebody names a server

        return batch_lock.holder(state, batch)
    return _holder_of_file(state, batch)


@contextlib.contextmanager
def _holding_file(state: Path, batch: str) -> Iterator[None]:
    path = lock_path(state, batch)
    try:
        make_directory(state.parent)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.parent.is_symlink():  # locks that somebody else can take away are no locks
            raise StateError(f"{path.parent} is a symbolic link; remove it")
        descriptor = _locked(path, batch)
    except OSError as error:
        raise StateError(f"the lock {path} cannot be taken: {said(error)}") from error
    try:
        _sign(path, descriptor)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _holder_of_file(state: Path, batch: str) -> int | None:
    try:
        # NONBLOCK: a named pipe would be waited for, and holds no lock.
        how = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(lock_path(state, batch), how)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    except OSError as error:
        raise StateError(f"the lock of batch {batch!r} cannot be looked at: {said(error)}") from error
    else:
        return None
    finally:
        os.close(descriptor)


def _locked(path: Path, batch: str) -> int:
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                os.close(descriptor)
                raise
            pid = _pid_in(descriptor)
            os.close(descriptor)
            if time.monotonic() > give_up_at:
                who = f"process {pid}" if pid else "another process"
                raise BusyError(
                    f"{who} is working on batch {batch!r}; wait for it, or stop it (Ctrl-C)"
                ) from error
            time.sleep(0.02)
            continue
        if _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)  # somebody deleted the file between opening and locking: what we hold is no lock


def _sign(path: Path, descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:  # a full disk is met here first: the state could not be written either
        raise StateError(f"the lock {path} cannot be written: {said(error)}") from error


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        named, held = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None
