"""What the service answers, as a value, and how it is put on the wire: whole, cut, or not at all."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from aiohttp import web

_AT_ONCE_BYTES = 64 * 1024

JSON = "application/json"
HTML = "text/html; charset=utf-8"


class Ending(Enum):
    """How much of an answer leaves."""

    WHOLE = auto()
    CUT = auto()  # complete headers, half of the body, then the connection is closed
    TORN = auto()  # the same, but the connection is reset
    CLOSED = auto()  # no byte, the connection is closed
    RESET = auto()  # no byte, the connection is reset


class Body(Protocol):
    """Bytes that need not all be in memory: ``size_bytes`` of them, in order, in ``pieces``."""

    @property
    def size_bytes(self) -> int:
        """How many bytes there are."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """The bytes from the first to the last, in pieces of at most 256 KiB."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; ``delay_s`` seconds pass between the decision and its first byte."""

    status: int
    body: bytes | Body = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    ending: Ending = Ending.WHOLE


def success(content: object) -> Answer:
    """The envelope of the reference around ``data``."""
    return Answer(200, json.dumps({"code": 200, "message": "success", "data": content}).encode())


def refusal(status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The error envelope of the reference (section "Hata Formatı"): code, message, error."""
    body = json.dumps({"code": status, "message": message, "error": error}).encode()
    return Answer(status, body, headers=headers or {})


def page(status: int, title: str) -> Answer:
    """An HTML page, as a proxy in front of the service would send it."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(status, text.encode(), HTML)


def no_answer(*, reset: bool) -> Answer:
    """The connection ends without a byte: reset, or closed in an orderly way."""
    return Answer(0, ending=Ending.RESET if reset else Ending.CLOSED)


async def send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Puts ``answer`` on the wire; what is returned is for aiohttp, which ends the request with it."""
    if answer.delay_s:
        await asyncio.sleep(answer.delay_s)
    if answer.ending in (Ending.CLOSED, Ending.RESET):
        _hang_up(request, reset=answer.ending is Ending.RESET)
        return web.Response()  # never leaves: its connection is gone
    headers = {**answer.headers, "Content-Type": answer.content_type}
    if answer.ending is Ending.WHOLE and _size_bytes(answer.body) <= _AT_ONCE_BYTES:
        return web.Response(status=answer.status, body=b"".join(_pieces(answer.body)), headers=headers)
    return await _stream(request, answer, headers)


async def _stream(request: web.BaseRequest, answer: Answer, headers: Mapping[str, str]) -> web.StreamResponse:
    size_bytes = _size_bytes(answer.body)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = size_bytes
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    is_whole = answer.ending is Ending.WHOLE
    left_bytes = size_bytes if is_whole else size_bytes // 2
    for piece in _pieces(answer.body):
        await response.write(piece[:left_bytes])
        left_bytes -= len(piece)
        if left_bytes <= 0:
            break
    if not is_whole:
        _hang_up(request, reset=answer.ending is Ending.TORN)
    return response


def _size_bytes(body: bytes | Body) -> int:
    return len(body) if isinstance(body, bytes) else body.size_bytes


def _pieces(body: bytes | Body) -> Iterator[bytes]:
    return iter((body,)) if isinstance(body, bytes) else body.pieces()


def _hang_up(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return  # the client was faster
    if not reset:
        transport.close()
        return
    # Without this the kernel ends even an aborted connection in an orderly way, and no client would ever see a reset.
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
