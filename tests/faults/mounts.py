"""File systems of a test's own: small ones that fill up, and images that can be copied while they are in use."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_IN_MEMORY = Path("/dev/shm")
_IMAGE_BYTES = 32 * 1024 * 1024


@contextlib.contextmanager
def tmpfs(at: Path, size_bytes: int) -> Iterator[None]:
    """A file system of ``size_bytes`` at a directory, which is made."""
    at.mkdir(parents=True, exist_ok=True)
    _call("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", at)
    try:
        yield
    finally:
        unmount(at)


def resize(at: Path, size_bytes: int) -> None:
    """Give a ``tmpfs`` another size."""
    _call("mount", "-o", f"remount,size={size_bytes}", at)


@contextlib.contextmanager
def read_only(at: Path) -> Iterator[None]:
    """A directory that even root cannot write to."""
    _call("mount", "--bind", at, at)
    try:
        _call("mount", "-o", "remount,bind,ro", at)
        yield
    finally:
        unmount(at)


@contextlib.contextmanager
def unchangeable(at: Path) -> Iterator[None]:
    """A directory in which even root can make or remove no name; skips a test where there is no such thing."""
    if subprocess.run(["chattr", "+i", at], check=False, capture_output=True).returncode:
        pytest.skip("needs a file system with attributes")
    try:
        yield
    finally:
        _call("chattr", "-i", at)


def unmount(at: Path) -> None:
    """Take it away now, whoever still uses it."""
    subprocess.run(["umount", "-l", at], check=False, capture_output=True)


@dataclass(frozen=True, slots=True)
class Disk:
    """An ext4 file system on an image in memory, mounted at ``at``; ``cut_power`` puts it back to what was synced."""

    at: Path
    image: Path

    def settle(self) -> None:
        """Everything that was written so far is on the disk."""
        _call("sync", "-f", self.at)

    def copy(self) -> Path:
        """The bytes of the disk as they are now; what the system still holds in memory is not among them."""
        return Path(shutil.copyfile(self.image, self.image.with_suffix(".copy")))

    def replace_by(self, copy: Path) -> None:
        """Power comes back: the disk is ``copy``, with its journal replayed. Nothing may use the disk any more."""
        _call("umount", self.at)
        copy.replace(self.image)
        _call("mount", "-o", "loop", self.image, self.at)


@contextlib.contextmanager
def disk(at: Path) -> Iterator[Disk]:
    """An empty disk at a directory, which is made."""
    at.mkdir(parents=True, exist_ok=True)
    where = _IN_MEMORY if _IN_MEMORY.is_dir() else at.parent
    with tempfile.TemporaryDirectory(prefix="runner-fault-", dir=where) as place:
        image = Path(place) / "disk.img"
        with image.open("wb") as file:
            file.truncate(_IMAGE_BYTES)
        _call("mkfs.ext4", "-q", "-F", image)
        _call("mount", "-o", "loop", image, at)
        try:
            yield Disk(at, image)
        finally:
            unmount(at)


def _call(*words: str | Path) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
