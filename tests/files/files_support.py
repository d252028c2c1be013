"""What the tests of files share: small videos, a server that says exactly what it is told, a disk that fails."""

import asyncio
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from runner.files.addresses import AddressPolicy
from runner.files.disk import REAL_DISK
from runner.files.download import FetchRequest
from runner.files.outcomes import Content, Fetched

LOOPBACK = AddressPolicy(allow_loopback=True, allow_http=True)
ETAG = {"ETag": '"v1"'}


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(payload: bytes = b"frames" * 500) -> bytes:
    ftyp = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    return ftyp + box(b"moov", box(b"mvhd", bytes(100))) + box(b"mdat", payload)


VIDEO = mp4()


def content_of(body: bytes) -> Content:
    return Content(len(body), hashlib.sha256(body).hexdigest())


def fetched(body: bytes, extension: str = ".mp4") -> Fetched:
    return Fetched(content_of(body), extension)


def reply(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, length: int | None = -1
) -> bytes:
    """The bytes of an answer; ``length`` -1 announces the body's own, ``None`` announces none."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length == -1 else length}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def chunked(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, ended: bool = True
) -> bytes:
    head = reply(b"", status, {"Transfer-Encoding": "chunked"} | (headers or {}), length=None)
    return head + b"%x\r\n%s\r\n" % (len(body), body) + (b"0\r\n\r\n" if ended else b"")


def part(body: bytes, start: int, headers: dict[str, str] | None = None) -> bytes:
    span = f"bytes {start}-{len(body) - 1}/{len(body)}"
    return reply(body[start:], 206, ETAG | {"Content-Range": span} | (headers or {}))


@dataclass
class Server:
    """Answers the n-th connection with the n-th script (the last one again and again), then hangs up or stays."""

    scripts: list[bytes | Callable[[bytes], bytes]]
    hangs: bool = False
    requests: list[bytes] = field(default_factory=list)
    port: int = 0
    served: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def url(self, path: str = "/a.mp4?signature=secret") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def request(self, path: str = "/a.mp4?signature=secret", **more) -> FetchRequest:
        return FetchRequest(self.url(path), "job-1", LOOPBACK, **more)

    def header(self, name: str) -> list[str | None]:
        """The value of that header in each request so far."""
        return [_header(each, name) for each in self.requests]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            asked = await reader.readuntil(b"\r\n\r\n")
            script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
            self.requests.append(asked)
            writer.write(script(asked) if callable(script) else script)
            await writer.drain()
            self.served.set()
            if self.hangs:
                await reader.read()
        writer.close()


def _header(asked: bytes, name: str) -> str | None:
    for line in asked.decode().split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None


@contextlib.asynccontextmanager
async def serving(*scripts: bytes | Callable[[bytes], bytes], hangs: bool = False) -> AsyncIterator[Server]:
    server = Server(list(scripts), hangs)
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server
        for each in server.writers:
            each.close()
            with contextlib.suppress(ConnectionError):
                await each.wait_closed()


class CrashError(Exception):
    """The process ends here."""


class FaultyDisk:
    """The real disk, but that ``on_call(name, number_of_this_call)`` may raise before any call; it logs them all."""

    def __init__(self, on_call: Callable[[str, int], None] = lambda _name, _count: None) -> None:
        self.on_call = on_call
        self.calls: list[str] = []

    def __getattr__(self, name: str):
        real = getattr(REAL_DISK, name)

        def called(*args, **kwargs):
            self.calls.append(name)
            self.on_call(name, self.calls.count(name))
            return real(*args, **kwargs)

        return called


def failing(name: str, code: int, at: int = 1) -> FaultyDisk:
    """A disk whose call ``name`` fails with ``code`` from the ``at``-th time on."""

    def fail(called: str, count: int) -> None:
        if called == name and count >= at:
            raise OSError(code, "injected")

    return FaultyDisk(fail)
