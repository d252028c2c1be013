"""What a run tells while it goes on."""

import json
from datetime import UTC, datetime

import pytest
from report_support import ESCAPES, acts, counts_of, glance_of

from runner.core.events import EventName, RunEvent
from runner.core.outcomes import ErrorClass
from runner.core.plan import Books
from runner.report.progress import FAILURES_A_MINUTE, Lines, json_line, names_a_lost_task

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
JOB = "0123456789abcdef01234567"
EVENTS = {
    "started": RunEvent(EventName.STARTED, None, {"name": "spring", "to_submit": 5, "to_follow": 2}),
    "fresh": RunEvent(EventName.STARTED, None, {"name": "spring", "to_submit": 5, "to_follow": 0}),
    "submitted": RunEvent(EventName.SUBMITTED, JOB, {"task_id": "t1", "credits": 40}),
    "refused": RunEvent(EventName.REFUSED, JOB, {"error": "too long", "error_class": ErrorClass.VALIDATION}),
    "unknown": RunEvent(EventName.UNKNOWN, JOB, {"error": "cut off"}),
    "completed": RunEvent(EventName.COMPLETED, JOB, {"task_id": "t1", "credits": 40}),
    "failed": RunEvent(EventName.FAILED, JOB, {"task_id": "t1", "error": "no luck", "credits": 40}),
    "file": RunEvent(EventName.FILE, JOB, {"path": "p/take-01.mp4", "bytes": 7}),
    "paused": RunEvent(EventName.PAUSED, None, {"seconds": 12.5}),
    "paused prompt": RunEvent(
        EventName.PAUSED, None, {"prompt_id": "rose", "reason": "moderation refused it"}
    ),
    "resumed": RunEvent(EventName.RESUMED),
    "stopping": RunEvent(EventName.STOPPING, None, {"signal": 2, "in_the_air": 3}),
    "nothing to wait for": RunEvent(EventName.STOPPING, None, {"signal": 2, "in_the_air": 0}),
    "guarded": RunEvent(EventName.STOPPING, JOB, {"reason": "the canary was refused"}),
    "lost": RunEvent(
        EventName.STOPPING, JOB, {"task_id": "t1", "error": "accepted, but could not be recorded"}
    ),
    "finished": RunEvent(EventName.FINISHED, None, {"exit_code": 0}),
}
LINES = {
    "started": "spring: 5 jobs to submit, 2 under way from before",
    "fresh": "spring: 5 jobs to submit",
    "refused": "0123456789ab  refused (validation): too long",
    "unknown": "0123456789ab  outcome unknown, its credits stay reserved: cut off",
    "failed": "0123456789ab  failed: no luck (40 credits)",
    "paused prompt": "prompt rose is paused: moderation refused it",
    "stopping": "stopping: waiting for 3 submissions in the air; again to stop at once",
    "nothing to wait for": "stopping: no submission is in the air; again to stop at once",
    "guarded": "0123456789ab  nothing more is submitted: the canary was refused",
    "lost": "0123456789ab  task t1 is paid for and could not be recorded: keep this line (accepted, but could not be recorded)",
}
MORE_LINES = {
    "completed": "0123456789ab  completed, 40 credits (1 in this run)",
    "paused": "waiting 12.5 s for the service's rate limit",
    "resumed": "going on",
    "submitted": "0123456789ab  submitted as t1",
    "file": "0123456789ab  saved p/take-01.mp4 (7 bytes)",
    "finished": "finished",
}


def lines_of(*events, verbose=False):
    written = []
    tell = Lines(written.append, verbose=verbose)
    for event in events:
        tell(event)
    return written


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_of_note_is_a_line(name):
    assert lines_of(EVENTS[name]) == ([LINES[name]] if name in LINES else [])


@pytest.mark.parametrize("name", EVENTS)
def test_to_the_curious_every_event_is_a_line(name):
    assert lines_of(EVENTS[name], verbose=True) == [(LINES | MORE_LINES)[name]]


def test_what_is_completed_is_counted():
    assert [line[-15:] for line in lines_of(*[EVENTS["completed"]] * 3, verbose=True)] == [
        f"({n} in this run)" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("name", EVENTS)
def test_nothing_that_a_server_or_a_manifest_says_acts_on_the_terminal(name):
    event = EVENTS[name]
    evil = {key: value if isinstance(value, int | float) else ESCAPES for key, value in event.details.items()}
    for line in lines_of(RunEvent(event.name, event.job_id, evil), verbose=True):
        assert (acts(line), "\n" in line, len(line) < 900) == (False, False, True)


LONG_PAUSE = RunEvent(EventName.PAUSED, None, {"seconds": 45.0})


def test_only_a_long_wait_is_of_note():
    events = [EVENTS["paused"], EVENTS["resumed"], LONG_PAUSE, EVENTS["resumed"], EVENTS["resumed"]]
    assert lines_of(*events[:2]) == []
    assert lines_of(*events[:4]) == ["waiting 45.0 s for the service's rate limit", "going on"]


def test_beside_a_panel_waits_have_no_line():
    written = []
    tell = Lines(written.append, beside_panel=True)
    for event in (LONG_PAUSE, EVENTS["resumed"], EVENTS["failed"]):
        tell(event)
    tell.minute(glance_of())
    assert written == [LINES["failed"]]


def test_a_flood_of_failures_is_counted_and_not_told():
    written = []
    tell = Lines(written.append)
    for _ in range(FAILURES_A_MINUTE + 990):
        tell(EVENTS["failed"])
    tell.end_minute()
    tell(EVENTS["failed"])
    tell.end_minute()
    more = "and 990 more failures within a minute: `runner jobs` lists them"
    assert written == [*[LINES["failed"]] * FAILURES_A_MINUTE, more, LINES["failed"]]


def test_to_the_curious_every_failure_is_told():
    assert len(lines_of(*[EVENTS["failed"]] * 500, verbose=True)) == 500


def test_once_a_minute_a_line_says_where_it_stands():
    written = []
    tell = Lines(written.append)
    tell.minute(glance_of(seconds=0.0))
    tell.minute(glance_of())
    assert written == [
        (
            "12 min: 1,204 of 2,001 done, 780 pending, 10 running, 4 fetching, 2 failed, 1 unknown, 1 overdue, "
            "48,160 spent, 560 reserved (40 unknown), 31,280 left of 80,000, 8.2 jobs a minute, 83 to 118 min left, "
            "waiting for rate limit, 12 s"
        )
    ]


def test_a_line_about_a_run_that_has_just_begun_says_only_what_is_known():
    written = []
    fresh = glance_of(
        seconds=60.0, jobs=counts_of(pending=3), books=Books(), per_minute=None, left=None, waiting=None
    )
    Lines(written.append).minute(fresh)
    assert written == ["60 s: 0 of 3 done, 3 pending, 0 spent, 0 reserved, no budget"]


def test_a_message_without_end_is_cut():
    event = RunEvent(EventName.FAILED, JOB, {"error": "x" * 10_000_000, "credits": 40})
    assert len(lines_of(event)[0]) < 300


def test_an_event_without_its_details_is_a_line_all_the_same():
    for name in EventName:
        assert len(lines_of(RunEvent(name), verbose=True)) == 1


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_one_json_object_a_line(name):
    event = EVENTS[name]
    line = json_line(event, AT)
    head = {"event": event.name.value, "at": "2026-01-02T03:04:05.678+00:00"}
    job = {} if event.job_id is None else {"job_id": event.job_id}
    assert ("\n" in line, json.loads(line)) == (False, head | job | dict(event.details))


def test_a_json_line_holds_what_was_said_and_nothing_of_it_acts():
    line = json_line(RunEvent(EventName.FAILED, JOB, {"error": ESCAPES}), AT)
    assert (acts(line), "\n" in line, json.loads(line)["error"]) == (False, False, ESCAPES)


@pytest.mark.parametrize("name", EVENTS)
def test_only_a_paid_task_that_is_not_recorded_must_be_seen_by_a_person(name):
    assert names_a_lost_task(EVENTS[name]) is (name == "lost")
