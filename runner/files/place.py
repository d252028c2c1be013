"""Giving a file its final name, so that the name is either absent or stands for the whole, synced file.

Order: link, fsync the directory and those above it that are new, unlink the old name. A crash between two of them leaves
both names for one file, and the next call finds that and finishes. The link, unlike a rename, refuses a name that is taken.
"""

import errno

from runner.files.disk import Access, Entry, Kind, Stat
from runner.files.outcomes import (
    Absent,
    AlreadyThere,
    Broken,
    Conflict,
    Content,
    DiskFailed,
    Placed,
    PlaceOutcome,
    disk_trouble,
)
from runner.files.root import NotOursError, OutputRoot

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def place(root: OutputRoot, partial: str, path: str, content: Content) -> PlaceOutcome:
    """Give the partial file of that name, which must hold ``content``, the final name ``path``; blocks.

    Afterwards: ``Placed`` and ``AlreadyThere``: the name is on the disk and the partial file is gone. ``Absent``: the
    partial file is missing or holds something else (a crash, a disk that lied). Otherwise both are as they were.
    May be repeated after a crash at any point. Raises ``ValueError`` for a path outside the root.
    """
    try:
        if root.holds(partial, content):
            outcome = _give_name(root, root.partial(partial), path, content)
        else:
            outcome = _without_source(root, path, content)
        if isinstance(outcome, Placed | AlreadyThere):
            root.remove_partial(partial)
    except OSError as error:
        return _outcome_of(error, root, path)
    return outcome


def move(root: OutputRoot, old: str, new: str, content: Content) -> PlaceOutcome:
    """Rename a file that the runner wrote, from ``old`` to ``new``; blocks. The same rules as ``place``.

    Where ``old`` holds something other than ``content``, a person changed it: ``Conflict``, and it stays. Where
    ``old`` is gone and ``new`` holds ``content``, an earlier call was interrupted: ``AlreadyThere``. Directories that
    the move leaves empty are removed.
    """
    try:
        return _move(root, old, new, content)
    except OSError as error:
        return _outcome_of(error, root, new)


def _move(root: OutputRoot, old: str, new: str, content: Content) -> PlaceOutcome:
    if root.stat(old) is None:
        outcome = _without_source(root, new, content)
    else:
        with root.entry(old) as source:
            if root.digest(source) == content:
                outcome = _give_name(root, source, new, content)
            else:
                outcome = _without_source(root, new, content)
            if isinstance(outcome, Placed | AlreadyThere):
                _drop(root, source, new, content)
        if isinstance(outcome, Absent):
            return Conflict(f"{old} is not the file that was written there")
    if isinstance(outcome, Placed | AlreadyThere):
        root.remove_empty_directories(old)
    return outcome


def _give_name(root: OutputRoot, source: Entry, path: str, content: Content) -> PlaceOutcome:
    with root.entry(path, create=True) as target:
        try:
            _link(root, source, target)
        except FileExistsError:
            return _judge_taken(root, target, path, content)
        # Before the old name goes and before anybody is told: without this a power cut takes the name back.
        root.disk.sync(target.directory)
    return Placed()


def _link(root: OutputRoot, source: Entry, target: Entry) -> None:
    try:
        root.disk.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        root.disk.rename_new(source, target)


def _judge_taken(root: OutputRoot, target: Entry, path: str, content: Content) -> PlaceOutcome:
    found = root.disk.stat(target)
    if found is None or found.kind is not Kind.FILE:
        return Conflict(f"{path} is taken by {_name_of(found)}")
    if root.digest(target) != content:
        return Conflict(f"{path} is taken by another file")
    _adopt(root, target)
    return AlreadyThere()


def _adopt(root: OutputRoot, target: Entry) -> None:
    """Sync a file that was found: its link may be that of a process that died, its bytes a copy that a person made."""
    handle = root.disk.open_file(target, Access.READ)
    try:
        root.disk.sync(handle)
    finally:
        root.disk.close(handle)
    root.disk.sync(target.directory)


def _without_source(root: OutputRoot, path: str, content: Content) -> PlaceOutcome:
    try:
        # Durable: whoever linked it may have died before the directories on the way were synced.
        with root.entry(path, durable=True) as target:
            if root.digest(target) != content:
                return Absent(f"{path}: neither it nor its source holds what was recorded")
            _adopt(root, target)
    except FileNotFoundError:
        return Absent(f"{path}: neither it nor its source is there")
    return AlreadyThere()


def _drop(root: OutputRoot, source: Entry, path: str, content: Content) -> None:
    """Take the old name of a moved file away, unless it is the only one left."""
    old, new = root.disk.stat(source), root.stat(path)
    if old is not None and new is not None and old.identity == new.identity and old.links == 1:
        return  # two spellings of one name, where the file system ignores case: this would delete the file itself
    if root.digest(source) == content:  # a file that a person changed in the meantime stays
        root.disk.remove(source)
    root.disk.sync(source.directory)


def _name_of(found: Stat | None) -> str:
    if found is None:
        return "something that is already gone"
    return "a directory" if found.kind is Kind.DIRECTORY else "a symlink or special file"


def _outcome_of(error: OSError, root: OutputRoot, path: str) -> PlaceOutcome:
    where = f"{root.path}/{path}"
    if isinstance(error, NotOursError):
        return Conflict(error.strerror or str(error))
    if error.errno in {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EILSEQ}:
        return Conflict(f"{where}: {error.strerror}")
    if error.errno == errno.EXDEV:
        return DiskFailed(
            f"{where} is on another file system than the output directory; files cannot be moved there"
        )
    if error.errno == errno.ENOENT:
        return Broken(f"{where}: a directory on the way was removed just now")
    return disk_trouble(error, where)
