"""The service, and whoever stands between, on a raw socket: it does to each request exactly what a test says.

What it does is a *behaviour*, an async function of the exchange. It counts a request as soon as its head was read.
"""

import asyncio
import contextlib
import json
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.files.files_support import VIDEO, mp4

__all__ = ["VIDEO", "mp4"]


@dataclass
class Exchange:
    """One request at the server, and the ways to answer it; ``body`` is what was read of its body."""

    service: "Service"
    sock: socket.socket
    kind: str
    head: bytes
    body: bytes = b""
    is_over: bool = False
    at: float = field(default_factory=lambda: _loop().time())

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    @property
    def task_id(self) -> str:
        found = re.search(r"task_id=([^&]*)", self.target)
        return found[1] if found else ""

    def header(self, name: str) -> str | None:
        found = re.search(rf"(?im)^{name}: *(.*?)\r$", self.head.decode("latin-1"))
        return found[1] if found else None

    async def read(self, most: int | None = None) -> None:
        """Read the body: all of it, or until ``most`` bytes of it are here."""
        whole = int(self.header("Content-Length") or 0)
        while len(self.body) < (whole if most is None else most):
            more = await _loop().sock_recv(self.sock, 65536)
            if not more:
                raise ConnectionResetError
            self.body += more
        if self.kind == "POST" and len(self.body) == whole:
            self.service.bodies.append(json.loads(self.body))

    async def send(self, data: bytes) -> None:
        """Read all that was asked, then send these bytes."""
        await self.read()
        await _loop().sock_sendall(self.sock, data)

    async def say(self, status: int, body: Any = b"", **headers: Any) -> None:
        """Answer; a body that is no bytes goes as JSON. ``Content_Length`` may lie."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"Content-Length": len(raw)} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        await self.send(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + raw)

    def finish(self) -> None:
        """FIN."""
        self.is_over = True
        self.sock.close()

    def reset(self) -> None:
        """RST."""
        self.is_over = True
        reset(self.sock)


Behaviour = Callable[[Exchange], Awaitable[None]]
Door = Callable[[socket.socket], Awaitable[None]]


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


async def accept(exchange: Exchange) -> None:
    await exchange.read()
    task_id = exchange.service.next_task()
    await exchange.say(200, {"code": 200, "message": "success", "data": {"task_id": task_id}})


async def complete(exchange: Exchange) -> None:
    await exchange.say(200, exchange.service.task(exchange.task_id))


async def deliver(exchange: Exchange) -> None:
    await exchange.say(200, VIDEO, Content_Type="video/mp4")


@dataclass
class Service:
    """What it does to the n-th request of a kind; to those behind them it does what a healthy service does.

    ``doors`` are for the n-th connection, before anything is read. ``seen`` are the requests in their order. One that
    ``is_closed`` refuses connections, one that ``is_crowded`` lets them wait for ever, both until ``open``; ``run`` is
    who asks.
    """

    posts: list[Behaviour] = field(default_factory=list)
    asks: list[Behaviour] = field(default_factory=list)
    files: list[Behaviour] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    seen: list[Exchange] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    connections: int = 0
    submitted: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    scheme: str = "http"
    run: Any = None
    is_closed: bool = False
    is_crowded: bool = False
    listener: socket.socket | None = None
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def counts(self) -> tuple[int, int, int]:
        """POSTs, status questions and downloads that it saw."""
        kinds = [exchange.kind for exchange in self.seen]
        return kinds.count("POST"), kinds.count("ask"), kinds.count("file")

    def open(self) -> None:
        """Take connections from now on."""
        if self.listener is not None:
            self.listener.listen(100)
        self.opened.set()

    def next_task(self) -> str:
        """A name for the submission whose body was read last."""
        name = f"task_{len(self.submitted) + 1}"
        self.submitted[name] = self.bodies[-1]
        return name

    def task(self, task_id: str = "task_1", **also: Any) -> dict[str, Any]:
        """The answer about a task that is done; what it echoes, if nobody knows better, is the newest request."""
        echo = self.submitted.get(task_id, self.bodies[-1] if self.bodies else None)
        found = {"task_id": task_id, "status": "completed", "consumed_credits": 40, "request": echo}
        found["response"] = [f"{self.url}/{task_id}.mp4"]
        return {"code": 200, "message": "success", "data": found | also}

    async def serve(self, sock: socket.socket) -> None:
        """One connection, until one of the two sides ends it."""
        self.connections += 1
        with contextlib.suppress(OSError), contextlib.closing(sock):
            if self.doors:
                await self.doors.pop(0)(sock)
            while sock.fileno() >= 0 and await self._one(sock):
                pass

    async def _one(self, sock: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            more = await _loop().sock_recv(sock, 65536)
            if not more:
                return False
            head += more
        head, _, body = head.partition(b"\r\n\r\n")
        kind = "POST" if head.startswith(b"POST") else "ask" if b" /v1/status" in head[:20] else "file"
        exchange = Exchange(self, sock, kind, head + b"\r\n", body)
        self.seen.append(exchange)
        script, usual = {
            "POST": (self.posts, accept),
            "ask": (self.asks, complete),
            "file": (self.files, deliver),
        }[kind]
        await (script.pop(0) if script else usual)(exchange)
        return not exchange.is_over


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Service]:
    """The service on loopback."""
    with contextlib.ExitStack() as stack:
        listener = service.listener = stack.enter_context(socket.socket())
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", service.port))
        service.port = listener.getsockname()[1]
        if service.is_crowded:
            listener.listen(0)
            for _ in range(8):
                stack.enter_context(_waiting_at(service.port))
        if not (service.is_closed or service.is_crowded):
            service.open()
        tasks: set[asyncio.Task[None]] = set()
        listening = asyncio.create_task(_listen(service, listener, tasks))
        try:
            yield service
        finally:
            for task in (listening, *tasks):
                task.cancel()
            await asyncio.gather(listening, *tasks, return_exceptions=True)


async def _listen(service: Service, listener: socket.socket, tasks: "set[asyncio.Task[None]]") -> None:
    await service.opened.wait()
    while True:
        sock, _ = await _loop().sock_accept(listener)
        sock.setblocking(False)
        tasks.add(asyncio.create_task(service.serve(sock)))


def _waiting_at(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", port))
    return sock


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
