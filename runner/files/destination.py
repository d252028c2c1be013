"""A directory that is made at a person's wish: built beside its name, and given the name when it is whole.

What is built stands in ``<name>.partial``; a process that died leaves it, and the next one goes on there with what is
finished. Nothing is written into a directory that is not ours, and nothing gets a name that is taken.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from runner.core.errors import UsageError
from runner.files.depot import Depot
from runner.files.disk import Access, Entry
from runner.files.outcomes import Content
from runner.files.root import PARTIAL, OutputRoot
from runner.files.source import blocks, damaged
from runner.files.spooled import Spooled

BUILDING = ".partial"
_MARK = "export"
_LONGEST_MARK_BYTES = 4096
_NEW = "new"
_COPY = "copy"


class Destination(Spooled):
    """The directory ``path``, while it is built; what the methods promise stands at ``Building``."""

    def __init__(self, path: str) -> None:
        """Begin, or go on where an earlier process ended.

        Raises ``UsageError`` where the name is taken or what stands beside it is not ours, ``BusyError`` where another
        process builds it.
        """
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, and name another directory
        self.building = self.path.with_name(self.path.name + BUILDING)
        if os.path.lexists(self.path):
            raise UsageError(f"{self.path}: there is something already; name another directory")
        self._refuse_foreign()
        # Each of a hundred thousand folders synced for itself would take minutes; `finish` syncs them all at once.
        self.root = OutputRoot(str(self.building), syncs=False)
        try:
            self.root.lock()
            if self._mark() is None:
                self._write_mark("")
        except BaseException:
            self.root.close()
            raise

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def site(self) -> str:
        return str(self.building)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.root.close()

    def keep_if(self, identity: str) -> None:
        """Go on with what is there if it was built for the same ``identity``, else clear it."""
        if self._mark() == identity:
            return
        self._write_mark("")  # what is half cleared belongs to nothing
        for found in self.building.iterdir():
            if found.name == PARTIAL:
                continue
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
        self._write_mark(identity)

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """A file of this name, which is there, whole and synced, once the block has ended without an error."""
        with self.fresh(_NEW) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with self.root.entry(name, create=True) as target:
            self._rename(_NEW, target)

    def add(self, tree: Depot, path: str, content: Content, name: str, *, link: bool) -> None:
        """Put a file of the tree, which must hold ``content``, under this name: as a copy, or with ``link`` as a hard link.

        Where no link can be made it is a copy. Raises what ``source.blocks`` does.
        """
        if self.root.hash_file(name) == content:
            return
        with self.root.entry(name, create=True) as target:
            with contextlib.suppress(FileNotFoundError):
                self.root.disk.remove(target)
            if link and tree.is_local and self._linked(tree, path, content, target):
                return
            with self.fresh(_COPY) as file:
                for block in blocks(tree, path, content):
                    file.write(block)
            self._rename(_COPY, target)

    def finished(self, name: str) -> Content | None:
        return self.root.hash_file(name)

    def give_up(self) -> None:
        """Take the directory away again where nothing was built in it yet."""
        if {found.name for found in self.building.iterdir()} == {PARTIAL}:
            shutil.rmtree(self.building)

    def finish(self) -> None:
        """Give the directory its name; afterwards it is on the disk, and nothing of ours but the result is in it.

        Raises ``UsageError`` where the name was taken meanwhile.
        """
        if os.path.lexists(self.path):  # before anything is taken away that the next one needs to go on
            raise self._taken()
        os.sync()  # once for all that is in it
        shutil.rmtree(self.building / PARTIAL)
        above = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.root.disk.rename_new(Entry(above, self.building.name), Entry(above, self.path.name))
            os.fsync(above)
        except FileExistsError as error:
            raise UsageError(
                f"{self.path}: something came there meanwhile; name another directory"
            ) from error
        finally:
            os.close(above)

    def _taken(self) -> UsageError:
        return UsageError(f"{self.path}: something came there meanwhile; name another directory")

    def _refuse_foreign(self) -> None:
        try:
            is_foreign = any(self.building.iterdir()) and not (self.building / PARTIAL / _MARK).is_file()
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"{self.building}: cannot be used: {error.strerror}") from error
        if is_foreign:
            raise UsageError(
                f"{self.building}: it was not made by this program; move it away, or name another DEST"
            )

    def _mark(self) -> str | None:
        try:
            handle = self.root.disk.open_file(self.root.partial(_MARK), Access.READ)
        except FileNotFoundError:
            return None
        try:
            return self.root.disk.read(handle, _LONGEST_MARK_BYTES, 0).decode("utf-8", "replace")
        finally:
            self.root.disk.close(handle)

    def _write_mark(self, identity: str) -> None:
        with self.fresh(_NEW) as file:
            file.write(identity.encode())
            file.flush()
            os.fsync(file.fileno())
        self._rename(_NEW, self.root.partial(_MARK))

    def _rename(self, name: str, target: Entry) -> None:
        new = self.root.partial(name)
        os.replace(new.name, target.name, src_dir_fd=new.directory, dst_dir_fd=target.directory)

    def _linked(self, tree: Depot, path: str, content: Content, target: Entry) -> bool:
        with tree.spool.entry(path) as source:
            if tree.spool.digest(source) != content:
                raise damaged(tree, path)
            try:
                self.root.disk.link(source, target)
            except OSError:  # another file system, or one without links
                return False
        return True
