"""Azurite, Microsoft's own server for tests, on loopback, seen by plain HTTP: its container may be read by anybody."""

import base64
import contextlib
import hashlib
import hmac
import importlib.util
import os
import shutil
import socket
import subprocess
import time
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

CONTAINER = "films"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that Azurite always has; its key is public, and stands in its documentation."""

_VERSION = "2021-08-06"


def program() -> str | None:
    """The server's program: what ``AZURITE`` names, or what the path has."""
    return os.environ.get("AZURITE") or shutil.which("azurite-blob")


def missing_tools() -> str | None:
    """Why the tests of this folder cannot run here; where they are asked for in CI they run, and fail."""
    if os.environ.get("CI") or (program() is not None and importlib.util.find_spec("obstore") is not None):
        return None
    return "needs azurite-blob (npm install azurite), and pip install '.[cloud]'"


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_ENDPOINT": endpoint,
        "AZURE_ALLOW_HTTP": "true",
    }


@dataclass(frozen=True)
class Azurite:
    """The server, asked by nobody in particular; ``url`` ends with the account."""

    url: str

    def make(self) -> None:
        """The container, empty."""
        headers = {
            "x-ms-blob-public-access": "container",
            "x-ms-date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "x-ms-version": _VERSION,
        }
        named = "".join(f"{name}:{text}\n" for name, text in sorted(headers.items()))
        signed = "PUT" + "\n" * 12 + named + f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
        digest = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        self._ask(f"/{CONTAINER}?restype=container", "PUT", headers)

    def keys(self) -> dict[str, bytes]:
        listed = ET.fromstring(self._ask(f"/{CONTAINER}?restype=container&comp=list"))
        names = [str(one.findtext("Name")) for one in listed.iter("Blob")]
        return {name: self.get(name) for name in names}

    def get(self, key: str) -> bytes:
        return self._ask(f"/{CONTAINER}/{quote(key)}")

    def _ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> bytes:
        given = headers or {"x-ms-version": _VERSION}
        request = urllib.request.Request(self.url + path, headers=given, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return bytes(answer.read())


@contextlib.contextmanager
def azurite(aside: Path) -> Iterator[Azurite]:
    """The server as a process of its own, with nothing in it but the container."""
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    words = [
        program() or "",
        "--silent",
        "--inMemoryPersistence",
        "--disableTelemetry",
        "--skipApiVersionCheck",
    ]
    with (aside / "azurite.log").open("wb") as log:
        server = subprocess.Popen(
            [*words, "--blobHost", "127.0.0.1", "--blobPort", str(port)], stdout=log, stderr=log, cwd=aside
        )
    try:
        _wait_for(port, server)
        store = Azurite(f"http://127.0.0.1:{port}/{ACCOUNT}")
        store.make()
        yield store
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if server.poll() is not None or time.monotonic() > give_up_at:
            raise AssertionError("Azurite does not start")
        time.sleep(0.05)
