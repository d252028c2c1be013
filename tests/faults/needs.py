"""What a test needs of the machine; without it, it is skipped with its name.

Not in CI where a tool is missing: `.ci/run` installs them all, and there a test that is skipped would prove nothing, so it
runs and fails.
"""

import ctypes
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

_INSTALL = {"strace": "strace", "ip": "iproute2", "faketime": "faketime", "prlimit": "util-linux"}
_INSTALL |= {"chromium": "chromium"}
_INSTALL |= {"ffprobe": "ffmpeg", "systemd-analyze": "systemd"}
_INSTALL |= {"mkfs.ext4": "e2fsprogs", "chattr": "e2fsprogs", "setpriv": "util-linux", "mount": "mount"}


def missing(*names: str) -> str | None:
    """Why a fault cannot be made here, or ``None``; a name is a tool's, ``root`` or ``tracing``."""
    for name in names:
        reason = _SPECIAL[name]() if name in _SPECIAL else _missing_tool(name)
        if reason:
            return reason
    return None


def needs(*names: str) -> pytest.MarkDecorator:
    """Skips a test where something is missing, and says what."""
    reason = missing(*names)
    return pytest.mark.skipif(reason is not None, reason=reason or "")


def mark_folder(items: list[pytest.Item], conftest: str, marker: str, reason: str | None) -> None:
    """Mark every test beside a ``conftest.py``, and skip it for the ``reason`` there is, if any."""
    for item in items:
        if item.path.is_relative_to(Path(conftest).parent):
            item.add_marker(marker)
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


def _missing_tool(name: str) -> str | None:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if shutil.which(name, path=path) or os.environ.get("CI"):
        return None
    return f"needs {name}: apt-get install {_INSTALL.get(name, name)}"


def _root() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


def _tracing() -> str | None:
    """The tracer speaks x86-64 only, and some containers forbid tracing."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "needs ptrace on x86-64 Linux"
    child = os.fork()
    if child == 0:
        # PTRACE_TRACEME
        os._exit(ctypes.CDLL(None).ptrace(0, 0, None, None) != 0)
    return None if os.waitpid(child, 0)[1] == 0 else "needs ptrace, which is forbidden here"


_SPECIAL: dict[str, Callable[[], str | None]] = {"root": _root, "tracing": _tracing}
