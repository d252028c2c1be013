"""Certificates and proxies: whatever happens before the request itself is written was surely not sent."""

import asyncio
import contextlib

import pytest
from providers_support import REQUEST, TASK, TOKEN, accept, fin, free_port, never

from runner.core.model import Timeouts
from runner.core.outcomes import Accepted, NotSent, RefusalKind, Refused, Unknown


async def test_a_certificate_that_is_not_trusted_stops_the_run(serve, client_for, certificate):
    server = await serve(accept, tls=certificate.server_context)
    outcome = await client_for(server.url).submit(REQUEST)
    assert isinstance(outcome, NotSent)
    assert outcome.stops_run
    assert "certificate" in outcome.reason
    assert server.requests == []


async def test_a_certificate_that_is_not_yet_valid_points_at_the_clock(serve, client_for, future_certificate):
    server = await serve(accept, tls=future_certificate.server_context)
    outcome = await client_for(server.url, ca_file=future_certificate.ca_file).submit(REQUEST)
    assert isinstance(outcome, NotSent)
    assert outcome.stops_run
    assert "not yet valid - is the clock of this computer right?" in outcome.reason


async def test_a_certificate_for_another_host_stops_the_run(serve, client_for, certificate):
    server = await serve(accept, tls=certificate.server_context)
    outcome = await client_for(f"https://localhost:{server.port}", ca_file=certificate.ca_file).submit(
        REQUEST
    )
    assert isinstance(outcome, NotSent)
    assert outcome.stops_run


async def test_a_certificate_of_the_ca_file_is_trusted(serve, client_for, certificate):
    server = await serve(accept, tls=certificate.server_context)
    client = client_for(server.url, ca_file=certificate.ca_file)
    assert await client.submit(REQUEST) == Accepted(TASK)


async def test_a_tls_connection_that_ends_after_the_request_is_unknown(serve, client_for, certificate):
    server = await serve(fin, tls=certificate.server_context)
    outcome = await client_for(server.url, ca_file=certificate.ca_file).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert server.posts == 1


async def test_a_status_question_meets_a_bad_certificate_as_a_refusal(serve, client_for, certificate):
    server = await serve(accept, tls=certificate.server_context)
    outcome = await client_for(server.url).status(TASK)
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.ADDRESS


# Through a proxy the hook stays silent until the tunnel stands


def tunnel_to(port: int, seen: list[bytes]):
    async def tunnel(exchange):
        seen.append(exchange.head)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
                sink.close()

        await asyncio.gather(pump(exchange.reader, writer), pump(reader, exchange.writer))

    return tunnel


async def test_a_proxy_tunnels_and_never_sees_the_token(serve, client_for, certificate):
    server = await serve(accept, tls=certificate.server_context)
    seen: list[bytes] = []
    proxy = await serve(tunnel_to(server.port, seen))
    client = client_for(
        server.url, ca_file=certificate.ca_file, proxy=f"http://user:password@127.0.0.1:{proxy.port}"
    )
    assert await client.submit(REQUEST) == Accepted(TASK)
    assert seen[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==" in seen[0]
    assert TOKEN.encode() not in b"".join(seen)


@pytest.mark.parametrize("status", [200, 403, 407, 502])
async def test_a_proxy_that_refuses_or_lies_leaves_the_request_unsent(serve, client_for, status):
    async def refuse(exchange):
        await exchange.send(b"HTTP/1.1 %d No\r\n\r\n" % status)
        exchange.writer.close()

    proxy = await serve(refuse)
    client = client_for("https://127.0.0.1:1", proxy=f"http://user:password@127.0.0.1:{proxy.port}")
    outcome = await client.submit(REQUEST)
    assert isinstance(outcome, NotSent)
    assert not outcome.stops_run
    assert "password" not in outcome.reason
    assert (proxy.posts, len(proxy.requests)) == (0, 1)


async def test_a_proxy_that_is_silent_leaves_the_request_unsent(serve, client_for):
    proxy = await serve(lambda _exchange: never())
    client = client_for(
        "https://127.0.0.1:1", proxy=f"http://127.0.0.1:{proxy.port}", timeouts=Timeouts(0.2, 0.2, 0.2)
    )
    assert isinstance(await client.submit(REQUEST), NotSent)


async def test_a_proxy_that_is_not_there_leaves_the_request_unsent(client_for):
    client = client_for("https://127.0.0.1:1", proxy=f"http://127.0.0.1:{free_port()}")
    assert isinstance(await client.submit(REQUEST), NotSent)


async def test_a_bad_certificate_behind_a_proxy_stops_the_run(serve, client_for, certificate):
    server = await serve(accept, tls=certificate.server_context)
    proxy = await serve(tunnel_to(server.port, []))
    outcome = await client_for(server.url, proxy=f"http://127.0.0.1:{proxy.port}").submit(REQUEST)
    assert isinstance(outcome, NotSent)
    assert outcome.stops_run
    assert server.requests == []


async def test_an_end_behind_a_proxy_after_the_request_is_unknown(serve, client_for, certificate):
    server = await serve(fin, tls=certificate.server_context)
    proxy = await serve(tunnel_to(server.port, []))
    client = client_for(server.url, ca_file=certificate.ca_file, proxy=f"http://127.0.0.1:{proxy.port}")
    assert isinstance(await client.submit(REQUEST), Unknown)
    assert server.posts == 1
