"""What open pages hear: everything that changes, once each, whoever changed it, and from where they stopped."""

import asyncio
import contextlib

import aiohttp
import pytest

from runner.core.choice import Flag
from runner.store import attempts, choices, locks
from tests.review.review_support import NOW, PATIENCE_S, Pace, job_of

IDS_OF_NEW = job_of(9).job_id
IDS = [job_of(rank).job_id for rank in range(4)]


async def test_a_page_hears_that_a_job_is_done_with_its_file_its_prompt_and_the_figures(stage):
    async with stage.review() as visitor, visitor.events() as page:
        stage.finish(3)
        row = await page.until(lambda row: row["state"] == "done")
        assert (row["id"], row["files"], row["credits"]) == (IDS[3], ["p3/take-01.mp4"], 40)


async def test_a_change_brings_the_texts_that_its_rows_name_and_the_figures(stage):
    async with stage.review() as visitor, visitor.events() as page:
        stage.do(choices.choose, 2, {"flag": Flag.KEEP}, NOW)
        told = await page.next()
    (row,) = told["jobs"]
    assert told["prompts"] == {str(row["prompt"]): {"id": "p1", "text": "a fox, number 1", "images": []}}
    assert told["details"] == {str(row["details"]): {"variables": {}, "meta": {}}}
    assert (told["figures"]["jobs"]["done"], told["figures"]["credits"]["spent"], told["failures"]) == (
        3,
        120,
        [],
    )


async def test_a_choice_of_one_page_reaches_another_and_itself(stage):
    async with stage.review() as visitor, visitor.events() as one, visitor.events() as other:
        answer = await visitor.choose({"jobs": [IDS[0]], "set": {"rating": 4}})
        told = [await page.next() for page in (one, other)]
    assert [(each["sequence"], each["jobs"]) for each in told] == [
        (answer.json["sequence"], answer.json["jobs"])
    ] * 2


async def test_who_comes_back_hears_what_came_meanwhile_and_no_more(stage):
    async with stage.review() as visitor:
        for rank in range(3):
            await visitor.choose({"jobs": [IDS[rank]], "set": {"rating": 1}})
        async with visitor.events(since=1) as page, visitor.events(0, {"Last-Event-ID": "2"}) as other:
            heard = [await page.next(), await other.next()]
    assert [(each["sequence"], [row["id"] for row in each["jobs"]]) for each in heard] == [
        (3, [IDS[1], IDS[2]]),
        (3, [IDS[2]]),
    ]


@pytest.mark.parametrize("since", ["99", "-1", "x", "", "1e9", "9" * 400, "\u0661"])
async def test_a_number_that_this_server_never_gave_is_that_of_a_page_that_knows_nothing(stage, since):
    async with stage.review() as visitor:
        await visitor.choose({"jobs": [IDS[0]], "set": {"rating": 1}})
        async with visitor.events(since) as page:
            assert (await page.next())["sequence"] == 1


async def test_the_page_says_up_to_which_change_it_knows_everything(stage):
    async with stage.review() as visitor:
        before = (await visitor.page())["batch"]["live"]
        await visitor.choose({"jobs": [IDS[0]], "set": {"rating": 1}})
        assert (before, (await visitor.page())["batch"]["live"]) == ({"sequence": 0}, {"sequence": 1})


async def test_a_page_and_what_it_hears_later_call_the_prompts_by_the_same_numbers(stage):
    """Also a prompt that came later, before the others; and pages that are made after that."""
    async with stage.review() as visitor, visitor.events() as hearing:
        early = await visitor.page()
        stage.enrol(job_of(9, rank=0), *(job_of(rank, rank=rank + 1) for rank in range(4)))
        told = await hearing.next()
        while IDS_OF_NEW not in [row["id"] for row in told["jobs"]]:
            told = await hearing.next()
        late = await visitor.page()
    told_prompts = {int(number): prompt for number, prompt in told["prompts"].items()}
    assert [prompt["id"] for prompt in early["prompts"]] == ["p0", "p1", "p2", "p3"]
    assert late["prompts"] == early["prompts"] + [told_prompts[4]]
    assert [late["prompts"][row["prompt"]]["id"] for row in late["jobs"]] == ["p9", "p0", "p1", "p2", "p3"]


async def test_a_run_that_begins_and_one_that_is_killed_are_heard_though_nobody_writes_it(stage):
    stage.do(attempts.reserve, stage.pk, 4, NOW)
    async with stage.review() as visitor, visitor.events() as page:
        with locks.holding(stage.state, "spring"):
            begun = await heard_until(page, lambda figures: figures["running_pid"] is not None)
        ended = await heard_until(page, lambda figures: figures["running_pid"] is None)
    assert (begun, ended) == (["submitting"], ["unknown"])


async def heard_until(page, is_so):
    """The states of the rows that are told until the figures are so; the figures may come after the rows."""
    states = []
    while True:
        told = await page.next()
        states += [row["state"] for row in told["jobs"]]
        if is_so(told["figures"]):
            return states


async def test_what_changes_seldom_is_heard_too(stage):
    async with stage.review() as visitor, visitor.events() as page:
        stage.do(lambda c: c.exec_driver_sql("UPDATE job SET removed = 1 WHERE id = 2"))
        row = await page.until(lambda row: True)
    assert (row["id"], row["removed"]) == (IDS[1], True)


async def test_a_page_that_hears_nothing_for_a_while_gets_a_sign_of_life(stage):
    async with stage.review(Pace(0.02, heartbeat_s=0.02)) as visitor, visitor.events() as page:
        assert [await page.line() for _ in range(2)] == [":\n\n"] * 2


async def test_the_server_ends_at_once_though_pages_are_open_and_they_see_the_end(stage):
    async with contextlib.AsyncExitStack() as later:
        async with stage.review() as visitor:
            session = await later.enter_async_context(aiohttp.ClientSession())
            visitor.session = session
            pages = [await later.enter_async_context(visitor.events()) for _ in range(3)]
            began_s = asyncio.get_running_loop().time()
        took_s = asyncio.get_running_loop().time() - began_s
        rest = [await page.answer.content.read() for page in pages]
    assert (rest, took_s < 1) == ([b""] * 3, True)


async def test_a_page_that_leaves_is_forgotten_and_too_many_are_refused(stage):
    async with stage.review() as visitor, contextlib.AsyncExitStack() as stack:
        visitor.session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))
        )
        async with contextlib.AsyncExitStack() as pages:
            for _ in range(64):
                await pages.enter_async_context(visitor.events())
            refused = await visitor.ask("events")
        while (again := await visitor.session.get(visitor.url + "events")).status == 503:
            again.close()
        assert (refused.status, again.status) == (503, 200)
        again.close()


async def test_a_page_that_does_not_listen_costs_no_memory_and_misses_nothing(empty):
    """Some 9 MB of changes, which no socket holds: what is told once the page listens is put together only then."""
    empty.enrol(*(job_of(rank) for rank in range(200)))
    for rank in range(200):
        empty.do(choices.choose, rank + 1, {"note": "x" * 2000}, NOW)
    everybody = [job_of(rank).job_id for rank in range(200)]
    async with empty.review() as visitor:
        reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port, limit=2**12)
        writer.write(f"GET {visitor.root}events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        heard = await reader.readuntil(b"retry: 1000")
        for number in range(20):
            await visitor.choose({"jobs": everybody, "set": {"rating": 1 + number % 5}})
        while b'"sequence":20,' not in heard:
            heard += await asyncio.wait_for(reader.read(2**16), PATIENCE_S)
        writer.close()
        await writer.wait_closed()
    assert heard.count(b"event: change") < 20
