"""What a service, or whoever stands between, may do to a request or to a connection."""

import asyncio
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any

from tests.outcomes.service import Behaviour, Door, Exchange, reset

HEAD = b"HTTP/1.1 200 OK\r\n"
LONG = HEAD + b"Content-Length: 9999\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FOR_EVER_S = 10.0**6


async def fin(exchange: Exchange) -> None:
    await exchange.read()
    exchange.finish()


async def rst(exchange: Exchange) -> None:
    await exchange.read()
    exchange.reset()


async def silence(exchange: Exchange) -> None:
    await exchange.read()
    await asyncio.sleep(FOR_EVER_S)


def raw(data: bytes, then: Behaviour = fin) -> Behaviour:
    """These bytes, and then something else."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        await then(exchange)

    return behave


def says(status: int, body: Any = b"", then: Behaviour | None = None, **headers: Any) -> Behaviour:
    """An answer; a body that is no bytes goes as JSON."""

    async def behave(exchange: Exchange) -> None:
        await exchange.say(status, body, **headers)
        if then is not None:
            await then(exchange)

    return behave


def enveloped(code: int, status: int | None = None, data: Any = None, **headers: Any) -> Behaviour:
    """The API's own JSON with this code, and with the code as its status unless another is named."""
    body = {"code": code, "message": "so it is", "data": data}
    return says(code if status is None else status, body, **headers)


def dripping(head: bytes, piece: bytes, every_s: float) -> Behaviour:
    """An answer that is never over."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head)
        while True:
            await asyncio.sleep(every_s)
            await exchange.send(piece)

    return behave


def after_reading(size: int, then: Behaviour) -> Behaviour:
    """Read so many bytes of the body, and then behave without reading on."""

    async def behave(exchange: Exchange) -> None:
        await exchange.read(size)
        exchange.head = exchange.head.replace(b"Content-Length", b"X-Length")  # nothing more is waited for
        await then(exchange)

    return behave


def task(**members: Any) -> Behaviour:
    """The answer about a task that is done, with these members changed (``...`` takes one away)."""

    async def behave(exchange: Exchange) -> None:
        answer = exchange.service.task(exchange.task_id, **members)
        answer["data"] = {name: value for name, value in answer["data"].items() if value is not ...}
        await exchange.say(200, answer)

    return behave


def with_files(*names: str, **members: Any) -> Behaviour:
    """The answer about a task that is done, with these files; a name that is a whole URL stays one."""

    async def behave(exchange: Exchange) -> None:
        base = exchange.service.url
        urls = [name if ":" in name else f"{base}/{name}" for name in names]
        await exchange.say(200, exchange.service.task(exchange.task_id, response=urls, **members))

    return behave


def redirect(status: int, to: str = "http://127.0.0.1:{port}/elsewhere") -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.say(status, Location=to.format(port=exchange.service.port))

    return behave


def interrupting(then: Behaviour) -> Behaviour:
    """A Ctrl-C while the request is at the service."""

    async def behave(exchange: Exchange) -> None:
        await exchange.read()
        exchange.service.run.interrupt(signal.SIGINT)
        await then(exchange)

    return behave


def with_no_room_for_the_state(then: Behaviour) -> Behaviour:
    """From here on no file of this process may grow, so that the commit of the answer fails."""

    async def behave(exchange: Exchange) -> None:
        allow_files_of(0)
        await then(exchange)

    return behave


def allow_files_of(size: int) -> None:
    """The longest that a file may become by a write of this process."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


# At the door, before anything was read


async def hang_up(sock: socket.socket) -> None:
    sock.close()


async def keep_silent(sock: socket.socket) -> None:
    await asyncio.sleep(FOR_EVER_S)


def speaking(data: bytes) -> Door:
    """Bytes that nobody waits for, after the first that came."""

    async def door(sock: socket.socket) -> None:
        await asyncio.get_running_loop().sock_recv(sock, 65536)
        await asyncio.get_running_loop().sock_sendall(sock, data)
        sock.close()

    return door


def unread(end: Callable[[socket.socket], None]) -> Door:
    """Wait until the request lies there, and end the connection without having read a byte of it."""

    async def door(sock: socket.socket) -> None:
        loop, here = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(sock, here.set)
        await here.wait()
        loop.remove_reader(sock)
        end(sock)

    return door


def shut(sock: socket.socket) -> None:
    """FIN, though what came was not read: a close would send RST."""
    sock.shutdown(socket.SHUT_WR)
    raise ConnectionAbortedError


RESET_UNREAD = unread(reset)
SHUT_UNREAD = unread(shut)
