"""What was surely not sent, and what nobody can say (faults.md, 1.7, rows 1 to 32), made on loopback."""

import asyncio
import gzip
import json
import socket

import pytest
from providers_support import (
    ACCEPTING,
    HASTY,
    HEAD,
    LONG_LENGTH,
    REQUEST,
    TASK,
    TOKEN,
    accept,
    fin,
    free_port,
    never,
    rst,
    says,
    silence,
)

from runner import __version__
from runner.core.model import Timeouts
from runner.core.outcomes import Accepted, GenerationRequest, NotSent, Unknown
from tests.hosts import UNKNOWN


async def test_a_request_is_sent_as_the_reference_says_and_accepted(serve, client_for):
    server = await serve(accept)
    request = GenerationRequest("tilki \U0001f98a", "fun", "2:3", ("https://e.com/a.png",))
    assert await client_for(server.url).submit(request) == Accepted(TASK)
    head, body = server.requests[0].split(b"\r\n\r\n", 1)
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert head.startswith(b"POST /v1/generate HTTP/1.1\r\n")
    assert json.loads(body) == {
        "mode": "fun",
        "prompt": "tilki \U0001f98a",
        "ratio": "2:3",
        "images": ["https://e.com/a.png"],
    }
    assert lines == {
        b"Host": f"127.0.0.1:{server.port}".encode(),
        b"Authorization": b"Bearer " + TOKEN.encode(),
        b"User-Agent": f"runner/{__version__}".encode(),
        b"Accept": b"application/json",
        b"Accept-Encoding": b"identity",
        b"Content-Type": b"application/json",
        b"Content-Length": str(len(body)).encode(),
    }


async def test_a_path_in_the_base_url_is_kept(serve, client_for):
    server = await serve(accept)
    await client_for(server.url + "/proxy/").submit(REQUEST)
    assert server.requests[0].startswith(b"POST /proxy/v1/generate ")


# Rows 1 to 10: the hook is not reached, so nothing was sent


async def test_an_unknown_host_name_is_not_sent(client_for):
    outcome = await client_for(f"http://{UNKNOWN}").submit(REQUEST)
    assert isinstance(outcome, NotSent)
    assert not outcome.stops_run


async def test_a_refused_connection_is_not_sent(client_for):
    outcome = await client_for(f"http://127.0.0.1:{free_port()}").submit(REQUEST)
    assert isinstance(outcome, NotSent)


async def test_a_stalled_connect_is_not_sent(client_for):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        outcome = await client_for(f"http://127.0.0.1:{port}", timeouts=HASTY).submit(REQUEST)
        for sock in waiting:
            sock.close()
    assert isinstance(outcome, NotSent)


async def test_tls_to_a_server_that_speaks_none_is_not_sent(serve, client_for):
    async def not_tls(exchange):
        await exchange.send(b"HTTP/1.1 400 plain\r\n\r\n")

    server = await serve(not_tls, read=False)
    outcome = await client_for(f"https://127.0.0.1:{server.port}").submit(REQUEST)
    assert isinstance(outcome, NotSent)
    assert not outcome.stops_run


async def test_a_stalled_tls_handshake_is_not_sent(serve, client_for):
    server = await serve(lambda _exchange: never(), read=False)
    outcome = await client_for(f"https://127.0.0.1:{server.port}", timeouts=HASTY).submit(REQUEST)
    assert isinstance(outcome, NotSent)


async def test_a_closed_tls_handshake_is_not_sent(serve, client_for):
    async def close(exchange):
        exchange.writer.close()

    server = await serve(close, read=False)
    outcome = await client_for(f"https://127.0.0.1:{server.port}").submit(REQUEST)
    assert isinstance(outcome, NotSent)


# Rows 14 to 29: after the hook every failure is unknown, and there was exactly one POST


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(fin, id="17-fin"),
        pytest.param(rst, id="18-rst"),
        pytest.param(silence, id="20-silence"),
        pytest.param(says(b"HTTP/1.1 20"), id="22-half-a-status-line"),
        pytest.param(says(HEAD + b"Content-Le"), id="23-head-cut"),
        pytest.param(says(b"SSH-2.0-OpenSSH_9.2\r\n"), id="24-not-http"),
        pytest.param(
            says(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), id="25-two-lengths"
        ),
        pytest.param(says(HEAD + b"X: " + b"x" * 9000 + b"\r\n\r\n"), id="25-header-of-9000-bytes"),
        pytest.param(says(HEAD + b"X: 1\r\n" * 400 + b"\r\n"), id="25-400-headers"),
        pytest.param(says(HEAD + LONG_LENGTH), id="26-no-body"),
        pytest.param(says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"), id="27-chunk-cut"),
        pytest.param(says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), id="27-no-chunk"),
        pytest.param(says(b"HTTP/1.1 100 Continue\r\n\r\n"), id="41-only-1xx"),
        pytest.param(says(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), id="41-101"),
    ],
)
async def test_after_the_first_byte_every_failure_is_unknown(serve, client_for, behaviour):
    server = await serve(behaviour)
    outcome = await client_for(server.url, timeouts=HASTY).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert (outcome.candidate, outcome.stops_run) == (None, False)
    assert "400" not in outcome.reason  # the status of an exception is none that a server said
    assert server.posts == 1


async def test_a_reset_before_anything_is_read_is_unknown(serve, client_for):
    server = await serve(rst, read=False)
    assert isinstance(await client_for(server.url).submit(REQUEST), Unknown | NotSent)
    assert server.connections == 1


@pytest.mark.parametrize("ending", [rst, silence], ids=["15-reset", "16-stops-reading"])
async def test_a_body_that_breaks_off_in_the_middle_is_unknown(serve, client_for, ending):
    async def some(exchange):
        await exchange.reader.readexactly(10_000)
        await ending(exchange)

    server = await serve(some, read=False)
    outcome = await client_for(server.url, timeouts=HASTY).submit(
        GenerationRequest("x" * 8 * 1024 * 1024, "fun", "1:1")
    )
    assert isinstance(outcome, Unknown)
    assert server.connections == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(says(HEAD + LONG_LENGTH + ACCEPTING), id="26-short-body"),
        pytest.param(
            says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(ACCEPTING), ACCEPTING)),
            id="27-chunked-without-end",
        ),
        pytest.param(says(HEAD + b"\r\n" + ACCEPTING[:-1]), id="F18-close-delimited-and-cut"),
        pytest.param(says(HEAD + LONG_LENGTH + gzip.compress(ACCEPTING)[:-6]), id="28-broken-gzip"),
    ],
)
async def test_a_cut_body_gives_up_the_task_id_that_it_holds(serve, client_for, behaviour):
    server = await serve(behaviour)
    outcome = await client_for(server.url, timeouts=HASTY).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert outcome.candidate == TASK
    assert server.posts == 1


async def test_a_reset_in_the_middle_of_a_body_keeps_the_bytes_that_came(serve, client_for):
    async def cut(exchange):
        await exchange.send(HEAD + LONG_LENGTH + ACCEPTING)
        await asyncio.sleep(0.05)
        exchange.reset()

    server = await serve(cut)
    outcome = await client_for(server.url).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert outcome.candidate == TASK


async def test_a_dripping_body_is_salvaged_when_time_is_up(serve, client_for):
    async def drip(exchange):
        await exchange.send(HEAD + LONG_LENGTH + ACCEPTING)
        while True:
            await exchange.send(b" ")
            await asyncio.sleep(0.02)

    server = await serve(drip)
    outcome = await client_for(server.url, timeouts=HASTY).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert outcome.candidate == TASK


async def test_a_gzip_body_that_nobody_asked_for_is_read(serve, client_for):
    async def zipped(exchange):
        await exchange.answer(200, gzip.compress(ACCEPTING), "Content-Encoding: gzip\r\n")

    assert await client_for((await serve(zipped)).url).submit(REQUEST) == Accepted(TASK)


async def test_an_endless_body_is_unknown_and_the_connection_is_closed(serve, client_for):
    async def endless(exchange):
        await exchange.send(HEAD + b"\r\n")
        while True:
            await exchange.send(b"x" * 65536)

    server = await serve(endless)
    outcome = await client_for(server.url, timeouts=Timeouts(1.0, 5.0, 5.0)).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert server.posts == 1
