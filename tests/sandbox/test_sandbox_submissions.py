import io
import time

import aiohttp
import pytest

from runner.sandbox import Submission

BODY = {"prompt": "a fox", "mode": "fun", "ratio": "1:1"}


def decisions(caller):
    return [request.decision for request in caller.sandbox.ledger.requests("generate")]


async def test_a_good_body_is_accepted_in_the_envelope_of_the_reference(call):
    caller = await call()
    async with caller.post() as response:
        envelope = await response.json()
        assert (response.status, envelope["code"], envelope["message"]) == (200, 200, "success")
    [task] = caller.sandbox.ledger.tasks()
    assert (task.task_id, task.submission) == (envelope["data"]["task_id"], Submission("a fox", "fun", "1:1"))
    assert "Date" in response.headers


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"mode": "fun", "ratio": "1:1"}, "The prompt parameter is required"),
        (BODY | {"prompt": " "}, "The prompt parameter is required"),
        (BODY | {"prompt": "x" * 5001}, "The prompt parameter is longer than 5000 characters"),
        (BODY | {"mode": "wild"}, "The mode parameter is not one of fun, normal, spicy"),
        (BODY | {"mode": []}, "The mode parameter is not one of fun, normal, spicy"),
        (BODY | {"ratio": "16:9"}, "The ratio parameter is not one of 2:3, 3:2, 1:1"),
        ({"prompt": "a fox", "mode": "fun"}, "The ratio parameter is required"),
        (BODY | {"images": ["fox.png"]}, "The images parameter is not a list of http(s) URLs"),
        (
            BODY | {"images": "https://example.com/fox.png"},
            "The images parameter is not a list of http(s) URLs",
        ),
        (["a fox"], "The body is not an object"),
    ],
)
async def test_a_bad_body_is_refused_with_an_envelope(call, body, message):
    caller = await call()
    async with caller.post(body) as response:
        envelope = await response.json()
    expected = {"code": 400, "message": f"Invalid request: {message}", "error": "INVALID_REQUEST"}
    assert (response.status, envelope, caller.sandbox.ledger.tasks()) == (400, expected, ())


async def test_a_body_that_is_not_json_is_refused(call):
    caller = await call()
    async with caller.session.post(caller.sandbox.base_url + "/v1/generate", data=b"{") as response:
        assert (response.status, (await response.json())["error"]) == (400, "INVALID_REQUEST")


async def test_images_can_be_refused_and_what_has_none_is_taken(call):
    caller = await call(image_refused=1)
    async with caller.post(BODY | {"images": ["https://example.com/fox.png"]}) as response:
        assert (response.status, (await response.json())["message"]) == (
            400,
            "Invalid request: An image cannot be read",
        )
    assert (decisions(caller), caller.sandbox.ledger.tasks()) == (["image_refused"], ())
    await caller.accepted()


async def test_images_can_fail_their_task_and_what_has_none_completes(call):
    caller = await call(image_unsupported=1, failed_charged=1)
    async with caller.post(BODY | {"images": ["https://example.com/fox.png"]}) as response:
        task_id = (await response.json())["data"]["task_id"]
    standing = await caller.standing(task_id)
    assert (standing["status"], standing["error_message"], standing["consumed_credits"]) == (
        "failed",
        "File type not supported",
        40,
    )
    assert (await caller.standing(await caller.accepted()))["status"] == "completed"


async def test_a_prompt_of_5000_characters_images_and_lone_surrogates_are_taken_and_echoed(call):
    caller = await call()
    body = BODY | {"prompt": "\ud800" + "x" * 4999, "images": ["https://example.com/fox.png"]}
    async with caller.post(body) as response:
        task_id = (await response.json())["data"]["task_id"]
    assert (await caller.standing(task_id))["request"] == body


async def test_a_body_above_1_mib_is_refused(call):
    caller = await call()
    body = io.BytesIO(b" " * 1_100_000)
    async with caller.session.post(caller.sandbox.base_url + "/v1/generate", data=body) as response:
        assert (response.status, (await response.json())["error"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(("sent", "wanted"), [("", None), ("other", "secret")])
async def test_a_missing_or_wrong_token_is_refused(call, sent, wanted):
    caller = await call(sends=sent, token=wanted)
    async with caller.post() as response:
        envelope = await response.json()
    assert (response.status, envelope["error"], caller.sandbox.ledger.tasks()) == (401, "INVALID_API_KEY", ())


async def test_the_same_body_twice_makes_two_tasks_of_one_body(call):
    caller = await call()
    first, second = await caller.accepted(), await caller.accepted()
    by_body = caller.sandbox.ledger.tasks_by_body()
    assert [task.task_id for task in by_body[Submission("a fox", "fun", "1:1")]] == [first, second]
    assert first != second


async def test_task_ids_depend_on_the_seed_and_the_request_not_on_the_order(call):
    one, other, seeded = await call(), await call(), await call(seed=1)
    fox, owl = await one.accepted("fox"), await one.accepted("owl")
    assert (await other.accepted("owl"), await other.accepted("fox")) == (owl, fox)
    assert await seeded.accepted("fox") != fox


@pytest.mark.parametrize(
    ("fault", "status", "is_json"),
    [
        ("post_500", 500, True),
        ("post_502_html", 502, False),
        ("post_503_envelope", 503, True),
        ("post_429", 429, True),
    ],
)
async def test_a_refusing_fault_accepts_nothing(call, fault, status, is_json):
    caller = await call(**{fault: 1})
    async with caller.post() as response:
        assert (response.status, response.content_type == "application/json") == (status, is_json)
    assert (decisions(caller), caller.sandbox.ledger.tasks()) == ([fault], ())


@pytest.mark.parametrize(("fault", "accepted"), [("post_dropped_before", 0), ("post_dropped_after", 1)])
async def test_a_dropped_connection_leaves_no_answer(call, fault, accepted):
    caller = await call(**{fault: 1})
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await caller.post()
    assert (decisions(caller), len(caller.sandbox.ledger.tasks())) == ([fault], accepted)


async def test_some_dropped_connections_are_closed_and_some_are_reset(call):
    caller = await call(post_dropped_after=1)
    seen = set()
    for number in range(12):
        try:
            await caller.post(BODY | {"prompt": f"fox {number}"})
        except aiohttp.ClientConnectionError as error:
            seen.add(type(error))
    assert seen == {aiohttp.ServerDisconnectedError, aiohttp.ClientOSError}


async def test_a_cut_answer_announces_more_than_it_sends(call):
    caller = await call(post_cut_body=1)
    async with caller.post() as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert (response.status, len(caller.sandbox.ledger.tasks())) == (200, 1)


@pytest.mark.parametrize(("fault", "status"), [("post_500_after_accept", 500), ("post_malformed", 200)])
async def test_an_accepting_fault_hides_the_task_id(call, fault, status):
    caller = await call(**{fault: 1})
    async with caller.post() as response:
        text = await response.text()
    assert (response.status, "task_" in text, len(caller.sandbox.ledger.tasks())) == (status, False, 1)


async def test_faults_strike_the_same_requests_in_any_order(call):
    prompts = [f"fox {number}" for number in range(40)]
    struck = []
    for order in (prompts, prompts[::-1]):
        caller = await call(post_500=0.3, post_429=0.2)
        outcomes = {}
        for prompt in order:
            async with caller.post(BODY | {"prompt": prompt}) as response:
                outcomes[prompt] = response.status
        struck.append(outcomes)
    assert struck[0] == struck[1]
    assert set(struck[0].values()) == {200, 429, 500}


async def test_a_request_over_the_rate_is_refused_and_draws_nothing(call, clock):
    caller = await call(window_requests=2, window_s=10, clock=clock)
    await caller.accepted("fox")
    clock.now_s += 4
    async with caller.post() as last, caller.post() as over:
        envelope = await over.json()
    assert (last.headers["X-RateLimit-Remaining"], last.headers["X-RateLimit-Reset"]) == ("0", "6")
    assert (over.status, envelope["error"], over.headers["Retry-After"]) == (429, "RATE_LIMITED", "6")
    assert len(decisions(caller)) == 2
    clock.now_s += 6
    await caller.accepted("owl")


@pytest.mark.parametrize(("by_clock", "remaining"), [(False, "0"), (True, "1")])
async def test_a_window_begins_with_its_first_request_or_by_the_clock(call, clock, by_clock, remaining):
    caller = await call(window_requests=2, window_s=10, clock_windows=by_clock, clock=clock)
    clock.now_s += 7
    await caller.accepted("fox")
    clock.now_s += 3
    async with caller.post() as response:
        assert response.headers["X-RateLimit-Remaining"] == remaining


@pytest.mark.parametrize(
    ("form", "reset"), [("delta", "10"), ("epoch", "1700000010"), ("epoch_ms", "1700000010000")]
)
async def test_the_reset_is_written_in_the_form_of_the_option(call, clock, form, reset):
    caller = await call(window_s=10, reset_form=form, clock=clock)
    async with caller.post() as response:
        assert response.headers["X-RateLimit-Reset"] == reset


async def test_without_the_option_no_refusal_says_when_to_come_back(call):
    caller = await call(window_requests=1, retry_after=False)
    await caller.accepted()
    async with caller.post() as response:
        assert (response.status, "Retry-After" in response.headers) == (429, False)


async def test_a_task_above_those_in_flight_is_refused_until_one_is_ready(call, clock):
    caller = await call(in_flight=2, latency_median_s=30, latency_spread=0, clock=clock)
    await caller.accepted("fox")
    await caller.accepted("owl")
    async with caller.post() as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "30")
    clock.now_s += 30
    await caller.accepted("elk")


async def test_the_hour_has_a_cap_of_its_own(call, clock):
    caller = await call(submissions_per_hour=1, clock=clock)
    await caller.accepted("fox")
    clock.now_s += 600
    async with caller.post() as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "3000")
    clock.now_s += 3000
    await caller.accepted("owl")


async def test_an_account_without_credits_is_told_so(call):
    caller = await call(balance_credits=79)
    await caller.accepted("fox")
    async with caller.post() as response:
        envelope = await response.json()
    assert (response.status, envelope["error"]) == (402, "INSUFFICIENT_CREDITS")
    assert caller.sandbox.ledger.accepted_credits() == 40


async def test_a_refund_comes_back_to_the_balance_when_the_task_has_failed(call, clock):
    caller = await call(balance_credits=40, task_fails=1, latency_median_s=5, latency_spread=0, clock=clock)
    await caller.accepted("fox")
    assert caller.sandbox.ledger.held_credits(clock()) == 40
    clock.now_s += 5
    await caller.accepted("owl")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/generate", 405), ("GET", "/v2", 404)])
async def test_another_path_or_method_is_answered_with_an_envelope(call, method, path, status):
    caller = await call()
    async with caller.session.request(method, caller.sandbox.base_url + path) as response:
        assert (response.status, (await response.json())["code"]) == (status, status)
        assert "X-RateLimit-Remaining" in response.headers


async def test_answers_come_late_where_the_options_say_so(call):
    caller = await call(answer_delay_s=0.02, slow_answer=1, slow_answer_s=0.03)
    started_s = time.monotonic()
    await caller.accepted()
    assert time.monotonic() - started_s >= 0.05
