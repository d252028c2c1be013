"""Why, and how far, a run stops."""

import pytest

from runner.engine.halt import Halt


def depth(halt):
    return halt.is_closed, halt.quiet.is_set(), halt.no_downloads.is_set(), halt.stopped.is_set()


REASONS = {
    "nothing": (lambda halt: None, (False, False, False, False)),
    "the deadline": (lambda halt: halt.enough(), (True, True, False, False)),
    "no room": (lambda halt: halt.budget_reached(), (True, False, False, False)),
    "refused": (lambda halt: halt.service_refuses("no"), (True, True, False, False)),
    "refused altogether": (
        lambda halt: halt.service_refuses("no", all_calls=True),
        (True, True, False, True),
    ),
    "the disk": (lambda halt: halt.disk_refuses("full"), (True, True, True, False)),
    "the state": (lambda halt: halt.state_failed("full"), (True, True, True, True)),
    "a signal": (lambda halt: halt.interrupted(2), (True, True, True, True)),
    "failures": (lambda halt: halt.allow_failures(1, 1, 0), (True, True, False, False)),
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_stops_a_run_as_far_as_it_must(reason):
    halt = Halt()
    happen, expected = REASONS[reason]
    happen(halt)
    assert depth(halt) == expected


def test_only_the_first_reason_of_a_kind_counts():
    halt = Halt()
    for word in ("first", "second"):
        halt.service_refuses(word)
        halt.disk_refuses(word)
        halt.state_failed(word)
    for number in (2, 15):
        halt.interrupted(number)
    assert (halt.service, halt.disk, halt.state, halt.signal) == ("first", "first", "first", 2)


def test_a_budget_that_has_room_again_opens_the_door_but_not_one_that_was_shut_for_good():
    halt = Halt()
    halt.budget_reached()
    halt.budget_has_room()
    opened = halt.is_closed
    halt.enough()
    halt.budget_reached()
    halt.budget_has_room()
    assert (opened, halt.is_closed) == (False, True)


def test_those_who_wait_are_told_once():
    told = []
    halt = Halt(lambda: told.append("closed"))
    halt.enough()
    halt.service_refuses("no")
    halt.interrupted(2)
    assert told == ["closed"]


@pytest.mark.parametrize(
    ("answers", "stops"), [("uuu", True), ("uu", False), ("uuauu", False), ("uuauuu", True), ("aaaa", False)]
)
def test_three_unknown_outcomes_in_a_row_stop_submission(answers, stops):
    halt = Halt()
    for answer in answers:
        halt.post_answered(unknown=answer == "u")
    assert (halt.service is not None, halt.stopped.is_set()) == (stops, False)


@pytest.mark.parametrize(
    ("moments", "stops"),
    [([0, 599], False), ([0, 600], True), ([0, 300, 599], False), ([100, 600], False), ([100, 700], True)],
)
def test_ten_minutes_without_an_answer_stop_everything(moments, stops):
    halt = Halt()
    for moment in moments:
        halt.unreached(moment, "no route")
    assert (halt.service is not None, halt.stopped.is_set()) == (stops, stops)


def test_an_answer_begins_the_ten_minutes_anew():
    halt = Halt()
    halt.unreached(0, "no route")
    halt.reached()
    halt.unreached(700, "no route")
    assert (halt.service, halt.answers) == (None, 1)


@pytest.mark.parametrize(
    ("most", "known", "more", "stops"), [(3, 0, 2, False), (3, 1, 2, True), (3, 3, 0, True), (3, 0, 5, True)]
)
def test_as_many_failures_as_allowed_end_submission(most, known, more, stops):
    halt = Halt()
    halt.allow_failures(most, known, 0)
    for _ in range(more):
        halt.job_failed()
    assert (halt.failures is not None, halt.quiet.is_set()) == (stops, stops)


def test_failures_are_only_counted_where_they_are_limited():
    halt = Halt()
    for _ in range(99):
        halt.job_failed()
    assert depth(halt) == (False, False, False, False)
