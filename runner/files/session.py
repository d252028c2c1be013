"""The session that downloads go through: it knows no token, keeps no cookie and reads nothing of the environment."""

import ssl

import aiohttp
from aiohttp.abc import AbstractResolver

from runner import __version__
from runner.files.addresses import AddressPolicy, socket_factory

CONNECT_S = 15.0
SILENCE_S = 30.0


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
    )
