"""The table of POST outcomes, row by row, on bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.outcomes import (
    Accepted,
    Announcement,
    ErrorClass,
    GenerationRequest,
    NotSent,
    RefusalKind,
    Refused,
    TaskId,
    Throttled,
    Unknown,
)
from runner.providers.grokimagine import fields
from runner.providers.grokimagine.wire import classify_submit, submit_body

TASK = TaskId("task_123")
ACCEPTING = b'{"code":200,"message":"success","data":{"task_id":"task_123"}}'


def envelope(code, **members) -> bytes:
    return json.dumps({"code": code, "message": "m", **members}).encode()


def classified(status, body, headers=None, *, complete=True):
    return classify_submit(status, headers or {}, body, complete)


def test_a_body_without_images_has_no_such_key():
    request = GenerationRequest("p \ud800 ğ", "fun", "2:3")
    assert json.loads(submit_body(request)) == {"mode": "fun", "prompt": "p \ud800 ğ", "ratio": "2:3"}


@pytest.mark.parametrize("status", [200, 201, 202, 206])
@pytest.mark.parametrize(
    "body",
    [
        ACCEPTING,
        b"\xef\xbb\xbf" + ACCEPTING,
        b'{"code":"200","msg":"ok","data":{"task_id":"task_123"}}',
        b'{"code":200,"task_id":"task_123"}',
        b'{"code":200,"data":null,"task_id":"task_123"}',
        b'{"code":200,"data":{"task_id":"task_123"},"task_id":"task_123"}',
    ],
)
def test_a_2xx_with_code_200_and_a_task_id_is_accepted(status, body):
    assert classified(status, body) == Accepted(TASK)


@pytest.mark.parametrize("task_id", ["a", "a" * 200, "A.b_c:d-9", "task_123456789"])
def test_every_task_id_of_the_alphabet_is_taken(task_id):
    assert classified(200, envelope(200, data={"task_id": task_id})) == Accepted(TaskId(task_id))


@pytest.mark.parametrize(
    "task_id",
    [None, 7, True, "", "a" * 201, "a b", "a/b", "a&x=1#", "../", "\ud800", "a\n", "ğ", ["a"], {"id": "a"}],
)
def test_a_task_id_that_cannot_be_used_is_unknown(task_id):
    outcome = classified(200, envelope(200, data={"task_id": task_id}))
    assert isinstance(outcome, Unknown)
    assert outcome.candidate is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>login</html>",
        b"null",
        b"[]",
        b'"x"',
        b"200",
        b"{}",
        b'{"code":200}',
        b'{"code":200,"data":{}}',
        b'{"code":200,"data":[]}',
        b"[" * 100_000,
        b'{"code":' + b"9" * 5000 + b"}",
        "{}".encode("utf-16"),
        b"\xff\xfe\xfa",
    ],
)
def test_a_2xx_that_names_no_task_is_unknown(body):
    outcome = classified(200, body)
    assert isinstance(outcome, Unknown)
    assert (outcome.candidate, outcome.stops_run) == (None, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ACCEPTING[:-1]),
        (200, b"junk" + ACCEPTING),
        (200, ACCEPTING + b"\xff"),
        (200, b'{"code":200,"n":NaN,"data":{"task_id":"task_123"}}'),
        (200, b'{"code":200,"code":200,"data":{"task_id":"task_123"}}'),
        (200, b'{"x":' + b"[" * 50 + b"]" * 50 + b',"task_id":"task_123"}'),
        (200, b'{"code":true,"data":{"task_id":"task_123"}}'),
        (200, b'{"code":200.0,"data":{"task_id":"task_123"}}'),
        (200, b'{"data":{"task_id":"task_123"}}'),
        (200, b'{"code":500,"data":{"task_id":"task_123"}}'),
        (200, b'{"code":400,"data":{"task_id":"task_123"}}'),
        (200, b'{"code":200,"data":{"task_id":"task_123"},"task_id":"other"}'),
        (200, b'{"code":200,"data":{"task":{"task_id":"task_123"}}}'),
        (200, b'{"code":200,"data":[{"taskId":"task_123"}]}'),
        (302, ACCEPTING),
        (400, b'{"code":400,"data":{"task_id":"task_123"}}'),
        (429, b'{"code":429,"task_id":"task_123"}'),
        (500, ACCEPTING),
        (504, ACCEPTING),
    ],
)
def test_a_task_id_in_any_other_answer_is_a_candidate_and_never_refused(status, body):
    outcome = classified(status, body)
    assert isinstance(outcome, Unknown)
    assert outcome.candidate == TASK


def test_a_body_that_was_cut_is_unknown_even_if_it_looks_whole():
    outcome = classified(200, ACCEPTING, complete=False)
    assert isinstance(outcome, Unknown)
    assert outcome.candidate == TASK


REFUSALS = [
    *((code, RefusalKind.REQUEST, ErrorClass.VALIDATION) for code in (400, 413, 415, 422)),
    *((code, RefusalKind.ACCOUNT, ErrorClass.AUTH) for code in (401, 403)),
    (402, RefusalKind.CREDIT, ErrorClass.CREDIT),
    *((code, RefusalKind.ADDRESS, ErrorClass.SERVICE) for code in (404, 405)),
]


@pytest.mark.parametrize(("code", "kind", "error_class"), REFUSALS)
def test_a_refusal_of_the_list_counts_as_status_and_as_envelope_code(code, kind, error_class):
    for status, body in ((code, envelope(code)), (code, b"<html>"), (code, b""), (200, envelope(code))):
        outcome = classified(status, body)
        assert isinstance(outcome, Refused)
        assert (outcome.kind, outcome.error_class) == (kind, error_class)


def test_the_status_goes_before_the_code():
    outcome = classified(400, envelope(429))
    assert isinstance(outcome, Refused)


def test_a_refused_prompt_is_a_matter_of_moderation():
    outcome = classified(400, envelope(400, message="Inappropriate content, please try another prompt."))
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.error_class) == (RefusalKind.REQUEST, ErrorClass.MODERATION)


def test_the_message_of_the_service_is_shown():
    body = b'{"code":400,"message":"Invalid request: The prompt parameter is required","error":"INVALID_REQUEST"}'
    outcome = classified(400, body)
    assert isinstance(outcome, Refused)
    assert outcome.message == (
        "the service refused the request (HTTP 400): Invalid request: The prompt parameter is required"
    )


def test_the_edge_networks_403_names_it_and_the_user_agent():
    outcome = classified(403, b"error code: 1010")
    assert isinstance(outcome, Refused)
    assert "edge network" in outcome.message
    assert "User-Agent" in outcome.message


@pytest.mark.parametrize("code", [429, 455, 503])
def test_a_refusal_for_a_passing_reason_needs_the_envelope(code):
    limits = Announcement(remaining=0, reset_after_s=9.0)
    headers = {"x-ratelimit-reset": "9", "X-RateLimit-Remaining": "0"}
    for status in (code, 200):
        outcome = classified(status, envelope(code), headers)
        assert outcome == Throttled(f"the service asks to wait (HTTP {code}): m", None, limits)
    assert classified(code, envelope(code), {"Retry-After": "3", "X-RateLimit-Reset": "9"}).after_s == 3.0


@pytest.mark.parametrize("code", [455, 503])
def test_without_the_envelope_it_is_unknown(code):
    for body in (b"", b"<html>", b'{"error":"x"}', b"[]"):
        assert isinstance(classified(code, body, {"Retry-After": "3"}), Unknown)


def test_a_429_without_the_envelope_is_a_limiter_in_front_and_asks_to_wait():
    assert isinstance(classified(429, b"error code: 1015", {"Retry-After": "3"}), Throttled)


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_is_unknown_and_stops_the_run(status):
    outcome = classified(status, b"")
    assert isinstance(outcome, Unknown)
    assert outcome.stops_run


@pytest.mark.parametrize(
    "status",
    [
        *(204, 205, 406, 408, 409, 410, 411, 414, 417, 418, 421, 423, 424, 425, 426, 428, 431, 433, 451, 499),
        *(500, 501, 502, 504, 505, 507, 520, 521, 522, 523, 524, 525, 526, 530, 600, 999, 101, 0),
    ],
)
def test_everything_that_is_not_listed_is_unknown(status):
    for answer in ((status, envelope(status)), (status, b""), (200, envelope(status))):
        outcome = classified(*answer)
        assert isinstance(outcome, Unknown)
        assert not outcome.stops_run


def test_messages_are_cut_and_hold_no_control_characters():
    outcome = classified(400, envelope(400, message="\x1b]52;c;x\x07\x9b\n\u2028" + "y" * 100_000 + "\ud800"))
    assert isinstance(outcome, Refused)
    assert len(outcome.message) == 500
    assert outcome.message.isprintable()


@given(
    status=st.integers(0, 999),
    headers=st.dictionaries(st.text(), st.text(), max_size=5),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["code", "data", "task_id", "message"]), inner, max_size=4),
            ),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    complete=st.booleans(),
)
def test_no_answer_whatever_breaks_the_table(status, headers, body, complete):
    outcome = classify_submit(status, headers, body, complete)
    assert not isinstance(outcome, NotSent)
    if isinstance(outcome, Accepted):
        assert complete
        assert 200 <= status <= 299
    if isinstance(outcome, Refused | Throttled):
        assert fields.salvaged_task_id(body) is None


# The rows of the table that prove that nothing was accepted, written out once more.
PROVE_REFUSAL = {400, 401, 402, 403, 404, 405, 413, 415, 422}
PROVE_PASSING_REFUSAL = {429, 455, 503}
CODES = st.sampled_from(
    sorted({200, 201, 302, 408, 409, 451, 500, 502, 504, 520} | PROVE_REFUSAL | PROVE_PASSING_REFUSAL)
)
ENVELOPES = st.builds(
    lambda code, more: {"code": code} | more,
    CODES | CODES.map(str) | st.none() | st.booleans() | st.floats(0, 600),
    st.sampled_from(
        [{}, {"message": "no"}, {"data": None}, {"data": {"task_id": "task-1"}}, {"task_id": "task-1"}]
    ),
)


def code_of(status, body):
    """What the answer says: its status, or where that is a success, the code of its envelope."""
    if not 200 <= status <= 299:
        return status
    try:
        return int(json.loads(body)["code"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


@given(
    status=CODES,
    body=st.one_of(
        ENVELOPES.map(lambda value: json.dumps(value).encode()),
        ENVELOPES.map(lambda value: json.dumps(value).encode()[:-1]),
        st.sampled_from([b"", b"<html>502</html>", b"[]", b"null", b"429"]),
    ),
    complete=st.booleans(),
)
def test_a_refusal_is_believed_only_where_the_table_has_it(status, body, complete):
    outcome, code = classify_submit(status, {}, body, complete), code_of(status, body)
    if isinstance(outcome, Refused):
        assert code in PROVE_REFUSAL
    if isinstance(outcome, Throttled):
        assert code in PROVE_PASSING_REFUSAL
        assert code == 429 or body.startswith(b"{")
    if b"task-1" in body:
        assert isinstance(outcome, Accepted | Unknown)
