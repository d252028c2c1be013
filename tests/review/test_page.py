"""The page: what stands in it as data, and what may run in it."""

import base64
import hashlib
import re

from tests.review.review_support import job_of

MARKUP = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


async def test_the_page_holds_every_job_with_its_texts_and_where_the_batch_stands(stage):
    async with stage.review() as visitor:
        page = await visitor.page()
    assert [(row["state"], page["prompts"][row["prompt"]]["text"]) for row in page["jobs"]] == [
        *(("done", f"a fox, number {rank}") for rank in range(3)),
        ("pending", "a fox, number 3"),
    ]
    batch = page["batch"]
    assert (batch["batch"], batch["figures"]["jobs"]["done"], batch["failures"], batch["live"]) == (
        "spring",
        3,
        [],
        {"sequence": 0},
    )


async def test_a_batch_without_a_job_has_a_page(empty):
    async with empty.review() as visitor:
        page = await visitor.page()
    assert (page["jobs"], page["prompts"], page["details"]) == ([], [], [])


async def test_markup_in_a_prompt_a_name_and_a_note_is_text(empty):
    empty.enrol(job_of(0, prompt=MARKUP, meta={MARKUP: MARKUP}))
    empty.finish(0)
    async with empty.review() as visitor:
        await visitor.choose({"jobs": [job_of(0).job_id], "set": {"note": MARKUP}})
        answer, page = await visitor.ask(), await visitor.page()
    assert (b"<script>alert" in answer.body, b"<img" in answer.body) == (False, False)
    assert (page["prompts"][0]["text"], page["details"][0]["meta"], page["jobs"][0]["note"]) == (
        MARKUP,
        {MARKUP: MARKUP},
        MARKUP,
    )


def hash_of(script):
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


async def test_only_the_script_of_the_page_itself_may_run(stage):
    async with stage.review() as visitor:
        answer = await visitor.ask()
    (script,) = re.findall(r"<script>(.*?)</script>", answer.body.decode(), re.DOTALL)
    assert f"script-src {hash_of(script)};" in answer.headers["Content-Security-Policy"]


async def test_the_head_of_the_page_has_no_body(stage):
    async with stage.review() as visitor:
        answer = await visitor.ask(method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


async def test_the_page_may_ask_nobody_but_its_server(stage):
    async with stage.review() as visitor:
        policy = (await visitor.ask()).headers["Content-Security-Policy"]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert (parts["default-src"], parts["connect-src"], parts["media-src"], parts["frame-ancestors"]) == (
        "'none'",
        "'self'",
        "'self'",
        "'none'",
    )
