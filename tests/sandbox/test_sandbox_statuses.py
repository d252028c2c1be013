import json
import time

import aiohttp
import pytest


async def test_a_task_runs_and_then_has_its_urls(call, clock):
    caller = await call(latency_median_s=5, latency_spread=0, two_files=1, clock=clock)
    task_id = await caller.accepted()
    running = await caller.standing(task_id)
    clock.now_s += 5
    completed = await caller.standing(task_id)
    assert running == {
        "consumed_credits": 40,
        "created_at": "2023-11-14T22:13:20Z",
        "status": "processing",
        "task_id": task_id,
        "error_message": None,
        "request": {"mode": "fun", "prompt": "a fox", "ratio": "1:1"},
        "response": None,
    }
    paths = [url.partition("?")[0] for url in completed["response"]]
    files = f"{caller.sandbox.base_url}/files/{task_id}"
    assert (completed["status"], paths) == ("completed", [f"{files}/1.mp4", f"{files}/2.mp4"])


async def test_files_may_stand_at_another_server(call):
    caller = await call(files_origin="http://127.0.0.1:1")
    assert (await caller.file_url()).startswith("http://127.0.0.1:1/files/task_")


@pytest.mark.parametrize(
    ("task_id", "status", "error"), [("task_0", 404, "TASK_NOT_FOUND"), ("", 400, "INVALID_REQUEST")]
)
async def test_an_unknown_task_is_not_found(call, task_id, status, error):
    caller = await call()
    async with caller.status(task_id) as response:
        assert (response.status, (await response.json())["error"]) == (status, error)


async def test_words_are_those_of_the_options(call, clock):
    caller = await call(
        running_word="IN_PROGRESS",
        completed_word="SUCCESS",
        latency_median_s=1,
        latency_spread=0,
        clock=clock,
    )
    task_id = await caller.accepted()
    running = await caller.standing(task_id)
    clock.now_s += 1
    assert (running["status"], (await caller.standing(task_id))["status"]) == ("IN_PROGRESS", "SUCCESS")


async def test_latencies_are_spread_around_the_median(call, clock):
    caller = await call(latency_median_s=10, latency_spread=0.5, in_flight=None, clock=clock)
    for number in range(60):
        await caller.accepted(f"fox {number}")
    lasts = sorted(task.ready_at_s - task.created_at_s for task in caller.sandbox.ledger.tasks())
    assert 7 < lasts[30] < 14
    assert lasts[0] < 6
    assert lasts[-1] > 17


@pytest.mark.parametrize(("failed_charged", "consumed"), [(0, 0), (1, 40)])
async def test_a_failed_task_is_refunded_or_charged(call, failed_charged, consumed):
    caller = await call(task_fails=1, failed_charged=failed_charged)
    failed = await caller.standing(await caller.accepted())
    assert (failed["status"], failed["consumed_credits"], failed["response"]) == ("failed", consumed, None)
    assert failed["error_message"]
    assert caller.sandbox.ledger.accepted_credits() == consumed


async def test_moderation_fails_a_task_in_the_words_of_the_service(call):
    caller = await call(moderation=1)
    failed = await caller.standing(await caller.accepted())
    message = "Inappropriate content, please try another prompt."
    assert (failed["status"], failed["error_message"]) == ("failed", message)


async def test_an_overcharge_costs_twice_the_price(call):
    caller = await call(overcharge=1)
    completed = await caller.standing(await caller.accepted())
    assert (completed["consumed_credits"], caller.sandbox.ledger.accepted_credits()) == (80, 80)


async def test_a_dropped_status_leaves_no_answer(call):
    caller = await call(status_dropped=1)
    task_id = await caller.accepted()
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await caller.status(task_id)
    assert {request.decision for request in caller.sandbox.ledger.requests("status")} == {"status_dropped"}


async def test_a_status_may_be_a_server_error(call):
    caller = await call(status_500=1)
    async with caller.status(await caller.accepted()) as response:
        assert (response.status, (await response.json())["code"]) == (500, 500)


async def test_a_status_may_be_no_json(call):
    caller = await call(status_malformed=1)
    async with caller.status(await caller.accepted()) as response:
        with pytest.raises(json.JSONDecodeError):
            json.loads(await response.text())
    assert response.status == 200


async def test_a_task_may_be_not_found_at_first(call):
    caller = await call(status_404_early=1)
    task_id = await caller.accepted()
    statuses = []
    for _ in range(4):
        async with caller.status(task_id) as response:
            statuses.append(response.status)
    assert statuses == [404, 404, 404, 200]


async def test_a_status_may_be_an_unknown_word(call):
    caller = await call(unknown_word=1)
    standing = await caller.standing(await caller.accepted())
    assert (standing["status"], standing["response"]) == ("unknown_word", None)


async def test_a_response_may_be_empty_for_the_first_asks(call):
    caller = await call(empty_response=1, empty_asks=2)
    task_id = await caller.accepted()
    responses = [(await caller.standing(task_id))["response"] for _ in range(3)]
    assert [response is None for response in responses] == [True, True, False]


async def test_a_response_may_be_a_json_string(call):
    caller = await call(stringified_response=1, two_files=1)
    standing = await caller.standing(await caller.accepted())
    assert [url.startswith(caller.sandbox.base_url) for url in json.loads(standing["response"])] == [
        True,
        True,
    ]


async def test_a_response_may_be_one_bare_url(call):
    caller = await call(single_url=1, two_files=1)
    standing = await caller.standing(await caller.accepted())
    assert standing["response"].startswith(caller.sandbox.base_url + "/files/")
    assert caller.sandbox.ledger.tasks()[0].files == 1


async def test_a_slow_status_is_decided_before_it_comes(call):
    caller = await call(slow_answer=1, slow_answer_s=0.02)
    task_id = await caller.accepted()
    started_s = time.monotonic()
    assert (await caller.standing(task_id))["status"] == "completed"
    assert time.monotonic() - started_s >= 0.02
