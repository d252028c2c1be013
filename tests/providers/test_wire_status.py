"""The table of status answers, on bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.outcomes import (
    Announcement,
    Completed,
    Echo,
    ErrorClass,
    Failed,
    NotFound,
    NothingLearned,
    RefusalKind,
    Refused,
    Running,
    TaskId,
    Throttled,
)
from runner.providers.grokimagine.wire import classify_status

TASK = TaskId("task_123")
URLS = ("https://c.example/1.mp4", "https://c.example/2.mp4")


def answer(body, status=200, headers=None, *, complete=True):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_status(TASK, status, headers or {}, raw, complete)


def task(**members):
    return {"code": 200, "message": "success", "data": {"task_id": TASK, **members}}


def test_the_example_of_the_reference():
    body = task(
        consumed_credits=40,
        created_at="2024-01-01T00:00:00Z",
        status="completed",
        error_message=None,
        request={"mode": "fun", "prompt": "a fox", "ratio": "2:3"},
        response=list(URLS),
    )
    headers = {"X-RateLimit-Remaining": "98", "X-RateLimit-Reset": "60"}
    assert answer(body, headers=headers) == Completed(URLS, 40, Echo("a fox", "fun"), Announcement(98, 60.0))


@pytest.mark.parametrize(
    "word",
    ["completed", "complete", "SUCCESS", "succeeded", "Succeed", "done", " Finished ", "1", 1],
)
def test_words_for_done(word):
    assert answer(task(status=word, response=list(URLS))) == Completed(URLS)


@pytest.mark.parametrize(
    "word",
    [
        *("failed", "fail", "FAILURE", "error", "cancelled", "canceled", "rejected", "expired", "timeout"),
        *("aborted", "-1", -1, " Failed\n"),
    ],
)
def test_words_for_failed(word):
    assert isinstance(answer(task(status=word)), Failed)


@pytest.mark.parametrize(
    "word", ["IN_PROGRESS", "in-progress", "In Progress", "queuing", "waiting", "generating", 0]
)
def test_words_for_running(word):
    assert answer(task(status=word)) == Running()


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("moderating", "moderating"),
        ("Un-Completed", "Un-Completed"),
        ("_1", "_1"),
        (2, "2"),
        (1.5, "1.5"),
        ("", "(empty)"),
        (None, "(none)"),
        (True, "(bool)"),
        ([], "(list)"),
        ("x" * 99, "x" * 40),
        ("a\x1b[2J", "a [2J"),
    ],
)
def test_an_unknown_word_never_fails_a_paid_task(word, shown):
    assert answer(task(status=word)) == Running(shown)


@pytest.mark.parametrize(
    "response",
    [
        list(URLS),
        json.dumps(URLS),
        [{"url": URLS[0]}, {"url": URLS[1]}],
        json.dumps([{"url": URLS[0]}, {"url": URLS[1]}]),
        {"urls": list(URLS)},
        {"url": list(URLS)},
        [URLS[0], URLS[0], URLS[1]],
        [URLS[0], 7, None, "", "ftp://x/y", *URLS],
    ],
)
def test_urls_in_every_form(response):
    assert answer(task(status="completed", response=response)) == Completed(URLS)


def test_one_bare_url():
    assert answer(task(status="completed", response=URLS[0])) == Completed(URLS[:1])


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://h/x", "file:///etc/passwd", "data:video/mp4,x", "javascript:alert(1)", "//h/x", "/x", "x"),
        *("https://", "https:///x", "https://u:p@h/x", "https://u@h/x", "https://h:99999/x", "https://h/ x"),
        *(
            "https://h/\r\nX: 1",
            "https://h\\@i/x",
            "https://h/\ud800",
            "https://[::1/x",
            "https://h/" + "x" * 4096,
        ),
    ],
)
def test_an_url_that_is_not_acceptable_is_left_out(url):
    assert answer(task(status="completed", response=[url])) == Completed(())


@pytest.mark.parametrize("response", [None, [], "", {}, 7, True, [[[[["https://h/x"]]]]], "[broken"])
def test_done_without_a_url_is_completed_with_none(response):
    assert answer(task(status="completed", response=response)) == Completed(())


def test_at_most_sixteen_urls_are_taken():
    urls = [f"https://h/{number}" for number in range(40)]
    assert answer(task(status="completed", response=urls)) == Completed(tuple(urls[:16]))


@pytest.mark.parametrize(
    ("value", "charged"), [(40, 40), (0, 0), ("40", 40), ("0", 0), ("999999999", 999_999_999)]
)
def test_a_charge_that_can_be_read(value, charged):
    for key in ("consumed_credits", "consumed_credit"):
        assert answer(task(status="completed", **{key: value})) == Completed((), charged)
    assert answer(task(status="completed", consumed_credits=value, consumed_credit=value)).charged == charged


@pytest.mark.parametrize(
    "value",
    [
        -1,
        True,
        False,
        40.5,
        40.0,
        10**12,
        10**30,
        "",
        "-1",
        "4e1",
        "40.5",
        "NaN",
        "1234567890",
        {},
        [40],
        None,
    ],
)
def test_a_charge_that_cannot_be_read_is_none(value):
    assert answer(task(status="completed", consumed_credits=value)) == Completed(())


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"9" * 5000])
def test_an_odd_number_does_not_hide_that_a_task_is_done(number):
    body = b'{"code":200,"data":{"status":"completed","consumed_credits":%s}}' % number
    assert answer(body) == Completed(())


def test_two_spellings_of_a_charge_that_disagree_are_unreadable():
    assert answer(task(status="completed", consumed_credits=40, consumed_credit=10)).charged is None


@pytest.mark.parametrize(
    ("message", "error_class"),
    [
        ("File type not supported", ErrorClass.VALIDATION),
        ("Inappropriate content, please try another prompt.", ErrorClass.MODERATION),
        ("grok imagine build failed", ErrorClass.SERVICE),
        ("Network error, please try again later.", ErrorClass.SERVICE),
    ],
)
def test_the_failures_of_the_reference(message, error_class):
    assert answer(task(status="failed")) == Failed("the service gave no reason")
    outcome = answer(task(status="failed", error_message=message, consumed_credits=0))
    assert outcome == Failed(message, error_class, 0)


def test_a_request_that_is_echoed_as_text():
    body = task(status="running", request='{"prompt":"a fox","mode":"fun"}')
    assert answer(body) == Running(echo=Echo("a fox", "fun"))


@pytest.mark.parametrize("request_", [None, 7, "x", [], {"prompt": 7, "mode": None}])
def test_an_echo_that_says_nothing(request_):
    assert answer(task(status="running", request=request_)) == Running()


def test_an_answer_about_another_task_teaches_nothing():
    body = {"code": 200, "data": {"task_id": "other", "status": "failed"}}
    assert isinstance(answer(body), NothingLearned)


def test_a_task_at_the_top_level_is_read_only_where_it_is_named():
    named = {"code": 200, "task_id": TASK, "status": "completed", "response": list(URLS)}
    assert answer(named) == Completed(URLS)
    assert isinstance(answer({"code": 200, "status": "success"}), NothingLearned)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"[]", b"null", b"{}", b'{"code":200}', b'{"code":200,"data":{}}', b"\xff"),
        *(b'{"code":200,"data":null}', b'{"code":500,"data":{"status":"completed"}}', b"[" * 100_000),
        b'{"code":400,"message":"x"}',
        b'{"code":200,"data":{"status":"failed","status":"completed"}}',
        b'{"code":200,"data":{"status":"completed"}}' + b" " * 1024 * 1024,
    ],
)
def test_an_answer_that_cannot_be_used_teaches_nothing(body):
    outcome = answer(body)
    assert isinstance(outcome, NothingLearned)
    assert outcome.reached
    assert isinstance(answer(task(status="failed"), complete=False), NothingLearned)


@pytest.mark.parametrize("status", [400, 408, 409, 422, 500, 502, 503, 504, 520, 524, 101, 999])
def test_other_statuses_teach_nothing(status):
    assert isinstance(answer(b"<html>", status), NothingLearned)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (401, RefusalKind.ACCOUNT),
        (403, RefusalKind.ACCOUNT),
        (402, RefusalKind.CREDIT),
        (405, RefusalKind.ADDRESS),
    ],
)
def test_the_account_is_refused_by_status_and_by_code(code, kind):
    for status in (code, 200):
        outcome = answer({"code": code, "message": "no"}, status)
        assert isinstance(outcome, Refused)
        assert outcome.kind is kind


def test_a_redirect_is_a_wrong_address():
    outcome = answer(b"", 302)
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.ADDRESS


def test_a_task_that_is_not_there_is_not_found():
    body = {"code": 404, "message": "TASK_NOT_FOUND"}
    expected = NotFound("the service does not know this task (HTTP 404): TASK_NOT_FOUND")
    assert answer(body, 404) == expected
    assert answer(body, 200) == expected
    assert isinstance(answer(b"", 404), NotFound)


@pytest.mark.parametrize("code", [429, 455, 503])
def test_a_wait_is_asked_for(code):
    outcome = answer({"code": code, "message": "m"}, code, {"Retry-After": "2"})
    assert outcome == Throttled(f"the service asks to wait (HTTP {code}): m", 2.0)


@given(
    status=st.integers(0, 999),
    body=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["code", "data", "task_id", "status", "response", "request", "url"]), inner
            ),
        ),
    ),
)
def test_no_answer_whatever_raises(status, body):
    answer(body, status)
