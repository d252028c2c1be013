"""A real S3 server on loopback, seen with a client of its own, and a proxy before it where a test wants to be in between."""

import contextlib
import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

BUCKET = "films"
SECRET = "CANARY-secret-key-of-the-bucket"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_SOMEBODY = (
    "AWS4-HMAC-SHA256 Credential=somebody/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
_SKIPPED = frozenset({"host", "connection", "transfer-encoding", "content-length"})


def missing_tools() -> str | None:
    """Why the tests of this folder cannot run here; in CI they run, and fail."""
    absent = [name for name in ("obstore", "moto", "flask") if importlib.util.find_spec(name) is None]
    if not absent or os.environ.get("CI"):
        return None
    return f"needs {', '.join(absent)}: pip install '.[cloud,test-cloud]'"


def environment(endpoint: str) -> dict[str, str]:
    """What the store's own tools would read; nobody asks an instance for its credentials."""
    return {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(frozen=True)
class Store:
    """The server, asked by plain HTTP."""

    url: str

    def make(self, bucket: str = BUCKET) -> None:
        self.ask("PUT", f"/{bucket}")

    def put(self, key: str, content: bytes) -> None:
        self.ask("PUT", f"/{BUCKET}/{quote(key)}", content)

    def remove(self, key: str) -> None:
        self.ask("DELETE", f"/{BUCKET}/{quote(key)}")

    def get(self, key: str) -> bytes:
        return self.ask("GET", f"/{BUCKET}/{quote(key)}")[1]

    def headers(self, key: str) -> Mapping[str, str]:
        return self.ask("HEAD", f"/{BUCKET}/{quote(key)}")[0]

    def sizes(self) -> dict[str, int]:
        """Every key of the bucket with its length."""
        found, after = {}, ""
        while True:
            _, body = self.ask("GET", f"/{BUCKET}?list-type=2&start-after={quote(after)}")
            page = ET.fromstring(body).findall(f"{_SPACE}Contents")
            if not page:
                return found
            found |= {
                str(one.findtext(f"{_SPACE}Key")): int(one.findtext(f"{_SPACE}Size") or 0) for one in page
            }
            after = max(found)

    def keys(self) -> dict[str, bytes]:
        return {key: self.get(key) for key in self.sizes()}

    def uploads(self) -> list[str]:
        """The keys of the uploads in parts that nobody has ended."""
        _, body = self.ask("GET", f"/{BUCKET}?uploads")
        return [str(one.findtext(f"{_SPACE}Key")) for one in ET.fromstring(body).findall(f"{_SPACE}Upload")]

    def demand_credentials(self, *, wanted: bool) -> None:
        """From now on every request must be signed by somebody whom the server knows, and it knows nobody."""
        self.ask("POST", "/moto-api/reset-auth", b"0" if wanted else b"inf")

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[Mapping[str, str], bytes]:
        headers = {"Authorization": _SOMEBODY, "Content-Type": "application/octet-stream"}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers, answer.read()


@contextlib.contextmanager
def store_on_loopback(aside: Path) -> Iterator[Store]:
    """The server as a process of its own, until the end."""
    port = _free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (aside / "moto.log").open("wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, env=clean, cwd=aside)
    try:
        _wait_for(port, server)
        store = Store(f"http://127.0.0.1:{port}")
        store.make()
        yield store
    finally:
        server.kill()
        server.wait()


@dataclass(frozen=True)
class Asked:
    """A request on its way to the store: ``path`` with its query."""

    method: str
    path: str

    @property
    def is_part(self) -> bool:
        return self.method == "PUT" and "partNumber=" in self.path

    def puts(self, end: str) -> bool:
        """Whether it puts a whole body under a key with this end."""
        return self.method == "PUT" and "?" not in self.path and self.path.endswith(end)


Answer = tuple[int, str]
"""A status, and the code of S3's error."""


@dataclass
class Proxy:
    """Stands before the store. ``before`` may answer in its place, ``after`` sees what the store has done; both may wait."""

    url: str
    before: Callable[[Asked], Answer | None] = lambda _: None
    after: Callable[[Asked], None] = lambda _: None
    drops_conditions: bool = False
    asked: list[Asked] = field(default_factory=list)


@contextlib.contextmanager
def proxy_before(store: Store) -> Iterator[Proxy]:
    proxy = Proxy("")

    class Handler(_Handler):
        target, rules = store, proxy

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


class _Handler(BaseHTTPRequestHandler):
    target: Store
    rules: Proxy
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path)
        self.rules.asked.append(asked)
        answer = self.rules.before(asked)
        if answer is not None:
            self._answer(answer[0], {}, f"<Error><Code>{answer[1]}</Code></Error>".encode())
            return
        parts = urlsplit(self.target.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _SKIPPED}
        if self.rules.drops_conditions:
            headers = {name: text for name, text in headers.items() if name.lower() != "if-none-match"}
        try:
            connection.request(self.command, self.path, body, headers)
            found = connection.getresponse()
            content = found.read()
        finally:
            connection.close()
        self.rules.after(asked)
        self._answer(found.status, dict(found.getheaders()), content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 - the names of http.server

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever asked may have been killed meanwhile
            self.send_response_only(status)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
            for name, text in headers.items():
                if name.lower() not in _SKIPPED:
                    self.send_header(name, text)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def rows_of(text: bytes) -> list[dict[str, Any]]:
    """The rows of a list of files."""
    return [json.loads(line) for line in text.splitlines()]


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + 60
    while True:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(socket.create_connection(("127.0.0.1", port), 1)),
        ):
            return
        if server.poll() is not None or time.monotonic() > give_up_at:
            raise AssertionError("the S3 server does not start")
        time.sleep(0.05)
