"""Real answers to a POST, its connections, and where the token goes (faults.md, 1.7, rows 33 to 56; S1 to S12)."""

import asyncio
import json

import aiohttp
import pytest
from providers_support import ACCEPTING, LONG_LENGTH, REQUEST, TASK, TOKEN, accept, free_port, never, says

from runner.core.model import Timeouts
from runner.core.outcomes import (
    Accepted,
    ErrorClass,
    GenerationRequest,
    RefusalKind,
    Refused,
    Throttled,
    Unknown,
)

# Rows 33 to 54: real answers. The table itself is tested with the pure functions.


async def test_informational_answers_before_the_real_one_are_skipped(serve, client_for):
    async def hints(exchange):
        await exchange.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        await accept(exchange)

    assert await client_for((await serve(hints)).url).submit(REQUEST) == Accepted(TASK)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else(serve, client_for, status):
    elsewhere = await serve(accept)

    async def redirect(exchange):
        await exchange.answer(status, headers=f"Location: {elsewhere.url}/v1/generate\r\n")

    server = await serve(redirect)
    outcome = await client_for(server.url).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert outcome.stops_run
    assert (server.posts, elsewhere.requests) == (1, [])


@pytest.mark.parametrize(
    ("status", "kind", "error_class"),
    [
        (400, RefusalKind.REQUEST, ErrorClass.VALIDATION),
        (401, RefusalKind.ACCOUNT, ErrorClass.AUTH),
        (402, RefusalKind.CREDIT, ErrorClass.CREDIT),
        (404, RefusalKind.ADDRESS, ErrorClass.SERVICE),
    ],
)
async def test_a_refusal_is_a_refusal_even_when_its_body_is_cut(serve, client_for, status, kind, error_class):
    server = await serve(says(b"HTTP/1.1 %d X\r\n" % status + LONG_LENGTH + b'{"code"'))
    outcome = await client_for(server.url).submit(REQUEST)
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.error_class) == (kind, error_class)


async def test_an_early_refusal_of_a_long_body_is_heard(serve, client_for):
    async def too_large(exchange):
        await exchange.reader.readexactly(10_000)
        await exchange.answer(413, b'{"code":413,"message":"too large"}')
        await never()

    server = await serve(too_large, read=False)
    outcome = await client_for(server.url).submit(GenerationRequest("x" * 8 * 1024 * 1024, "fun", "1:1"))
    assert isinstance(outcome, Refused | Unknown)


async def test_a_429_is_throttled_with_its_retry_after(serve, client_for):
    async def throttle(exchange):
        await exchange.answer(429, b'{"code":429,"message":"slow down"}', "Retry-After: 7\r\n")

    server = await serve(throttle)
    outcome = await client_for(server.url).submit(REQUEST)
    assert outcome == Throttled("the service asks to wait (HTTP 429): slow down", 7.0)
    assert server.posts == 1


# Connections


async def test_a_post_uses_a_connection_again_only_at_once(serve, client_for):
    server = await serve(accept)
    client = client_for(server.url)
    for pause in (0.0, 1.2, 0.0):
        await client.submit(REQUEST)
        await asyncio.sleep(pause)
    assert (server.posts, server.connections) == (3, 2)


async def test_a_post_is_never_repeated_on_a_connection_that_the_server_dropped(serve, client_for):
    answered = 0

    async def once(exchange):
        nonlocal answered
        answered += 1
        if answered == 1:
            await accept(exchange)
        else:
            exchange.reset()

    server = await serve(once)
    client = client_for(server.url)
    assert await client.submit(REQUEST) == Accepted(TASK)
    assert isinstance(await client.submit(REQUEST), Unknown)
    assert (server.posts, server.connections) == (2, 1)


async def test_a_hundred_posts_at_once_do_not_wait_for_one_another(serve, client_for):
    arrived = asyncio.Semaphore(0)
    gate = asyncio.Event()

    async def together(exchange):
        arrived.release()
        await gate.wait()
        await accept(exchange)

    server = await serve(together)
    client = client_for(server.url, timeouts=Timeouts(10.0, 10.0, 10.0))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.submit(REQUEST)) for _ in range(101)]
        for _ in range(101):
            await arrived.acquire()
        gate.set()
    assert {task.result() for task in tasks} == {Accepted(TASK)}
    assert server.posts == 101


async def test_cookies_are_neither_kept_nor_sent(serve, client_for):
    async def cookie(exchange):
        await exchange.answer(200, ACCEPTING, "Set-Cookie: a=b; Path=/\r\n")

    server = await serve(cookie)
    client = client_for(server.url)
    await client.submit(REQUEST)
    await client.submit(REQUEST)
    assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_the_proxy_of_the_environment_is_not_used(serve, client_for, monkeypatch):
    server = await serve(accept)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert await client_for(server.url).submit(REQUEST) == Accepted(TASK)


async def test_a_cancelled_post_stays_cancelled(serve, client_for):
    arrived = asyncio.Event()

    async def arrive(_exchange):
        arrived.set()
        await never()

    server = await serve(arrive)
    task = asyncio.create_task(client_for(server.url).submit(REQUEST))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.posts == 1


async def test_a_client_can_be_used_again_after_it_was_closed(serve, client_for):
    server = await serve(accept)
    client = client_for(server.url)
    await client.submit(REQUEST)
    await client.close()
    assert await client.submit(REQUEST) == Accepted(TASK)


# The token


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500, 503])
async def test_a_token_that_the_server_sends_back_is_in_no_outcome(serve, client_for, status):
    async def echo(exchange):
        body = json.dumps({"code": status, "message": f"bad\ntoken {exchange.head.decode()}"})
        await exchange.answer(status, body.encode(), f"X-Token: {TOKEN}\r\n")

    outcome = await client_for((await serve(echo)).url).submit(REQUEST)
    assert TOKEN not in repr(outcome)


async def test_a_token_in_an_answer_that_is_not_http_is_in_no_outcome(serve, client_for):
    server = await serve(says(f"nonsense {TOKEN}\r\n\r\n".encode()))
    outcome = await client_for(server.url).submit(REQUEST)
    assert isinstance(outcome, Unknown)
    assert TOKEN not in repr(outcome)


async def test_the_library_still_knows_the_hook_that_is_our_proof():
    assert hasattr(aiohttp.TraceConfig(), "on_request_headers_sent")
