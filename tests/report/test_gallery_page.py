"""The page as bytes: what stands in it, and what no text in it can do."""

import base64
import hashlib
import json
import re
import tracemalloc
from dataclasses import replace

from report_support import JOB, PRICE, file_of, record_of

from runner.core.model import JobId
from runner.core.money import Credits
from runner.report.gallery import MARK, Head, page

HEAD = Head("spring", PRICE, {"jobs": {"total": 1}}, [{"state": "failed"}])
RECORD = record_of(files=(file_of(1),))
HOSTILE = "</script><!--<script>alert(1)</script>\u2028\u2029 & 'x' \"y\""


def blocks_of(text: str) -> dict[str, object]:
    found = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', text, re.DOTALL)
    return {name: json.loads(body) for name, body in found}


def page_of(*records, head=HEAD, live=None) -> str:
    return b"".join(page(iter(records), head, live)).decode()


def records_of(number: int):
    for one in range(number):
        yield replace(RECORD, job=replace(JOB, job_id=JobId(f"{one:024x}")), files=(file_of(one),))


def test_the_page_holds_the_batch_and_its_jobs_as_json():
    blocks = blocks_of(page_of(RECORD))
    assert blocks == {
        "batch": {
            "batch": "spring",
            "price": {"credits": 40, "usd": 0.4, "again": 40},
            "figures": HEAD.figures,
            "failures": HEAD.failures,
            "live": None,
            "tree": "",
        },
        "jobs": blocks["jobs"],
        "prompts": [{"id": "animals", "text": "a fox", "images": list(JOB.images)}],
        "details": [{"variables": {"animal": "fox"}, "meta": {"sku": "A-17"}}],
    }


def test_a_live_page_knows_its_sequence_and_may_connect_to_its_own_server_only():
    still, live = page_of(RECORD), page_of(RECORD, live=7)
    seen = blocks_of(live)["batch"]["live"], "connect-src 'none'" in still, "connect-src 'self'" in live
    assert seen == ({"sequence": 7}, True, True)


def test_no_text_ends_the_script_or_acts_as_markup():
    record = replace(RECORD, job=replace(JOB, prompt=HOSTILE), meta={HOSTILE: HOSTILE}, error=HOSTILE)
    text = page_of(record, head=replace(HEAD, batch="{{script}}<b>&"))
    blocks = blocks_of(text)
    scripts = re.findall(r"<script[ >]", text)
    seen = (
        blocks["prompts"][0]["text"],
        blocks["details"][0]["meta"],
        len(scripts),
        "<title>{{script}}&lt;b&gt;&amp; - gallery</title>" in text,
        [char for char in "\u2028\u2029" if char in text],
    )
    assert seen == (HOSTILE, {HOSTILE: HOSTILE}, 5, True, [])


def test_the_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else():
    text = page_of(RECORD)
    inline = [re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[-1] for tag in ("script", "style")]
    hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in inline]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert [directive for directive in policy.split("; ") if not directive.startswith("media-src")] == [
        "default-src 'none'",
        f"script-src 'sha256-{hashes[0]}'",
        f"style-src 'sha256-{hashes[1]}'",
        "base-uri 'none'",
        "form-action 'none'",
        "connect-src 'none'",
    ]


def test_a_page_tells_early_that_it_is_ours():
    assert MARK.decode() in page_of()[:1000]


def test_a_job_takes_less_than_300_bytes_beside_the_texts():
    few, many = (sum(map(len, page(records_of(number), HEAD, None))) for number in (0, 1000))
    assert (many - few) / 1000 < 300


def test_memory_does_not_grow_with_the_jobs():
    def most(number: int) -> int:
        tracemalloc.start()
        for _ in page(records_of(number), HEAD, None):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(1)
    assert most(20_000) - most(500) < 100_000


def test_another_take_has_the_price_that_it_holds():
    dearer = replace(HEAD, again=Credits(55))
    assert blocks_of(page_of(RECORD, head=dearer))["batch"]["price"] == {
        "credits": 40,
        "usd": 0.4,
        "again": 55,
    }
