"""Status questions (faults.md 2.1): what is booked, what is asked again, and what a run makes of silence."""

import asyncio
import json
from dataclasses import replace

import pytest

from runner.core.outcomes import TaskId
from runner.store import decisions
from tests.outcomes.behaviours import (
    CHUNKED,
    HEAD,
    LONG,
    dripping,
    enveloped,
    fin,
    raw,
    redirect,
    rst,
    says,
    silence,
    task,
    with_files,
)
from tests.outcomes.scene import DONE, MANY, Account, Case
from tests.outcomes.service import Behaviour

ONCE = "Completed"
AGAIN = replace(DONE, seen=(1, 2, 1))
LEARNED_LATE = replace(AGAIN, asks=("NothingLearned", ONCE))
RAN_ON = replace(AGAIN, asks=("Running", ONCE))
WAITED = replace(AGAIN, asks=("Throttled", ONCE))
KEPT = replace(
    DONE,
    asks=(),
    fetches=(),
    places=(),
    seen=(1, MANY, 0),
    attempts=(("running", 40),),
    jobs=(("running", None),),
    books=(0, 40, 0),
    code=4,
)
HASTY = {"task_deadline_s": 60.0}


def kept(word: str, error_class: str | None) -> Account:
    """The task stays running whatever is asked, and the job shows why."""
    return replace(KEPT, asks=(word,), jobs=(("running", error_class),))


def strange(word: str) -> Account:
    """What is said is about another request than the job's."""
    return replace(kept(word, "service"), seen=(1, 1, 0))


def stopped(kind: str) -> Account:
    """Nothing more is asked of anybody."""
    return replace(KEPT, asks=(f"Refused {kind}",), seen=(1, 1, 0), code=5)


def spent(credits_: int) -> Account:
    return replace(DONE, attempts=(("completed", credits_),), books=(credits_, 0, 0))


def failed(credits_: int, error_class: str = "service") -> Account:
    return replace(
        DONE,
        asks=("Failed",),
        fetches=(),
        places=(),
        seen=(1, 1, 0),
        attempts=(("failed", credits_),),
        jobs=(("failed", error_class),),
        books=(credits_, 0, 0),
        code=1,
    )


def several(number: int, **more: object) -> Account:
    return replace(
        DONE, fetches=("Fetched",) * number, places=("Placed",) * number, seen=(1, 1, number), **more
    )


def answered(text: str) -> Behaviour:
    """A status in these words: ``FILE`` is the file's URL, and what is asked about is task_1."""

    async def behave(exchange):
        await exchange.say(200, text.replace("FILE", f"{exchange.service.url}/a").encode())

    return behave


def packed(**how: object) -> Behaviour:
    """The list of files as a JSON text, or as a bare URL."""

    async def behave(exchange):
        url = f"{exchange.service.url}/a"
        forms = {"text": json.dumps([url]), "bare": url, "objects": [{"url": url}], "object": {"url": url}}
        response = forms[how["form"]]
        await exchange.say(200, exchange.service.task("task_1", response=response))

    return behave


NOTHING = {
    "RST": rst,
    "FIN": fin,
    "silence": silence,
    "half a head": raw(HEAD + b"Content-Le"),
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "no body": raw(LONG),
    "a cut chunk": raw(CHUNKED + b"5\r\nhel"),
    "drips": dripping(LONG, b" ", 8.0),
    "2 MiB": says(200, b" " * 2**21 + b"{}"),
    "500": says(500, b"<html>sorry</html>"),
    "500 with the envelope": enveloped(500),
    "502": says(502, b"bad gateway"),
    "503 without the envelope": says(503, b"unavailable"),
    "504": says(504),
    "524": says(524),
    "a page": says(200, b"<html>welcome</html>"),
    "malformed": says(200, b"{"),
    "too deep": says(200, b"[" * 100_000),
    "nothing": says(200),
    "204": raw(b"HTTP/1.1 204 X\r\n\r\n"),
    "no data": enveloped(200),
    "400": enveloped(400),
    "409": enveloped(409),
}
DONE_WORDS = [
    "completed",
    "complete",
    "success",
    "succeeded",
    "succeed",
    "done",
    "finished",
    "1",
    "COMPLETED",
    "Success",
]
FAILED_WORDS = [
    "failed",
    "fail",
    "failure",
    "error",
    "cancelled",
    "canceled",
    "rejected",
    "expired",
    "timeout",
    "aborted",
    "-1",
    "FAILED",
]
RUNNING_WORDS = [
    "processing",
    "in queue",
    "IN_PROGRESS",
    "",
    "moderating",
    "completely",
    None,
    7,
    True,
    ["completed"],
]
UNREADABLE = [-5, True, 40.5, 10**12, "4e1", "", "-1", {}, [40], None, ...]

PATIENCE = {
    **{f"Q1 {name}": Case(LEARNED_LATE, asks=[behave]) for name, behave in NOTHING.items()},
    "Q1 ten times": Case(
        replace(DONE, asks=("NothingLearned",) * 10 + (ONCE,), seen=(1, 11, 1)), asks=[says(500)] * 10
    ),
    "Q1 for ever": Case(kept("NothingLearned", None), asks=[says(500)] * 99, limits=HASTY, is_brief=True),
    "Q3 404 at first": Case(replace(AGAIN, asks=("NotFound", ONCE)), asks=[enveloped(404)]),
    "Q3 404 with a page": Case(replace(AGAIN, asks=("NotFound", ONCE)), asks=[says(404, b"<html>")]),
    "Q3 404 for two minutes": Case(kept("NotFound", "lost"), asks=[enveloped(404)] * 999, is_brief=True),
    "Q8 404 under a 200": Case(replace(AGAIN, asks=("NotFound", ONCE)), asks=[enveloped(404, 200)]),
    **{f"Q6 {code}": Case(WAITED, asks=[enveloped(code)]) for code in (429, 455, 503)},
    "Q6 a limiter in front": Case(WAITED, asks=[says(429, b"", Retry_After=2)]),
    **{f"Q8 {code} under a 200": Case(WAITED, asks=[enveloped(code, 200)]) for code in (429, 455, 503)},
    **{
        f"Q8 {code} under a 200": Case(LEARNED_LATE, asks=[enveloped(code, 200, {"status": "failed"})])
        for code in (400, 422, 500, 777)
    },
    "Q9 another task": Case(LEARNED_LATE, asks=[task(task_id="other", status="failed")]),
    "Q9 another prompt": Case(strange(ONCE), asks=[task(request={"prompt": "a cow", "mode": "normal"})] * 99),
    "Q9 another mode": Case(
        strange(ONCE), asks=[task(request={"prompt": "a fox, number 0", "mode": "fun"})] * 99
    ),
    "Q9 another's failure": Case(
        strange("Failed"), asks=[task(status="failed", request={"prompt": "a cow"})] * 99
    ),
    "Q9 the same prompt with other blanks": Case(
        DONE, asks=[task(request={"prompt": " a  fox,\nnumber 0 ", "mode": "normal"})]
    ),
    **{
        f"Q{11 if word is None or not isinstance(word, str) else 10} the word {word!r}": Case(
            RAN_ON, asks=[task(status=word)]
        )
        for word in RUNNING_WORDS
    },
    "Q11 no word": Case(RAN_ON, asks=[task(status=...)]),
    "Q10 an unknown word for ever": Case(
        kept("Running", None), asks=[task(status="moderating")] * 999, limits=HASTY, is_brief=True
    ),
    **{f"Q11 {word} is done": Case(DONE, asks=[task(status=word)]) for word in [*DONE_WORDS, 1]},
    **{
        f"Q11 {word} is failed": Case(failed(40), asks=[task(status=word, consumed_credits=...)])
        for word in [*FAILED_WORDS, -1]
    },
}

REFUSED = {
    **{f"Q5 {code}": Case(stopped("account"), asks=[enveloped(code)]) for code in (401, 403)},
    "Q5 402": Case(stopped("credit"), asks=[enveloped(402)]),
    "Q5 405": Case(stopped("address"), asks=[enveloped(405)]),
    "Q5 the edge network": Case(stopped("account"), asks=[says(403, b"error code: 1010")]),
    **{
        f"Q8 {code} under a 200": Case(stopped("account"), asks=[enveloped(code, 200)]) for code in (401, 403)
    },
    "Q8 402 under a 200": Case(stopped("credit"), asks=[enveloped(402, 200)]),
    **{
        f"Q7 {status}": Case(stopped("address"), asks=[redirect(status)])
        for status in (301, 302, 303, 307, 308)
    },
}

MONEY = {
    "Q18 the price": Case(spent(40), asks=[task(consumed_credits=40)]),
    "Q19 less": Case(spent(30), asks=[task(consumed_credits=30)]),
    "Q19 more": Case(spent(55), asks=[task(consumed_credits=55)]),
    "Q21 0": Case(spent(40), asks=[task(consumed_credits=0)]),
    **{f"Q22 {value!r}": Case(spent(40), asks=[task(consumed_credits=value)]) for value in UNREADABLE},
    "Q22 a text of digits": Case(spent(30), asks=[task(consumed_credits="30")]),
    "Q22 two that disagree": Case(spent(40), asks=[task(consumed_credits=10, consumed_credit=20)]),
    **{
        f"Q22 {number}": Case(
            spent(40),
            asks=[
                answered(
                    '{"code":200,"data":{"status":"completed","response":["FILE"],"consumed_credits":'
                    f"{number}}}}}"
                )
            ],
        )
        for number in ("NaN", "Infinity", "1e400", "9" * 5000)
    },
    "Q23 failed for nothing": Case(failed(0), asks=[task(status="failed", consumed_credits=0)]),
    "Q23 failed for '0'": Case(failed(0), asks=[task(status="failed", consumed_credits="0")]),
    "Q24 failed, and not a word": Case(failed(40), asks=[task(status="failed", consumed_credits=...)]),
    **{
        f"Q24 failed for {value!r}": Case(failed(40), asks=[task(status="failed", consumed_credits=value)])
        for value in (-5, "free", False, None)
    },
    "Q25 failed at the price": Case(failed(40), asks=[task(status="failed", consumed_credits=40)]),
    "Q25 failed and dear": Case(failed(90), asks=[task(status="failed", consumed_credits=90)]),
    "Q25 failed and cheap": Case(failed(15), asks=[task(status="failed", consumed_credits=15)]),
    "Q24 moderation": Case(
        failed(40, "moderation"),
        asks=[task(status="failed", error_message="Inappropriate content, please try another prompt.")],
    ),
    "Q24 validation": Case(
        failed(40, "validation"), asks=[task(status="failed", error_message="File type not supported")]
    ),
    "Q27 10 MB of message": Case(LEARNED_LATE, asks=[task(status="failed", error_message="x" * 10**7)]),
}

EMPTY = [None, [], "", {}, 7, "[broken", ["ftp://h/x"], ["https://user:word@h/x"], ["javascript:x"]]
FILES = {
    "Q15 two files": Case(several(2), asks=[with_files("a", "b")]),
    "Q15 ten files": Case(several(10), asks=[with_files(*"abcdefghij")]),
    "Q15 forty files": Case(several(16), asks=[with_files(*(f"file-{n}" for n in range(40)))]),
    "Q16 one URL twice": Case(DONE, asks=[with_files("a", "a")]),
    **{f"Q33 {form}": Case(DONE, asks=[packed(form=form)]) for form in ("text", "bare", "objects", "object")},
    **{
        f"Q33 done with {response!r}": Case(
            replace(failed(40, "no_output"), asks=(ONCE,) * 8, seen=(1, 8, 0)),
            asks=[task(response=response, consumed_credits=0)] * 9,
        )
        for response in EMPTY
    },
    "Q33 the file comes late": Case(
        replace(DONE, asks=(ONCE,) * 8, seen=(1, 8, 1)), asks=[task(response=None)] * 7
    ),
    "Q34 consumed_credit": Case(spent(30), asks=[task(consumed_credits=..., consumed_credit=30)]),
    "Q34 a task at the top": Case(
        DONE, asks=[answered('{"code":"200","msg":"ok","task_id":"task_1","status":"success","response":["FILE"],"consumed_credits":40}')]
    ),
    "Q29 odd progress": Case(DONE, asks=[task(progress="900 %", created_at="2025-01-01 16:02:32")]),
    "Q29 odd progress while it runs": Case(RAN_ON, asks=[task(status="running", progress=[900])]),
    "Q32 a cached answer": Case(RAN_ON, asks=[says(200, {"code": 200, "data": {"status": "running"}}, Age=9999)]),
}  # fmt: skip

EARLIER = replace(DONE, posts=(), seen=(0, 1, 1))


def running(shop, _out):
    shop.running(0)


def fetching_from_gone(shop, _out):
    shop.fetching(0, "http://127.0.0.1:1/gone.mp4")


HISTORY = {
    "Q26 failed first": Case(
        failed(0), asks=[task(status="failed", consumed_credits=0), task()]
    ),
    "Q12 done, then running": Case(
        replace(DONE, asks=(ONCE, "Running"), fetches=("Expired", "Fetched"), seen=(1, 2, 2)),
        asks=[task(), task(status="running")],
        files=[says(403)],
    ),
    "Q12 done, then failed": Case(
        replace(DONE, asks=(ONCE, "Failed"), fetches=("Expired", "Fetched"), seen=(1, 2, 2)),
        asks=[task(), task(status="failed", consumed_credits=0)],
        files=[says(403)],
    ),
    "Q31 done while nobody ran": Case(EARLIER, before=running),
    "Q31 its URL is of last week": Case(
        replace(EARLIER, fetches=("Broken", "Fetched")), before=fetching_from_gone
    ),
    "Q5 401 for an earlier run's task": Case(
        replace(stopped("account"), posts=(), seen=(0, 1, 0)), asks=[enveloped(401)], before=running
    ),
}  # fmt: skip

CASES = PATIENCE | REFUSED | MONEY | FILES | HISTORY


@pytest.mark.parametrize("row", CASES)
def test_what_is_said_of_a_task_is_booked_as_the_contract_says(row, tmp_path):
    assert CASES[row].told(tmp_path) == CASES[row].expected


def test_a_question_asks_for_no_cached_answer_and_carries_the_token(tmp_path):
    """Q32."""
    asked = next(each for each in Case(DONE).play(tmp_path).service.seen if each.kind == "ask")
    headers = [asked.header(name) for name in ("Cache-Control", "Authorization", "Accept-Encoding")]
    assert headers == ["no-cache", "Bearer token-of-the-outcome-tests", "identity"]


def test_a_message_of_half_a_megabyte_is_cut_and_without_control_characters(tmp_path):
    """Q27."""
    wild = "\x1b]52;c;x\x07\x9b\n" + "y" * 500_000
    story = Case(failed(40), asks=[task(status="failed", error_message=wild)]).play(tmp_path)
    ((error,),) = story.rows("SELECT error FROM job")
    assert (story.account, len(error), error.isprintable()) == (failed(40), 500, True)


def test_done_without_a_file_is_asked_eight_times_within_a_minute(tmp_path):
    """Q33."""
    times = [
        each.at for each in CASES["Q33 done with None"].play(tmp_path).service.seen if each.kind == "ask"
    ]
    assert (len(times), times[-1] - times[0] <= 60.0) == (8, True)


def test_an_unknown_task_is_tolerated_for_two_minutes(tmp_path):
    """Q3."""
    story = CASES["Q3 404 for two minutes"].play(tmp_path)
    ((overdue, error),) = story.rows("SELECT overdue, error FROM job")
    assert (120.0 <= story.seconds < 200.0, overdue, "does not know the task" in error) == (True, 1, True)


def test_a_person_can_accept_a_task_that_shows_another_request(tmp_path):
    """Q9."""
    other = [task(request={"prompt": "a cow", "mode": "normal"})]

    def trusted(shop, _out):
        shop.running(0)
        shop.do(decisions.attach, [(shop.job(0).pk, TaskId("t0"))])

    assert Case(EARLIER, asks=other, before=trusted).told(tmp_path) == EARLIER


def test_a_service_that_goes_away_is_waited_for_ten_minutes(tmp_path):
    """Q1: nobody is reached any more, and the task is kept."""

    async def goes(exchange):
        exchange.service.listener.close()
        exchange.finish()
        asyncio.current_task().cancel()

    expected = replace(KEPT, asks=("NothingLearned",), seen=(1, 1, 0), code=5)
    story = Case(expected, asks=[goes], is_brief=True).play(tmp_path)
    assert (story.account, 600.0 <= story.seconds < 700.0) == (expected, True)
