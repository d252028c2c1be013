"""POSTs with a real answer (faults.md 1.7, rows 28, 32 to 35 and 37 to 54): the status and the envelope decide."""

import gzip
import json
from dataclasses import replace

import pytest

from tests.outcomes.behaviours import enveloped, raw, redirect, says
from tests.outcomes.scene import DONE, HELD, UNSEEN, Account, Case
from tests.outcomes.service import accept

ACCEPTED = {"code": 200, "message": "success", "data": {"task_id": "task_7"}}
BYTES = json.dumps(ACCEPTED).encode()
HINTS = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
SALVAGED = replace(DONE, posts=("Unknown with a task",), asks=("Completed",) * 2, seen=(1, 2, 1))


def refused(kind: str, error_class: str) -> Account:
    """Refused for good, and the only job failed."""
    return replace(
        UNSEEN,
        posts=(f"Refused {kind}",),
        seen=(1, 0, 0),
        attempts=(("refused", 0),),
        jobs=(("failed", error_class),),
        books=(0, 0, 0),
        code=1,
    )


def stopping(kind: str) -> Account:
    """Nothing was accepted, and of two jobs the second is not even tried."""
    return replace(refused(kind, ""), jobs=(("pending", None),) * 2, code=5)


STOPPED_UNKNOWN = replace(
    HELD, posts=("Unknown, stop",), jobs=(("unknown", "unknown"), ("pending", None)), code=5
)
WAITED = replace(
    DONE, posts=("Throttled", "Accepted"), seen=(2, 1, 1), attempts=(("refused", 0), ("completed", 40))
)
REFUSED = {400: "request", 413: "request", 415: "request", 422: "request"}
STOP_ROWS = {401: 45, 403: 45, 402: 46, 404: 44, 405: 44}
STOPS = {401: "account", 403: "account", 402: "credit", 404: "address", 405: "address"}
NO_CODE = (406, 408, 409, 410, 411, 414, 417, 421, 423, 424, 425, 426, 428, 431, 451, 499)
BROKEN = {500: 50, 501: 50, 502: 51, 504: 53, 507: 50, 524: 53} | dict.fromkeys(
    (520, 521, 522, 523, 525, 526, 530), 54
)  # each with its row
WELL_FORMED = ("a", "a" * 200, "A.b_c:d-9")
NO_IDS = (None, 7, True, "", "a" * 201, "a b", "a/b", "a&x=1#", "../", "\ud800", "ğ", ["a"], {"id": "a"})

YES = {
    "P28 gzip that nobody asked for": Case(DONE, [says(200, gzip.compress(BYTES), Content_Encoding="gzip")]),
    "P32 a byte order mark": Case(DONE, [says(200, b"\xef\xbb\xbf" + BYTES)]),
    "P33 as the reference says": Case(DONE),
    "P33 the id at the top": Case(DONE, [says(200, {"code": 200, "message": "ok", "task_id": "task_7"})]),
    "P33 a code in quotes": Case(DONE, [says(200, ACCEPTED | {"code": "200"})]),
    **{
        f"P33 an id of {len(text)} characters": Case(DONE, [enveloped(200, data={"task_id": text})])
        for text in WELL_FORMED
    },
    **{f"P34 {status}": Case(DONE, [says(status, ACCEPTED)]) for status in (201, 202)},
    "P40 206 with the envelope": Case(DONE, [says(206, ACCEPTED)]),
    "P41 100 and 103 before the answer": Case(
        DONE, [raw(HINTS + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BYTES), BYTES))]
    ),
}

NO = {
    **{
        f"P44 {code}{'' if body else ' without a body'}": Case(
            refused(kind, "validation"), [enveloped(code) if body else says(code)]
        )
        for code, kind in REFUSED.items()
        for body in (True, False)
    },
    "P44 what the prompt shows": Case(
        refused("request", "moderation"), [says(400, {"code": 400, "message": "inappropriate content"})]
    ),
    "P44 the body is cut": Case(
        refused("request", "validation"), [raw(b'HTTP/1.1 400 X\r\nContent-Length: 99\r\n\r\n{"code"')]
    ),
    **{
        f"P37 {code} under a 200": Case(refused(kind, "validation"), [enveloped(code, 200)])
        for code, kind in REFUSED.items()
    },
    **{
        f"P{STOP_ROWS[code]} {code}{' under a 200' if status else ''}": Case(
            stopping(kind), [enveloped(code, status)], jobs=2
        )
        for code, kind in STOPS.items()
        for status in (None, 200)
    },
    "P45 the edge network": Case(stopping("account"), [says(403, b"error code: 1010")], jobs=2),
    "P45 401 without a body": Case(stopping("account"), [says(401)], jobs=2),
    "P46 402 without a body": Case(stopping("credit"), [says(402)], jobs=2),
    "P44 404 with a page": Case(stopping("address"), [says(404, b"<html>nothing here</html>")], jobs=2),
}

WAIT = {
    **{f"P48 {code}": Case(WAITED, [enveloped(code)]) for code in (429, 455, 503)},
    **{f"P37 {code} under a 200": Case(WAITED, [enveloped(code, 200)]) for code in (429, 455, 503)},
    "P48 a limiter in front": Case(WAITED, [says(429, b"error code: 1015", Retry_After=3)]),
    "P48 five times uses up no tries": Case(
        replace(
            WAITED,
            posts=("Throttled",) * 5 + ("Accepted",),
            seen=(6, 1, 1),
            attempts=(("refused", 0),) * 5 + (("completed", 40),),
        ),
        [enveloped(429)] * 5,
    ),
}

WHO_KNOWS = {
    **{f"P35 id {text!a:.9}": Case(HELD, [enveloped(200, data={"task_id": text})]) for text in NO_IDS},
    "P35 no id": Case(HELD, [enveloped(200, data={})]),
    "P35 no data": Case(HELD, [enveloped(200)]),
    "P35 two ids": Case(SALVAGED, [says(200, ACCEPTED | {"task_id": "other"})]),
    **{f"P38 code {code}": Case(HELD, [enveloped(code, 200)]) for code in (0, 201, 433, 500, 501, 505, 777)},
    "P38 no code": Case(HELD, [says(200, {"message": "hello"})]),
    **{
        f"P39 code {code} with a task": Case(SALVAGED, [says(200, ACCEPTED | {"code": code})])
        for code in (400, 402, 429, 500, 777)
    },
    **{f"P40 {status}": Case(HELD, [raw(b"HTTP/1.1 %d X\r\n\r\n" % status)]) for status in (204, 205)},
    **{f"P40 {status} without the envelope": Case(HELD, [says(status, b"ok")]) for status in (206, 207, 226)},
    **{
        f"P{42 if status < 304 else 43} {status}": Case(STOPPED_UNKNOWN, [redirect(status)] * 2, jobs=2)
        for status in (301, 302, 303, 307, 308)
    },
    "P42 303 without a place": Case(STOPPED_UNKNOWN, [says(303)] * 2, jobs=2),
    "P42 304": Case(STOPPED_UNKNOWN, [raw(b"HTTP/1.1 304 X\r\n\r\n")] * 2, jobs=2),
    **{f"P47 {status}": Case(HELD, [enveloped(status)]) for status in NO_CODE},
    **{
        f"P{49 if status == 500 else row} {status} with the envelope": Case(HELD, [enveloped(status)])
        for status, row in BROKEN.items()
    },
    **{
        f"P{row} {status} with a page": Case(HELD, [says(status, b"<html>sorry</html>")])
        for status, row in BROKEN.items()
    },
    "P52 503 without the envelope": Case(HELD, [says(503, b"unavailable")]),
    "P52 503 with Retry-After alone": Case(HELD, [says(503, b"", Retry_After=3)]),
    "P52 455 without the envelope": Case(HELD, [says(455, b"maintenance")]),
    "P49 500 with a task": Case(SALVAGED, [says(500, ACCEPTED)]),
    "P44 400 with a task": Case(SALVAGED, [says(400, ACCEPTED)]),
    "P48 429 with a task": Case(SALVAGED, [says(429, ACCEPTED)]),
    "P53 504 with a task": Case(SALVAGED, [says(504, ACCEPTED)]),
}

CASES = YES | NO | WAIT | WHO_KNOWS


@pytest.mark.parametrize("row", CASES)
def test_an_answer_is_booked_as_the_contract_says(row, tmp_path):
    assert CASES[row].told(tmp_path) == CASES[row].expected


@pytest.mark.parametrize("code", [401, 402, 403, 404])
def test_what_is_paid_for_is_finished_when_the_account_is_refused(code, tmp_path):
    """Of three jobs the first was accepted: it is followed and fetched, and the third is not submitted."""
    expected = replace(
        DONE,
        posts=("Accepted", f"Refused {STOPS[code]}"),
        seen=(2, 1, 1),
        attempts=(("completed", 40), ("refused", 0)),
        jobs=(("done", None), ("pending", None), ("pending", None)),
        code=5,
    )
    case = Case(expected, [accept, enveloped(code)], jobs=3, limits={"in_flight": 2})
    assert case.told(tmp_path) == expected


@pytest.mark.parametrize(
    ("headers", "least"), [({"Retry_After": 30}, 30), ({"X_RateLimit_Reset": 20}, 20), ({}, 0)]
)
def test_a_wait_is_as_long_as_the_service_says(headers, least, tmp_path):
    story = Case(WAITED, [enveloped(429, **headers)]).play(tmp_path)
    first, second = (each.at for each in story.service.seen if each.kind == "POST")
    assert (story.account, least <= second - first < least + 3) == (WAITED, True)


def test_the_edge_network_is_named_and_so_is_the_user_agent(tmp_path):
    story = CASES["P45 the edge network"].play(tmp_path)
    ((note,),) = story.rows("SELECT note FROM attempt")
    assert ("edge network" in note, "User-Agent" in note) == (True, True)
