"""The session that downloads go through: it knows no token, keeps no cookie and reads nothing of the environment."""

import ssl
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver

from runner import __version__
from runner.files.addresses import AddressPolicy, socket_factory

CONNECT_S = 15.0
SILENCE_S = 30.0


class _Way(SimpleNamespace):
    """How far a request has come; ``is_reused``: its connection is one that lay idle."""

    has_left = False
    is_reused = False


def open_session(
    policy: AddressPolicy,
    *,
    ca_file: str | None = None,
    proxy: str | None = None,
    resolver: AbstractResolver | None = None,
    timeout: aiohttp.ClientTimeout | None = None,
) -> aiohttp.ClientSession:
    """A session whose every connection obeys ``policy``; to be opened inside the loop and closed by the caller.

    ``timeout``: 15 s to connect and 30 s of silence by default, none for the whole, since the size is bounded and a
    slow sender is caught by its speed. Through ``proxy`` the machine connects to the proxy alone, which the user
    named: then the policy is held against the URLs' literal addresses only, by ``fetch``.
    ``ca_file`` (PEM) replaces the system's authorities; raises ``OSError`` where it cannot be read.
    """
    connector = aiohttp.TCPConnector(
        limit=0,  # the engine bounds the number of downloads; a second queue here would count as connecting
        ssl=ssl.create_default_context(cafile=ca_file) if ca_file else True,
        resolver=resolver,
        socket_factory=None if proxy else socket_factory(policy),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # no netrc, no proxy credentials of the environment
        auto_decompress=False,  # 2 MB on the wire can be 500 MB in memory
        headers={"User-Agent": f"runner/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
        timeout=timeout
        or aiohttp.ClientTimeout(connect=CONNECT_S, sock_connect=CONNECT_S, sock_read=SILENCE_S),
        proxy=proxy,
        trace_configs=[_departures()],
    )


def _departures() -> aiohttp.TraceConfig:
    """Lets a request leave once, and once more only where an idle connection turned out to be dropped.

    By itself aiohttp asks again at once after every hang-up: twice as many requests as tries, half of them without the
    wait that a struggling server needs.
    """
    trace = aiohttp.TraceConfig(_Way)
    trace.on_connection_reuseconn.append(_note_reuse)
    trace.on_request_headers_sent.append(_leave)
    return trace


async def _note_reuse(
    _session: aiohttp.ClientSession, way: SimpleNamespace, _params: aiohttp.TraceConnectionReuseconnParams
) -> None:
    way.is_reused = way.is_reused or not way.has_left


async def _leave(
    _session: aiohttp.ClientSession, way: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    if way.has_left and not way.is_reused:
        raise aiohttp.ServerDisconnectedError("the connection ended before an answer came")
    way.has_left = True
