"""A file system in memory that knows what a power cut leaves: only what was synced, and perhaps a part of the rest."""

import errno
import os

from runner.files.disk import Access, Kind, Stat

ROOT = "/simulated/outputs"

_TROUBLES = {"full": errno.ENOSPC, "quota": errno.EDQUOT, "broken": errno.EIO, "busy": errno.EMFILE}


class _Directory:
    """``entries`` are the names as processes see them, ``durable`` those that a power cut leaves for sure."""

    kind = Kind.DIRECTORY

    def __init__(self):
        self.entries, self.durable = {}, {}

    def sync(self):
        self.durable = dict(self.entries)


class _File:
    """``content`` is what processes see, ``durable`` what a power cut leaves for sure."""

    kind = Kind.FILE

    def __init__(self, content=b""):
        self.content = self.durable = content

    def sync(self):
        self.durable = self.content


class SimulatedDisk:
    """Implements ``runner.files.disk.Disk``.

    ``on_step(name)`` is called before every call that changes something; it may raise ``OSError`` or end the process.
    ``on_named()`` after each that gave a file another name. ``capacity_bytes`` bounds the sum of all files; ``changes``
    counts what was changed.
    """

    def __init__(self):
        self.on_step = lambda _name: None
        self.on_named = lambda: None
        self.changes = 0
        self.capacity_bytes = None
        self._root = _Directory()
        self._nodes = []
        self._handles = {}
        self._locked = {}
        self._opened = 0

    # What a test does with it.

    def plant(self, path, content):
        """A file that somebody else put there, and made durable."""
        directory = self._root
        *names, last = path.split("/")
        for name in names:
            directory.durable[name] = directory.entries.setdefault(name, _Directory())
            directory = directory.entries[name]
        directory.entries[last] = directory.durable[last] = _File(content)

    def take_away(self, path):
        """Somebody else deletes a file durably; nothing happens where there is none."""
        directory = self._root
        *names, last = path.split("/")
        for name in names:
            directory = directory.entries.get(name, _Directory())
        directory.entries.pop(last, None)
        directory.durable.pop(last, None)

    def end_process(self):
        """The process is gone, and with it its handles and locks."""
        self._handles.clear()
        self._locked.clear()

    def cut_power(self, survives):
        """What was not synced is lost, but for what ``survives()`` says reached the disk all the same."""
        self.end_process()
        self._settle(self._root, survives)

    def files(self, *, durable):
        """Path -> content of every file; ``durable``: what a power cut now would leave at least."""
        return dict(self._walk(self._root, "", durable))

    # The protocol.

    def open_root(self, path, *, create):
        assert (path, create) == (ROOT, True)
        return self._handle(self._root)

    def open_directory(self, entry):
        return self._handle(self._found(entry, _Directory, errno.ENOTDIR))

    def make_directory(self, entry, mode):
        self._step("mkdir")
        self._add(entry, _Directory())

    def open_file(self, entry, access):
        if access in {Access.READ, Access.WRITE}:
            return self._handle(self._found(entry, _File, errno.EISDIR))
        self._step("create")
        entries = self._directory(entry).entries
        if access is Access.CREATE or entry.name not in entries:
            self._add(entry, _File())
        return self._handle(self._found(entry, _File, errno.EISDIR))

    def close(self, handle):
        self._handles.pop(handle, None)
        self._locked = {node: by for node, by in self._locked.items() if by != handle}

    def read(self, handle, size, offset):
        return self._handles[handle].content[offset : offset + size]

    def write(self, handle, content, offset):
        self._step("write")
        node = self._handles[handle]
        grown = node.content[:offset].ljust(offset, b"\0") + content + node.content[offset + len(content) :]
        if (
            self.capacity_bytes is not None
            and self._used() - len(node.content) + len(grown) > self.capacity_bytes
        ):
            raise _error("full")
        node.content = grown

    def truncate(self, handle, size):
        self._step("truncate")
        node = self._handles[handle]
        node.content = node.content[:size].ljust(size, b"\0")

    def sync(self, handle):
        self._step("sync")
        self._handles[handle].sync()

    def lock(self, handle):
        node = self._handles[handle]
        return self._locked.setdefault(node, handle) == handle

    def link(self, source, target):
        self._step("link")
        self._add(target, self._found(source, _File, errno.EISDIR))
        self.on_named()

    def rename_new(self, source, target):
        self._step("rename")
        self._add(target, self._found(source, _File, errno.EISDIR))
        del self._directory(source).entries[source.name]
        self.on_named()

    def remove(self, entry):
        if entry.name not in self._directory(entry).entries:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), entry.name)
        self._step("remove")
        del self._directory(entry).entries[entry.name]

    def remove_directory(self, entry):
        if self._found(entry, _Directory, errno.ENOTDIR).entries:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), entry.name)
        self._step("rmdir")
        del self._directory(entry).entries[entry.name]

    def stat(self, entry):
        node = self._directory(entry).entries.get(entry.name)
        return None if node is None else self._stat(node)

    def stat_handle(self, handle):
        return self._stat(self._handles[handle])

    # Below.

    def _step(self, name):
        trouble = self.on_step(name)
        if trouble is not None:
            raise _error(trouble)
        self.changes += name in {
            "write",
            "truncate",
            "remove",
            "rename",
            "rmdir",
        }  # the others, if they add a name

    def _handle(self, node):
        self._opened += 1
        self._handles[self._opened] = node
        return self._opened

    def _directory(self, entry):
        return self._handles[entry.directory]

    def _found(self, entry, kind, code):
        node = self._directory(entry).entries.get(entry.name)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), entry.name)
        if not isinstance(node, kind):
            raise OSError(code, os.strerror(code), entry.name)
        return node

    def _add(self, entry, node):
        entries = self._directory(entry).entries
        if entry.name in entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), entry.name)
        entries[entry.name] = node
        self.changes += 1

    def _stat(self, node):
        if node not in self._nodes:
            self._nodes.append(node)
        size = len(node.content) if isinstance(node, _File) else 0
        return Stat(node.kind, size, self._names_of(self._root, node), (1, self._nodes.index(node)))

    def _names_of(self, directory, node):
        below = (each for each in directory.entries.values() if isinstance(each, _Directory))
        here = sum(each is node for each in directory.entries.values())
        return here + sum(self._names_of(each, node) for each in below)

    def _used(self):
        return sum(len(content) for content in self.files(durable=False).values())

    def _walk(self, directory, prefix, durable):
        names = directory.durable if durable else directory.entries
        for name, node in names.items():
            if isinstance(node, _Directory):
                yield from self._walk(node, f"{prefix}{name}/", durable)
            else:
                yield prefix + name, node.durable if durable else node.content

    def _settle(self, directory, survives):
        left = {}
        for name in [
            *directory.durable,
            *(each for each in directory.entries if each not in directory.durable),
        ]:
            now, before = directory.entries.get(name), directory.durable.get(name)
            node = now if now is before or survives() else before
            if node is not None:
                left[name] = node
        directory.entries = left
        directory.sync()
        for node in left.values():
            if isinstance(node, _Directory):
                self._settle(node, survives)
            elif node.content != node.durable:
                torn = node.content[: len(node.content) // 2]
                node.content = node.content if survives() else torn if survives() else node.durable
                node.sync()


def _error(trouble):
    code = _TROUBLES[trouble]
    return OSError(code, os.strerror(code), "simulated")
