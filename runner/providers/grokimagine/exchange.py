"""One request and its answer over aiohttp, with the proof of what left this machine.

The proof is aiohttp's trace hook ``on_request_headers_sent``: ``StreamWriter.write_headers`` awaits it before it puts
the first byte of the request into a buffer. Hook not reached: not one byte of the request left. After it, every
exception proves nothing; their classes do not tell (a bare ``TimeoutError`` comes from a stalled connect as well as
from a stalled answer, and an answer that cannot be parsed surfaces as ``ClientResponseError`` with status 400).

Through a proxy the proof holds as well (read in aiohttp 3.14's ``connector.py``, and tested): the ``CONNECT`` request
of ``_create_proxy_connection`` is a ``ClientRequest`` of its own *without* traces, so the hook stays silent until the
tunnel stands, TLS is agreed with the service itself, and the inner request is about to be written.
"""

import asyncio
import io
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

from runner.providers.grokimagine.strict_json import BODY_BYTES_MAX

CLOCK_CODES = frozenset({9, 10})  # OpenSSL: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent; ``total_s`` bounds all of it, from the connect to the last byte of the answer."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    total_s: float
    body: bytes | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """A real response head came; ``complete`` is False where the body was cut off, late, or over 1 MiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No response head came. ``left``: bytes of the request may have left this machine."""

    left: bool
    error: Exception


class RepeatedError(RuntimeError):
    """The HTTP library was about to send a request a second time by itself."""


class _Departure:
    """Whether the first byte may have left; lets it leave once only.

    aiohttp repeats a GET by itself when a reused connection breaks. That request would be one more than the pacing
    knows of; and should a later version do it to a POST, it would be a second payment.
    """

    def __init__(self) -> None:
        self.left = False

    def mark(self) -> None:
        if self.left:
            raise RepeatedError("the connection broke after the request was sent")
        self.left = True


def departures() -> aiohttp.TraceConfig:
    """The trace that a session needs for ``exchange`` to have its proof."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_mark)
    return trace


async def exchange(session: aiohttp.ClientSession, request: Request) -> Answered | Unanswered:
    """Send ``request`` once and read its answer, following nothing. Raises only ``CancelledError``."""
    departure = _Departure()
    body = bytearray()
    response: aiohttp.ClientResponse | None = None
    complete = False
    try:
        async with asyncio.timeout(request.total_s):
            response = await session.request(
                request.method,
                request.url,
                params=request.params,
                # A stream: aiohttp writes it in pieces, and warns of bytes beyond 1 MiB.
                data=None if request.body is None else io.BytesIO(request.body),
                headers=request.headers,
                proxy=request.proxy,
                allow_redirects=False,  # a redirected POST is a second POST, and takes the token elsewhere
                trace_request_ctx=departure,
            )
            complete = await _read(response, body)
    except Exception as error:  # noqa: BLE001 - the hook is the evidence, whatever the class of the exception
        if response is None:
            return Unanswered(departure.left, error)
        body += _unread(response)
    finally:
        if response is not None and not complete:
            response.close()
    return Answered(response.status, response.headers, bytes(body[: BODY_BYTES_MAX + 1]), complete)


def certificate_fault(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The reason why a certificate was not accepted, if that is what ``error`` comes from."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, aiohttp.ClientConnectorCertificateError):
            # A CertificateError by inheritance, but without the fields of one: the real one is inside.
            seen = seen.certificate_error
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def explained(error: BaseException) -> str:
    """``error`` in words. The status of an exception is left out: no server may ever have said it."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused the connection: {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):
        # Its message goes on with bytes of the answer, cut anywhere: half a token would not be known for one.
        fault = re.split(r":?\s*(?:\n|\b(?:bytearray\()?b['\"])", error.message.strip(), maxsplit=1)[0]
        return f"the answer is not HTTP that can be read: {fault}"
    if isinstance(error, TimeoutError):
        return f"no answer in time: {error}" if str(error) else "no answer in time"
    return str(error) or type(error).__name__


async def _mark(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    context.trace_request_ctx.mark()


async def _read(response: aiohttp.ClientResponse, body: bytearray) -> bool:
    """Read the answer's bytes into ``body`` as they come; False where there are more than 1 MiB."""
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            return False
    return True


def _unread(response: aiohttp.ClientResponse) -> bytes:
    # A body that is cut right behind the head raises before its bytes can be read; they may hold a paid task's id.
    # There is no public way to them; should the attribute go, only this salvage goes with it.
    return b"".join(getattr(response.content, "_buffer", ()))
