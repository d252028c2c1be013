"""A real Ray cluster on this machine, which tests may add nodes to; each test's Ray is told to listen to nothing else."""

import contextlib
import ctypes
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines.cluster import free_port

STARTS_S = 60.0
_PIDFD_GETFD = 438
"""The number of the system call on every architecture; Python has no name for it."""

_LISTENS = "0A"


def missing_ray() -> str | None:
    """Why the tests with Ray cannot run here; in CI they run, and fail."""
    if importlib.util.find_spec("ray") is None and not os.environ.get("CI"):
        return "needs ray: pip install '.[ray]'"
    return None


@dataclass(slots=True)
class RayCluster:
    """``place`` has to have a short path: Ray's sockets stand below it. ``token`` is what one has to know to reach it."""

    place: Path
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    nodes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"ray://{self._ip}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What whoever uses it has to have."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    @property
    def _ip(self) -> str:
        import ray

        return str(ray.util.get_node_ip_address())

    def start_head(self, cpus: int = 2, **also: str) -> None:
        words = [
            "--head",
            "--port",
            str(self.port),
            "--temp-dir",
            str(self.place),
            "--include-dashboard=false",
        ]
        self._start(words, cpus, **also)

    def start_node(self, cpus: int = 1, **also: str) -> "subprocess.Popen[bytes]":
        return self._start(["--address", f"{self._ip}:{self.port}"], cpus, **also)

    def kill(self, node: "subprocess.Popen[bytes]") -> None:
        """SIGKILL for all of a node, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()
        self.nodes.remove(node)

    def close(self) -> None:
        for node in list(self.nodes):
            self.kill(node)

    def _start(self, words: list[str], cpus: int, **also: str) -> "subprocess.Popen[bytes]":
        log = self.place / f"node-{len(self.nodes)}-{time.monotonic_ns()}.log"
        hidden = {
            key: value for key, value in os.environ.items() if not key.startswith(("GROKIMAGINE", "RUNNER"))
        }
        common = [
            "--num-cpus",
            str(cpus),
            "--object-store-memory",
            "100000000",
            "--disable-usage-stats",
            "--block",
        ]
        command = "from ray.scripts.scripts import main; main()"
        with log.open("wb") as out:
            node = subprocess.Popen(
                [sys.executable, "-c", command, "start", *words, *common],
                cwd=self.place,
                env={**hidden, **self.environment, "RAY_USAGE_STATS_ENABLED": "0", **also},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.nodes.append(node)
        give_up_at = time.monotonic() + STARTS_S
        while "Ray runtime started" not in (said := log.read_text(errors="replace")):
            if node.poll() is not None or time.monotonic() > give_up_at:
                raise AssertionError(f"did not begin: {said[-2000:]}")
            time.sleep(0.05)
        return node


@contextlib.contextmanager
def ray_cluster(place: Path, cpus: int = 2, **also: str) -> Iterator[RayCluster]:
    """A head with so many CPUs, gone afterwards."""
    cluster = RayCluster(place)
    try:
        cluster.start_head(cpus, **also)
        yield cluster
    finally:
        cluster.close()


def below(pid: int, sign: str = "") -> list[int]:
    """The processes that it began, and those that they began, whose command has the ``sign`` in it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, fresh = set(), {pid}
    while fresh:
        fresh = {one for one, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return sorted(one for one in found if sign in _read(one, "cmdline"))


def environment_of(pid: int) -> str:
    """What it was given when it began."""
    return _read(pid, "environ")


def _read(pid: int, name: str) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    return ""


def cut(ours: int, theirs: int) -> int:
    """Shut each TCP connection from process ``ours`` to a port that ``theirs`` listens on; how many they were."""
    libc, count = ctypes.CDLL(None, use_errno=True), 0
    inodes = {inode for inode, local, remote, _ in _sockets() if remote in _listening(theirs) and local}
    handle = os.pidfd_open(ours)
    try:
        for link in Path(f"/proc/{ours}/fd").iterdir():
            with contextlib.suppress(OSError):
                name = str(link.readlink())
                if name.removeprefix("socket:[").rstrip("]") in inodes:
                    with socket.socket(fileno=libc.syscall(_PIDFD_GETFD, handle, int(link.name), 0)) as one:
                        one.shutdown(socket.SHUT_RDWR)
                    count += 1
    finally:
        os.close(handle)
    return count


def _listening(pid: int) -> set[int]:
    """The ports that a process listens on."""
    theirs = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            theirs.add(str(link.readlink()).removeprefix("socket:[").rstrip("]"))
    return {local for inode, local, _, state in _sockets() if state == _LISTENS and inode in theirs}


def _sockets() -> Iterator[tuple[str, int, int, str]]:
    """Of each TCP socket here: its inode, its port, the other end's, its state."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            local, remote = (int(words[at].rpartition(":")[2], 16) for at in (1, 2))
            yield words[9], local, remote, words[3]
