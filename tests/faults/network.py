"""Two hosts with a cable between them that can be pulled: network namespaces with no way to anywhere else.

Their addresses are of the loopback range, which the kernel is told to carry over the cable: plain http is allowed to
those addresses only, and the sandbox speaks nothing else.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.faults.scene import Process, wait_until

_PORT = 8089
_CARRY_LOOPBACK = "/proc/sys/net/ipv4/conf/all/route_localnet"
_numbers = count()


@dataclass(frozen=True, slots=True)
class Cable:
    """The names of two namespaces; each has one end of the cable, named as itself."""

    program: str
    service: str

    @property
    def base_url(self) -> str:
        """Where the service listens."""
        return f"http://127.9.0.2:{_PORT}"

    @property
    def at_the_program(self) -> list[str]:
        """What to put before a command that is to run at the program's end."""
        return ["ip", "netns", "exec", self.program]

    def pull(self) -> None:
        """Nothing gets through, and nobody is told."""
        # At the service's end: the program's own link stays up, as with a cable pulled beyond the next switch.
        _ip("-n", self.service, "link", "set", self.service, "down")

    def plug(self) -> None:
        """It works again."""
        _ip("-n", self.service, "link", "set", self.service, "up")


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Two hosts, gone afterwards."""
    number = f"{os.getpid()}{next(_numbers)}"
    one = Cable(f"fp{number}", f"fs{number}")
    with contextlib.ExitStack() as stack:
        for name in (one.program, one.service):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
        peer = ("peer", "name", one.service, "netns", one.service)
        _ip("link", "add", one.program, "netns", one.program, "type", "veth", *peer)
        for name, address in ((one.program, "127.9.0.1/30"), (one.service, "127.9.0.2/30")):
            _ip("netns", "exec", name, "sh", "-c", f"echo 1 > {_CARRY_LOOPBACK}")
            _ip("-n", name, "addr", "add", address, "dev", name)
            _ip("-n", name, "link", "set", name, "up")
        yield one


@contextlib.contextmanager
def served_at(one: Cable, ledger: Path, options: str) -> Iterator[None]:
    """The service at its end of the cable."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    host = one.base_url.removeprefix("http://").partition(":")[0]
    words = [sys.executable, "-m", "runner", "sandbox", "--host", host, "--port", str(_PORT)]
    words += ["--ledger", str(ledger), "--options", options]
    command = ["ip", "netns", "exec", one.service, *words]
    with Process.of(command, ledger.parent, ledger.parent, os.environ) as process:
        wait_until(lambda: "serving" in process.said(), "the service to begin")
        yield


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
