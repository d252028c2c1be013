"""POSTs that left and had no clear answer (faults.md 1.7, rows 14 to 32, 36, 41 and 56): held, and never repeated."""

import gzip
import json
from dataclasses import replace

import pytest

from runner.core.events import EventName
from tests.outcomes.behaviours import (
    CHUNKED,
    HEAD,
    LONG,
    RESET_UNREAD,
    SHUT_UNREAD,
    after_reading,
    dripping,
    enveloped,
    fin,
    interrupting,
    raw,
    rst,
    says,
    silence,
    task,
    with_no_room_for_the_state,
)
from tests.outcomes.scene import DONE, HELD, UNSEEN, Case
from tests.outcomes.service import accept

LONG_PROMPT = "x" * 8 * 1024 * 1024
ACCEPTED = {"code": 200, "message": "success", "data": {"task_id": "task_7"}}
BYTES = json.dumps(ACCEPTED).encode()
CUT = BYTES[:-1]

SALVAGED = replace(DONE, posts=("Unknown with a task",), asks=("Completed",) * 2, seen=(1, 2, 1))
NOT_OURS = replace(HELD, posts=("Unknown with a task",), asks=("NotFound",) * 3, seen=(1, 3, 0))
LOST = [enveloped(404)] * 3


def odd(text: str) -> bytes:
    """JSON with a task in it that a strict reader refuses."""
    return text.encode() % BYTES


ODD_JSON = {
    "too deep": b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b',"task_id":"task_7"}',
    "a number without an end": b'{"n":' + b"9" * 5000 + b',"task_id":"task_7"}',
    "NaN": odd('{"n":NaN,"whole":%b}'),
    "a key that stands twice": odd('{"code":200,"code":200,"data":%b}'),
    "malformed": CUT,
    "a page around it": odd("<html><script>%b</script></html>"),
}

GONE = {
    "P14 reset before anything was read": Case(replace(HELD, seen=(0, 0, 0)), doors=[RESET_UNREAD]),
    "P14 closed before anything was read": Case(replace(HELD, seen=(0, 0, 0)), doors=[SHUT_UNREAD]),
    "P15 reset in the middle of the body": Case(HELD, [after_reading(10_000, rst)], prompt=LONG_PROMPT),
    "P16 nobody reads on": Case(HELD, [after_reading(10_000, silence)], prompt=LONG_PROMPT),
    "P17 FIN": Case(HELD, [fin]),
    "P18 RST": Case(HELD, [rst]),
    "P19 P20 silence": Case(HELD, [silence]),
    "P22 half a status line": Case(HELD, [raw(b"HTTP/1.1 20")]),
    "P23 the head is cut": Case(HELD, [raw(HEAD + b"Content-Le")]),
    "P24 not HTTP": Case(HELD, [raw(b"SSH-2.0-OpenSSH_9.2\r\n")]),
    "P25 two lengths": Case(HELD, [raw(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]),
    "P25 a header of 9000 bytes": Case(HELD, [raw(HEAD + b"X: " + b"x" * 9000 + b"\r\n\r\n")]),
    "P25 400 headers": Case(HELD, [raw(HEAD + b"X: 1\r\n" * 400 + b"\r\n")]),
    "P26 no body": Case(HELD, [raw(LONG)]),
    "P26 no body, and RST": Case(HELD, [raw(LONG, rst)]),
    "P26 a body that stops": Case(HELD, [raw(LONG + b'{"code":200', silence)]),
    "P27 a chunk is cut": Case(HELD, [raw(CHUNKED + b"5\r\nhel")]),
    "P27 what is no chunk": Case(HELD, [raw(CHUNKED + b"zz\r\n")]),
    "P28 broken gzip": Case(HELD, [says(200, b"\x1f\x8b broken", Content_Encoding="gzip")]),
    "P28 a bomb": Case(HELD, [says(200, gzip.compress(bytes(64 * 2**20)), Content_Encoding="gzip")]),
    "P29 a body that drips": Case(HELD, [dripping(LONG, b" ", 20.0)]),
    "P29 a head that drips": Case(HELD, [dripping(HEAD + b"X: ", b"x", 20.0)]),
    "P30 a body of 2 MiB": Case(HELD, [says(200, b" " * 2**21 + BYTES)]),
    "P30 a body without an end": Case(HELD, [dripping(HEAD + b"\r\n", b" " * 2**16, 0.001)]),
    "P31 malformed": Case(HELD, [says(200, b"{")]),
    "P31 a login page": Case(HELD, [says(200, b"<html>login</html>", Content_Type="text/html")]),
    "P32 too deep": Case(HELD, [says(200, b"[" * 100_000)]),
    "P41 only 1xx": Case(HELD, [raw(b"HTTP/1.1 100 Continue\r\n\r\n")]),
    "P41 101": Case(HELD, [raw(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]),
    "P56 the run is cancelled while it waits": Case(
        replace(HELD, posts=(), code=130), [interrupting(silence)]
    ),
}

SALVAGE = {
    "P26 cut after the id": Case(SALVAGED, [raw(LONG + CUT)]),
    "P26 cut after the id by RST": Case(SALVAGED, [raw(LONG + CUT, rst)]),
    "P27 chunks without their end": Case(SALVAGED, [raw(CHUNKED + b"%x\r\n%b\r\n" % (len(BYTES), BYTES))]),
    "P28 gzip that is cut": Case(
        SALVAGED, [says(200, gzip.compress(BYTES + b" " * 9)[:-4], Content_Encoding="gzip")]
    ),
    "P29 drips on after the id": Case(SALVAGED, [dripping(LONG + CUT, b" ", 20.0)]),
    **{f"P32 {name}": Case(SALVAGED, [says(200, body)]) for name, body in ODD_JSON.items()},
    "P26 Q4 the service does not know it": Case(NOT_OURS, [raw(LONG + CUT)], LOST),
    "P26 it is somebody else's": Case(
        replace(NOT_OURS, asks=("Completed",), seen=(1, 1, 0)),
        [raw(LONG + CUT)],
        [task(request={"prompt": "a cow", "mode": "normal"})],
    ),
    "P26 nothing shows whose it is": Case(
        replace(NOT_OURS, asks=("Completed",), seen=(1, 1, 0)), [raw(LONG + CUT)], [task(request=None)]
    ),
}

TWO = (("completed", 40), ("unknown", 40))
SEVERAL = {
    "P21 a connection that is used again dies under the POST": Case(
        replace(
            DONE,
            posts=("Accepted", "Unknown"),
            seen=(2, 1, 1),
            attempts=TWO,
            jobs=(("done", None), ("unknown", "unknown")),
            books=(40, 40, 40),
            code=4,
        ),
        [accept, rst],
        jobs=2,
    ),
    "P36 a task that belongs to another submission": Case(
        replace(
            DONE,
            posts=("Accepted", "Accepted"),
            seen=(2, 1, 1),
            attempts=TWO,
            jobs=(("done", None), ("unknown", "unknown"), ("pending", None)),
            books=(40, 40, 40),
            code=5,
        ),
        [says(200, ACCEPTED)] * 3,
        jobs=3,
    ),
    "P31 three in a row": Case(
        replace(
            HELD,
            posts=("Unknown",) * 3,
            seen=(3, 0, 0),
            attempts=(("unknown", 40),) * 3,
            jobs=(("unknown", "unknown"),) * 3 + (("pending", None),) * 2,
            books=(0, 120, 120),
            code=5,
        ),
        [says(200, b"<html>login</html>"), fin, enveloped(500), accept],
        jobs=5,
    ),
    "P31 three, but not in a row": Case(
        replace(
            DONE,
            posts=("Unknown", "Unknown", "Refused request", "Unknown"),
            asks=(),
            fetches=(),
            places=(),
            seen=(4, 0, 0),
            attempts=(("unknown", 40), ("unknown", 40), ("refused", 0), ("unknown", 40)),
            jobs=(
                ("unknown", "unknown"),
                ("unknown", "unknown"),
                ("failed", "validation"),
                ("unknown", "unknown"),
            ),
            books=(0, 120, 120),
            code=4,
        ),
        [fin, fin, enveloped(422), fin],
        jobs=4,
    ),
}

CASES = GONE | SALVAGE | SEVERAL


@pytest.mark.parametrize("row", CASES)
def test_what_nobody_can_say_is_held_and_not_repeated(row, tmp_path):
    assert CASES[row].told(tmp_path) == CASES[row].expected


@pytest.mark.parametrize("row", ["P17 FIN", "P19 P20 silence", "P31 a login page"])
def test_the_next_run_does_not_repeat_it_either(row, tmp_path):
    CASES[row].told(tmp_path)
    nothing = replace(HELD, posts=(), seen=(0, 0, 0))
    assert Case(nothing).told(tmp_path) == nothing


def test_the_second_post_did_go_over_the_connection_of_the_first(tmp_path):
    """P21: otherwise the row would show nothing."""
    story = CASES["P21 a connection that is used again dies under the POST"].play(tmp_path)
    first, second = (exchange for exchange in story.service.seen if exchange.kind == "POST")
    assert first.sock is second.sock


def test_a_post_in_the_air_is_waited_for_when_the_run_is_interrupted(tmp_path):
    """P56: what is answered within the grace is no unknown outcome."""
    running = replace(UNSEEN, seen=(1, 0, 0), attempts=(("running", 40),), jobs=(("running", None),))
    expected = replace(running, books=(0, 40, 0), code=130)
    assert Case(expected, [interrupting(accept)]).told(tmp_path) == expected


def test_an_acceptance_that_cannot_be_committed_ends_the_run_and_shows_the_id(tmp_path):
    """P55: no further POST leaves, and the next run finds an unknown outcome, not a free job."""
    expected = replace(
        UNSEEN,
        seen=(1, 0, 0),
        attempts=(("submitting", 40),),
        jobs=(("submitting", None), ("pending", None)),
        books=(0, 40, 0),
        code=74,
    )
    story = Case(expected, [with_no_room_for_the_state(accept)], jobs=2).play(tmp_path)
    shown = [event.details["task_id"] for event in story.events if event.name is EventName.STOPPING]
    assert (story.account, shown) == (expected, ["task_1"])
    after = Case(HELD, [accept], jobs=2).play(tmp_path).account
    assert (after.attempts[0], after.jobs[0], after.seen[0]) == (("unknown", 40), ("unknown", "unknown"), 1)
