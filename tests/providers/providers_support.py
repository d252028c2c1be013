"""A server that does to a connection exactly what a test says, and counts what reached it."""

import asyncio
import json
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner.core.model import Timeouts
from runner.core.outcomes import GenerationRequest, TaskId

TOKEN = "CANARY-0123456789abcdef"
REQUEST = GenerationRequest("a fox", "normal", "1:1")
TASK = TaskId("task_123")
ACCEPTING = json.dumps({"code": 200, "message": "success", "data": {"task_id": TASK}}).encode()
HASTY = Timeouts(connect_s=0.2, submit_s=0.2, status_s=0.2)

HEAD = b"HTTP/1.1 200 OK\r\n"
LONG_LENGTH = b"Content-Length: 9999\r\n\r\n"

Behaviour = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request at the server, and the ways to answer it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes
    body: bytes
    tls: ssl.SSLContext | None = None

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status, body: bytes = b"", headers: str = "") -> None:
        await self.send(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body
        )

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Server:
    port: int = 0
    scheme: str = "http"
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def posts(self) -> int:
        return sum(request.startswith(b"POST ") for request in self.requests)


async def _read_request(reader, server):
    head = await reader.readuntil(b"\r\n\r\n")
    server.requests.append(head)
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
    server.requests[-1] = head + body
    return head, body


@asynccontextmanager
async def serving(
    behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, read: bool = True
) -> AsyncIterator[Server]:
    """A server on loopback; ``behaviour`` runs once a request, or once a connection where nothing is read first."""
    server = Server(scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader, writer):
        server.connections += 1
        tasks.add(asyncio.current_task())
        try:
            while True:
                head, body = await _read_request(reader, server) if read else (b"", b"")
                await behaviour(Exchange(reader, writer, head, body, tls))
                if not read or writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1: to serve with, and to trust."""

    server_context: ssl.SSLContext
    ca_file: str


def make_certificate(folder: Path, starts_in: timedelta = timedelta(days=-1)) -> Certificate:
    key, request, cert = folder / "key.pem", folder / "request.pem", folder / "cert.pem"
    names = "subjectAltName=IP:127.0.0.1"
    starts = datetime.now(UTC) + starts_in
    config = folder / "ca.cnf"
    config.write_text(
        "[ca]\ndefault_ca=d\n[d]\n"
        f"database={folder}/index.txt\nserial={folder}/serial\nnew_certs_dir={folder}\ndefault_md=sha256\n"
        "policy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n"
        f"[x]\n{names}\nbasicConstraints=critical,CA:TRUE\n"
    )
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")
    _openssl(
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=t"
    )
    moment = "%Y%m%d%H%M%SZ"
    _openssl(
        *("ca", "-batch", "-notext", "-selfsign", "-config", config, "-keyfile", key, "-in", request),
        *("-out", cert, "-startdate", starts.strftime(moment)),
        *("-enddate", (starts + timedelta(days=3)).strftime(moment)),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return Certificate(context, str(cert))


def _openssl(*arguments) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


async def accept(exchange: Exchange) -> None:
    await exchange.answer(200, ACCEPTING)


async def never() -> None:
    await asyncio.sleep(60)


async def fin(exchange: Exchange) -> None:
    exchange.writer.close()


async def rst(exchange: Exchange) -> None:
    exchange.reset()


async def silence(_exchange: Exchange) -> None:
    await never()


def says(data: bytes) -> Behaviour:
    """Send ``data``, then FIN."""

    async def say(exchange: Exchange) -> None:
        await exchange.send(data)
        exchange.writer.close()

    return say


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
