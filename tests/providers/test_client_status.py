"""Status questions over real connections; what the answers mean is tested with the pure functions."""

import json

import pytest
from providers_support import (
    HASTY,
    HEAD,
    LONG_LENGTH,
    TASK,
    TOKEN,
    accept,
    fin,
    free_port,
    rst,
    says,
    silence,
)

from runner.core.outcomes import (
    Completed,
    Failed,
    NotFound,
    NothingLearned,
    RefusalKind,
    Refused,
    Running,
    TaskId,
)


def task(**members) -> bytes:
    return json.dumps({"code": 200, "message": "success", "data": {"task_id": TASK, **members}}).encode()


async def test_a_question_is_sent_as_the_reference_says(serve, client_for):
    async def done(exchange):
        await exchange.answer(
            200, task(status="completed", consumed_credits=40, response=["https://c/a.mp4"])
        )

    server = await serve(done)
    assert await client_for(server.url).status(TASK) == Completed(("https://c/a.mp4",), 40)
    head = server.requests[0]
    assert head.startswith(b"GET /v1/status?task_id=task_123 HTTP/1.1\r\n")
    assert b"\r\nCache-Control: no-cache\r\n" in head
    assert b"\r\nAuthorization: Bearer " + TOKEN.encode() in head


async def test_a_task_id_cannot_add_parameters(serve, client_for):
    async def done(exchange):
        await exchange.answer(200, task(status="pending"))

    server = await serve(done)
    await client_for(server.url).status(TaskId("a&x=1#../"))
    assert server.requests[0].startswith(b"GET /v1/status?task_id=a%26x%3D1%23../ ")


@pytest.mark.parametrize(
    "behaviour",
    [
        fin,
        rst,
        silence,
        says(b"HTTP/1.1 20"),
        says(b"nonsense\r\n\r\n"),
        says(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ],
)
async def test_a_broken_answer_teaches_nothing_and_is_not_asked_again_in_secret(serve, client_for, behaviour):
    server = await serve(behaviour)
    outcome = await client_for(server.url, timeouts=HASTY).status(TASK)
    assert isinstance(outcome, NothingLearned)
    assert not outcome.reached
    assert len(server.requests) == 1


async def test_a_reused_connection_that_broke_is_not_repeated_by_the_library(serve, client_for):
    answered = 0

    async def once(exchange):
        nonlocal answered
        answered += 1
        if answered == 1:
            await exchange.answer(200, task(status="pending"))
        else:
            exchange.reset()

    server = await serve(once)
    client = client_for(server.url)
    assert await client.status(TASK) == Running()
    assert isinstance(await client.status(TASK), NothingLearned)
    assert len(server.requests) == 2  # the pacing knows of two


async def test_a_cut_answer_teaches_nothing_but_was_an_answer(serve, client_for):
    server = await serve(says(HEAD + LONG_LENGTH + task(status="completed")))
    outcome = await client_for(server.url).status(TASK)
    assert isinstance(outcome, NothingLearned)
    assert outcome.reached


async def test_nobody_there_is_not_reached(client_for):
    outcome = await client_for(f"http://127.0.0.1:{free_port()}").status(TASK)
    assert isinstance(outcome, NothingLearned)
    assert not outcome.reached


async def test_a_redirect_is_not_followed(serve, client_for):
    elsewhere = await serve(accept)

    async def redirect(exchange):
        await exchange.answer(302, headers=f"Location: {elsewhere.url}/v1/status\r\n")

    outcome = await client_for((await serve(redirect)).url).status(TASK)
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.ADDRESS
    assert elsewhere.requests == []


async def test_the_token_gets_into_nothing_that_a_status_says(serve, client_for):
    async def leak(exchange):
        await exchange.answer(
            200,
            task(
                status=f"odd {TOKEN}",
                request={"prompt": TOKEN, "mode": TOKEN},
                error_message=f"key {TOKEN}",
            ),
        )

    async def leak_failed(exchange):
        await exchange.answer(200, task(status="failed", error_message="x" * 490 + TOKEN))

    async def leak_urls(exchange):
        urls = [f"https://c/a.mp4?k={TOKEN}", "https://c/b.mp4"]
        await exchange.answer(200, task(status="completed", response=urls))

    running = await client_for((await serve(leak)).url).status(TASK)
    failed = await client_for((await serve(leak_failed)).url).status(TASK)
    completed = await client_for((await serve(leak_urls)).url).status(TASK)
    assert isinstance(running, Running)
    assert isinstance(failed, Failed)
    assert completed == Completed(("https://c/b.mp4",))
    assert "CANARY" not in repr((running, failed, completed))


async def test_a_service_is_probed_by_a_task_that_there_is_not_and_says_what_time_it_is(serve, client_for):
    async def unknown(exchange):
        await exchange.answer(
            404, b'{"code": 404, "message": "no such task"}', "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        )

    server = await serve(unknown)
    probe = await client_for(server.url).probe()
    assert (type(probe.outcome), probe.served_at) == (NotFound, 784111777.0)
    assert server.requests[0].startswith(b"GET /v1/status?task_id=task_0 ")


async def test_who_answers_without_a_date_or_not_at_all_says_no_time(serve, client_for):
    async def undated(exchange):
        await exchange.answer(401, b"{}")

    server = await serve(undated)
    answered = await client_for(server.url).probe()
    nobody = await client_for(f"http://127.0.0.1:{free_port()}").probe()
    assert (type(answered.outcome), answered.served_at) == (Refused, None)
    assert (type(nobody.outcome), nobody.served_at) == (NothingLearned, None)
