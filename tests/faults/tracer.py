"""A tracer of one program: it numbers the calls that matter across all threads, and kills or fails one of them.

strace can inject as well, but its ``when=N`` counts every thread for itself. A run commits from two threads, and the
first of them makes more commits than the second: with strace no commit of the second, the one that guards the money,
can be reached. Here ``at`` is the place of a call among those of the whole program, before it runs; with ``match``
("fsync outputs/x.mp4") its place among those ("sendto socket:": whichever connection it is).

What matters is a call that opens or changes a file below DIR, or makes or uses a TCP connection. The log has a line a
call, in the order of the kernel's reports, as JSON: ``["in", N, tid, call, about, note]`` and, when it is over,
``["out", N, returned]``; ``["struck", N]`` says which one it was. Leaves with the program's own exit code, or dies by the program's signal.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from runner.__main__ import main

CALLS = {
    1: "write",
    18: "pwrite64",
    20: "writev",
    41: "socket",
    42: "connect",
    44: "sendto",
    45: "recvfrom",
    46: "sendmsg",
    73: "flock",
    74: "fsync",
    75: "fdatasync",
    77: "ftruncate",
    82: "rename",
    83: "mkdir",
    84: "rmdir",
    86: "link",
    87: "unlink",
    257: "openat",
    258: "mkdirat",
    263: "unlinkat",
    264: "renameat",
    265: "linkat",
    316: "renameat2",
}
"""By their numbers on x86-64."""

_BY_DESCRIPTOR = {"write", "pwrite64", "writev", "flock", "fsync", "fdatasync", "ftruncate"}
_BY_SOCKET = {"connect", "sendto", "recvfrom", "sendmsg"}
_BY_PATH = {"rename": 1, "mkdir": 0, "rmdir": 0, "link": 1, "unlink": 0}
"""Which argument is the path (of two, the new one)."""
_BY_DIRECTORY = {
    "openat": (0, 1),
    "mkdirat": (0, 1),
    "unlinkat": (0, 1),
    "renameat": (2, 3),
    "renameat2": (2, 3),
}
_BY_DIRECTORY |= {"linkat": (2, 3)}
READS = "reads"
"""The note of a file that is opened as it is."""

_NOTE_BYTES = 24
_WAKE_UP_BYTES = 4096  # asyncio reads its own wake-up socket in this size, and writes one byte to it

_TRACEME, _POKEUSER, _CONT, _SYSCALL = 0, 6, 7, 24
_SETOPTIONS, _GET_SYSCALL_INFO = 0x4200, 0x420E
_OPTIONS = (
    0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
)  # sysgood, fork, vfork, clone, exec, seccomp, exitkill
_SECCOMP_STOP, _ANY_CHILD = 7, 0x40000000
_RAX, _ORIG_RAX = 80, 120  # offsets in struct user
_INFO = struct.Struct("=B3xIQQQ6QI4x")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


@dataclass(slots=True)
class Tracer:
    """One traced program; ``at`` is the number of the call (from 1) that ``action`` befalls, 0 for none.

    Where ``match`` says a call and what it is about, ``at`` counts such calls only.
    """

    log: TextIO
    under: str
    at: int = 0
    action: str = "kill"
    match: str = ""
    number: int = 0
    _matched: int = 0
    _pid: int = 0
    _within: dict[int, int] = field(default_factory=dict)
    _greeted: set[int] = field(default_factory=set)

    def follow(self, program: Callable[[], None]) -> int:
        """Run the program in a child, to its end; returns the status that ``waitpid`` gave for it."""
        self._pid = os.fork()
        if self._pid == 0:
            _be_traced()
            program()
            sys.exit(0)
        os.waitpid(self._pid, 0)
        self._greeted.add(self._pid)
        _ptrace(_SETOPTIONS, self._pid, 0, _OPTIONS)
        _ptrace(_CONT, self._pid)
        while True:
            tid, status = os.waitpid(-1, _ANY_CHILD)
            if os.WIFSTOPPED(status):
                self._stopped(tid, status)
                continue
            self._greeted.discard(tid)
            if tid == self._pid:
                self._end_the_rest()
                return status

    def _end_the_rest(self) -> None:
        """What the program started goes with the tracer; wait for it, for it may stand in a directory of the scene."""
        for tid in self._greeted:
            with contextlib.suppress(ProcessLookupError):
                os.kill(tid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, _ANY_CHILD)

    def _stopped(self, tid: int, status: int) -> None:
        stop, event = os.WSTOPSIG(status), status >> 16
        if event == _SECCOMP_STOP:
            _ptrace(_SYSCALL if self._entered(tid) else _CONT, tid)
        elif stop == signal.SIGTRAP | 0x80:
            self._left(tid)
            _ptrace(_CONT, tid)
        elif event or (stop == signal.SIGSTOP and tid not in self._greeted):
            self._greeted.add(tid)  # every new thread begins with a stop that nobody sent
            _ptrace(_CONT, tid)
        else:
            _ptrace(_CONT, tid, 0, stop)

    def _entered(self, tid: int) -> bool:
        """Whether the call matters, so that its end is to be seen as well."""
        _, _, _, _, number, *arguments, _ = _syscall_info(tid)
        call = CALLS[number]
        about = self._about(tid, call, arguments)
        if about is None:
            return False
        self.number += 1
        self._within[tid] = self.number
        self._write(["in", self.number, tid, call, about, self._note(tid, call, arguments)])
        is_meant = self.match in {"", f"{call} {about}", f"{call} {about.partition('[')[0]}"}
        self._matched += is_meant
        if is_meant and self._matched == self.at:
            self._write(["struck", self.number])
            self._strike(tid)
        return True

    def _left(self, tid: int) -> None:
        number = self._within.pop(tid, None)
        if number is not None:
            returned = _syscall_info(tid)[4]
            self._write(["out", number, returned - (1 << 64) if returned >> 63 else returned])

    def _strike(self, tid: int) -> None:
        if self.action == "kill":
            os.kill(self._pid, signal.SIGKILL)
            return
        # Number -1 is no call: the kernel carries nothing out, and hands back what stands in rax.
        _ptrace(_POKEUSER, tid, _ORIG_RAX, ctypes.c_void_p(-1).value)
        _ptrace(_POKEUSER, tid, _RAX, ctypes.c_void_p(-getattr(errno, self.action)).value)

    def _about(self, tid: int, call: str, arguments: list[int]) -> str | None:
        if call == "socket":
            return "socket:new" if arguments[0] in {socket.AF_INET, socket.AF_INET6} else None
        if call in _BY_SOCKET:
            is_wake_up = (call == "sendto" and arguments[2] == 1) or (
                call == "recvfrom" and arguments[2] == _WAKE_UP_BYTES
            )
            return None if is_wake_up else _descriptor(tid, arguments[0])
        if call in _BY_DESCRIPTOR:
            path = _descriptor(tid, arguments[0])
        elif call in _BY_PATH:
            path = _path(tid, -100, arguments[_BY_PATH[call]])
        else:
            directory, name = _BY_DIRECTORY[call]
            path = _path(tid, arguments[directory], arguments[name])
        is_below = path == self.under or path.startswith(self.under + "/")
        return os.path.relpath(path, self.under) if is_below else None

    def _note(self, tid: int, call: str, arguments: list[int]) -> str:
        if call == "openat":
            return "" if arguments[2] & os.O_CREAT else READS
        if call != "sendto":
            return ""
        return _memory(tid, arguments[1], min(arguments[2], _NOTE_BYTES)).decode("latin-1")

    def _write(self, record: list[object]) -> None:
        self.log.write(json.dumps(record) + "\n")


def _be_traced() -> None:
    """In the child: be traced, and have the kernel report the calls of ``CALLS``."""
    _ptrace(_TRACEME, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    jumps = [struct.pack("=HBBI", 0x15, len(CALLS) - place, 0, number) for place, number in enumerate(CALLS)]
    program = b"".join(
        (
            struct.pack("=HBBI", 0x20, 0, 0, 0),  # load the number of the call
            *jumps,
            struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000),  # let it through
            struct.pack("=HBBI", 0x06, 0, 0, 0x7FF00000),  # report it
        )
    )
    kept = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(kept))
    if _libc.prctl(38, 1, 0, 0, 0) or _libc.prctl(22, 2, described, 0, 0):
        os._exit(125)


def _ptrace(request: int, tid: int, address: int = 0, content: int | None = 0) -> None:
    if _libc.ptrace(request, tid, address, content) < 0 and ctypes.get_errno() != errno.ESRCH:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}): {os.strerror(ctypes.get_errno())}")


def _syscall_info(tid: int) -> tuple[int, ...]:
    """``struct ptrace_syscall_info``; the fifth field is the call's number, or what it returned."""
    room = ctypes.create_string_buffer(_INFO.size)
    _libc.ptrace(_GET_SYSCALL_INFO, tid, _INFO.size, ctypes.addressof(room))
    return _INFO.unpack(room.raw)


def _descriptor(tid: int, number: int) -> str:
    try:
        return str(Path(f"/proc/{tid}/fd/{number}").readlink()).removesuffix(" (deleted)")
    except OSError:
        return ""


def _path(tid: int, directory: int, address: int) -> str:
    """The path in the program's memory; ``directory`` is a descriptor, or -100 for the working directory."""
    directory = ctypes.c_int(directory & 0xFFFFFFFF).value
    base = Path(f"/proc/{tid}/cwd").readlink() if directory == -100 else Path(_descriptor(tid, directory))
    name = _memory(tid, address, 4096 - address % 4096)
    if b"\0" not in name:
        name += _memory(tid, address + len(name), 4096)
    return os.path.normpath(base / os.fsdecode(name.partition(b"\0")[0]))


def _memory(tid: int, address: int, size: int) -> bytes:
    with Path(f"/proc/{tid}/mem").open("rb", buffering=0) as memory:
        try:
            return os.pread(memory.fileno(), size, address)
        except OSError:
            return b""


@dataclass(frozen=True, slots=True)
class Traced:
    """``runner`` as a process runs it (its arguments are in ``sys.argv``), under a tracer; see the module and ``Tracer``."""

    log: Path
    under: Path
    at: int
    action: str
    match: str

    def __call__(self) -> None:
        with self.log.open("w", encoding="utf-8") as log:
            status = Tracer(log, os.path.realpath(self.under), self.at, self.action, self.match).follow(main)
        if os.WIFSIGNALED(status):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL) if os.WTERMSIG(
                status
            ) != signal.SIGKILL else None
            os.kill(os.getpid(), os.WTERMSIG(status))
        sys.exit(os.WEXITSTATUS(status))
