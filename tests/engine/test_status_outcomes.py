"""Every kind of answer to a status question: what is booked, what is asked again, and when the run gives up."""

import asyncio
import logging
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from clock import in_virtual_time
from engine_support import DONE, FAST, START, Files, Service, asked, run
from store_support import job_of, shop_at

from runner.core.events import EventName
from runner.core.model import JobState, Limits, Retries
from runner.core.outcomes import (
    Completed,
    Echo,
    Failed,
    NotFound,
    NothingLearned,
    Refused,
    Running,
    TaskId,
    Throttled,
)
from runner.engine.context import Context
from runner.engine.ports import Orders, Ports
from runner.store import decisions

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
URL = "https://cdn/1.mp4"
AWAY = NothingLearned("no route", reached=False)


def task(status, **more):
    return asked(200, {"code": 200, "data": {"task_id": "task-1", "status": status, **more}})


def trouble_of(shop):
    return shop.rows("SELECT error_class, error, overdue FROM job ORDER BY rank")


@pytest.fixture
def one(state):
    """A batch of a single job."""
    with shop_at(state, job_of(0), budget=40) as opened:
        yield opened


# done


@pytest.mark.parametrize(
    ("said", "spent"),
    [
        ({"consumed_credits": 40}, 40),
        ({"consumed_credits": "40"}, 40),
        ({"consumed_credit": 30}, 30),
        ({"consumed_credits": 55}, 55),
        ({"consumed_credits": 0}, 40),
        ({}, 40),
        ({"consumed_credits": -5}, 40),
        ({"consumed_credits": "much"}, 40),
        ({"consumed_credits": 10, "consumed_credit": 20}, 40),
    ],
)
def test_a_finished_task_is_booked_at_what_is_reported_or_at_its_price(one, said, spent):
    story = run(one, Service(usual=[task("completed", response=[URL], **said)]))
    assert (one.states(), one.books(), story.code) == ([FINISHED], (spent, 0, 0), 0)


@pytest.mark.parametrize("response", [[URL], f'["{URL}"]', URL, [{"url": URL}], [URL, URL]])
def test_its_file_is_found_in_whatever_form_it_is_named(one, response):
    story = run(one, Service(usual=[task("SUCCESS", response=response)]))
    assert (story.files.fetched, story.files.placed) == ([URL], ["p0/take-01.mp4"])


def test_several_files_are_all_fetched_and_numbered(one):
    story = run(one, Service(usual=[task("done", response=["https://cdn/a", "https://cdn/b"])]))
    assert (story.files.placed, one.states()) == (["p0/take-01-1.mp4", "p0/take-01-2.mp4"], [FINISHED])


def test_done_without_a_file_is_asked_eight_times_within_a_minute_and_then_failed_and_spent(one):
    story = run(one, Service(usual=[task("completed", response=None, consumed_credits=0)]))
    assert (one.states(), one.books(), len(story.service.polled), story.code) == ([FAILED], (40, 0, 0), 8, 1)
    times = story.service.times("GET")
    assert (times[-1] - times[0] <= 60.0, trouble_of(one)[0][0]) == (True, "no_output")


def test_a_file_that_comes_a_little_later_is_fetched(one):
    empty = task("completed", response=[])
    story = run(one, Service(usual=[empty] * 7 + [DONE]))
    assert (one.states(), len(story.service.polled), story.code) == ([FINISHED], 8, 0)


# failed


@pytest.mark.parametrize(
    ("said", "spent"),
    [({}, 40), ({"consumed_credits": 0}, 0), ({"consumed_credits": 15}, 15), ({"consumed_credits": 90}, 90)],
)
def test_a_failed_task_is_spent_unless_nothing_is_reported_as_charged(one, said, spent):
    story = run(one, Service(usual=[task("failed", error_message="no luck", **said)]))
    assert (one.states(), one.books(), len(story.service.posted), story.code) == (
        [FAILED],
        (spent, 0, 0),
        1,
        1,
    )
    assert (trouble_of(one), story.files.calls) == ([("service", "no luck", 0)], [])


@pytest.mark.parametrize(
    ("message", "kind"),
    [("flagged by moderation", "moderation"), ("mode is not supported", "validation"), ("boom", "service")],
)
def test_a_failure_is_shown_with_its_class_and_told(one, message, kind):
    story = run(one, Service(usual=[task("failed", error_message=message)]))
    (event,) = story.told(EventName.FAILED)
    assert event.details == {"task_id": "task-1", "error": message, "error_class": kind, "credits": 40}


# still running


@pytest.mark.parametrize("status", ["processing", "in queue", None, "", "moderating", 7, ["completed"]])
def test_every_other_word_and_none_is_still_running(one, status):
    story = run(one, Service(usual=[task(status, request={"prompt": "a fox, number 0"}), DONE]))
    assert (one.states(), len(story.service.polled), story.code) == ([FINISHED], 2, 0)


def test_a_word_that_nobody_knows_is_logged_once(shop, caplog):
    odd = Running("mode\x1b[31mrating")
    with caplog.at_level(logging.WARNING):
        run(shop, Service(usual=[odd, odd, odd, Running("napping"), DONE]))
    assert [record.getMessage() for record in caplog.records] == [
        "the service calls a task 'mode\\\\x1b[31mrating', which is taken as running",
        "the service calls a task 'napping', which is taken as running",
    ]


def test_a_service_that_invents_words_without_end_fills_no_log(one, caplog):
    with caplog.at_level(logging.WARNING):
        run(one, Service(usual=[*(Running(f"word {number}") for number in range(50)), DONE]))
    assert len(caplog.records) == 20


@pytest.mark.parametrize(
    "nothing",
    [
        asked(500, b""),
        asked(502, b"<html>"),
        asked(200, b"{"),
        asked(200, {"code": 200, "data": {}}),
        asked(200, {"code": 777, "message": "hm"}),
        asked(400, {"code": 400, "message": "hm"}),
        asked(200, {"code": 200, "data": {"task_id": "other", "status": "failed"}}),
        AWAY,
        Throttled("wait", 3.0),
    ],
)
def test_an_answer_that_says_nothing_changes_nothing_and_is_asked_for_again(one, nothing):
    story = run(one, Service(usual=[nothing, nothing, nothing, DONE]))
    assert (one.states(), one.books(), len(story.service.polled), story.code) == (
        [FINISHED],
        (40, 0, 0),
        4,
        0,
    )


def test_questions_without_an_answer_are_asked_less_and_less_often(one):
    story = run(one, Service(usual=[asked(500, b"")] * 9 + [DONE]))
    times = story.service.times("GET")
    gaps = [after - before for before, after in pairwise(times)]
    assert (max(gaps) == gaps[-1] > 25.0, min(gaps) >= 1.0) == (True, True)


# not known


def test_a_task_that_is_not_known_at_first_is_waited_for(one):
    at_first = [NotFound("no such task")] * 10
    story = run(one, Service(usual=[*at_first, DONE]))
    assert (one.states(), trouble_of(one), story.code) == ([FINISHED], [(None, None, 0)], 0)
    assert story.seconds < 120.0


def test_a_task_that_is_not_known_for_two_minutes_is_reported_kept_and_still_reserved(one):
    story = run(one, Service(usual=[NotFound("no such task")]))
    assert (one.states(), one.books(), story.code) == ([RUNNING], (0, 40, 0), 4)
    assert trouble_of(one) == [("lost", "the service does not know the task: no such task", 1)]
    assert 120.0 <= story.seconds < 180.0


def test_a_lost_task_that_comes_back_at_a_later_run_is_fetched(one):
    run(one, Service(usual=[NotFound("no such task")]))
    story = run(one, utc_now=START + timedelta(hours=1))
    assert (one.states(), trouble_of(one), story.service.posted, story.code) == (
        [FINISHED],
        [(None, None, 0)],
        [],
        0,
    )


# refused


@pytest.mark.parametrize("status", [401, 402, 403, 405, 301, 307])
def test_a_question_that_is_refused_stops_all_calls_and_the_tasks_stay(shop, status):
    refused = asked(status, {"code": status, "message": "no"})
    limits = Limits(in_flight=2, requests_per_minute=6000.0)
    story = run(shop, Service(usual=[refused]), limits=limits)
    assert (shop.states(), shop.books(), story.code) == ([RUNNING, RUNNING, PENDING], (0, 80, 0), 5)
    assert len(story.service.polled) <= 2


def test_nobody_asks_any_more_once_a_question_was_refused(shop):
    """Not even whoever was let through in the very moment of that answer."""
    service = Service(usual=[asked(401, {"code": 401, "message": "no"})])

    async def ask():
        ports = Ports(shop.writer, service, Files(), lambda _: None, lambda: START, Random(7))
        ctx = Context.of(Orders(shop.pk, FAST, Retries()), ports)
        first = await ctx.ask_at_once(TaskId("task-1"))
        return first, await ctx.ask_at_once(TaskId("task-2")), ctx.halt.service

    first, second, reason = in_virtual_time(ask)
    assert (type(first), type(second), reason) == (Refused, NothingLearned, first.message)
    assert service.polled == ["task-1"]


def test_a_refused_question_about_an_earlier_task_lets_nothing_new_out(shop):
    shop.running(0)
    story = run(shop, Service(usual=[asked(401, {"code": 401, "message": "no"})]))
    assert (shop.states(), story.service.posted, story.code) == ([RUNNING, PENDING, PENDING], [], 5)


# unreachable


def test_a_service_that_cannot_be_reached_is_waited_for_ten_minutes(one):
    story = run(one, Service(usual=[AWAY]))
    assert (one.states(), one.books(), story.code) == ([RUNNING], (0, 40, 0), 5)
    assert (600.0 <= story.seconds < 700.0, story.ending.service) == (
        True,
        "the service could not be reached for 10 minutes: no route; check the network, and run it again",
    )


def test_one_answer_in_between_begins_the_ten_minutes_anew(one):
    answers = [AWAY] * 20 + [Running()] + [AWAY] * 18 + [DONE]
    story = run(one, Service(usual=answers))
    assert (one.states(), story.seconds > 700.0, story.code) == ([FINISHED], True, 0)


# another request


@pytest.mark.parametrize(
    "echo", [Echo("a cow", "normal"), Echo("a fox, number 0", "fun"), Echo(None, "spicy"), Echo("", None)]
)
@pytest.mark.parametrize("kind", ["done", "failed", "running"])
def test_a_task_that_shows_another_request_is_kept_running_and_reported(one, echo, kind):
    answer = {
        "done": Completed((URL,), 40, echo),
        "failed": Failed("no", echo=echo),
        "running": Running(None, echo),
    }
    story = run(one, Service(usual=[answer[kind]]))
    assert (one.states(), one.books(), story.code, story.files.calls) == ([RUNNING], (0, 40, 0), 4, [])
    ((error_class, error, overdue),) = trouble_of(one)
    named = f"--task-id {job_of(0).job_id}=task-1` accepts it"
    assert (error_class, named in error, overdue) == ("service", True, 1)


@pytest.mark.parametrize("echo", [Echo(" a  fox,\nnumber 0 ", "normal"), Echo(None, None)])
def test_blanks_make_no_other_request(one, echo):
    run(one, Service(usual=[Completed((URL,), 40, echo)]))
    assert one.states() == [FINISHED]


def test_a_request_is_compared_whatever_the_form_of_its_letters(state):
    with shop_at(state, job_of(0, prompt="un caf\u00e9"), budget=40) as shop:
        run(shop, Service(usual=[Completed((URL,), 40, Echo("un cafe\u0301", "normal"))]))
        assert shop.states() == [FINISHED]


def test_a_task_that_a_person_accepted_is_fetched_whatever_it_shows(one):
    other = Service(usual=[Completed((URL,), 40, Echo("a cow", "fun"))])
    run(one, other)
    one.do(decisions.attach, [(one.job(0).pk, TaskId("task-1"))])
    story = run(one, Service(usual=other.usual))
    assert (one.states(), trouble_of(one), story.code) == ([FINISHED], [(None, None, 0)], 0)


# overdue


def done_at(moment):
    """What the service says of a task that is done at that moment of the loop's clock."""
    return lambda: DONE if asyncio.get_running_loop().time() >= moment else Running()


HASTY = Limits(in_flight=1, requests_per_minute=6000.0, task_deadline_s=60.0)


def test_a_task_past_its_deadline_gives_its_slot_back_and_is_not_dropped(shop):
    story = run(shop, Service(tasks={"task-1": [Running()]}), limits=HASTY)
    assert (shop.states(), shop.books(), story.code) == ([RUNNING, FINISHED, FINISHED], (80, 40, 0), 4)
    assert trouble_of(shop)[0] == (None, "not finished within its deadline", 1)
    assert story.service.times("POST")[1] >= 60.0


def test_a_task_of_an_earlier_run_is_asked_three_times_before_it_is_overdue(one):
    one.running(0)
    story = run(one, Service(usual=[Running()]), limits=HASTY, utc_now=START + timedelta(days=7))
    assert (len(story.service.polled), story.code) == (3, 4)


def test_an_overdue_task_that_ends_while_others_are_at_work_is_fetched(shop):
    service = Service(tasks={"task-1": [done_at(150.0)], "task-2": [done_at(190.0)]})
    limits = Limits(in_flight=1, requests_per_minute=6000.0, task_deadline_s=100.0)
    story = run(shop, service, limits=limits)
    assert (shop.states()[0], trouble_of(shop)[0]) == (FINISHED, (None, None, 0))
    assert (max(story.service.company), story.service.times("POST")[1] > 100.0) == (1, True)


def test_an_overdue_task_is_asked_about_slowly(shop):
    long = Service(tasks={"task-1": [Running()], "task-2": [done_at(590.0)]})
    limits = Limits(in_flight=1, requests_per_minute=6000.0, task_deadline_s=300.0)
    run(shop, long, limits=limits)
    late = [at for at, kind, what in long.calls if kind == "GET" and what == "task-1" and at > 330.0]
    gaps = {round(after - before) for before, after in pairwise(late)}
    assert (len(late) > 2, gaps) == (True, {60})


def test_an_overdue_task_that_is_done_at_the_next_run_ends_well(one):
    run(one, Service(usual=[Running()]), limits=HASTY)
    story = run(one, utc_now=START + timedelta(days=1))
    assert (one.states(), one.books(), trouble_of(one), story.code) == (
        [FINISHED],
        (40, 0, 0),
        [(None, None, 0)],
        0,
    )


def test_a_run_does_not_wait_for_ever_for_a_service_that_only_ever_says_500(one):
    story = run(one, Service(usual=[asked(500, b"")]), limits=HASTY)
    assert (one.states(), one.books(), story.code) == ([RUNNING], (0, 40, 0), 4)


def test_a_deadline_says_nothing_while_nobody_answers(one):
    story = run(one, Service(usual=[AWAY] * 8 + [DONE]), limits=HASTY)
    assert (one.states(), story.seconds > 60.0, story.code) == ([FINISHED], True, 0)


# a policy that pays again


def test_a_task_that_the_service_failed_is_made_again_where_the_manifest_says_so(shop):
    failing = Failed("boom", charged=0)
    service = Service(tasks={"task-1": [failing], "task-4": [failing]})
    story = run(shop, service, retries=Retries(regenerate_failed=2), limits=FAST)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FINISHED] * 3,
        (120, 0, 0),
        5,
        0,
    )


def test_it_is_made_again_no_more_often_than_the_manifest_says(one):
    one.budget(400)
    story = run(one, Service(usual=[Failed("boom")]), retries=Retries(regenerate_failed=2))
    assert (one.states(), one.books(), len(story.service.posted), story.code) == ([FAILED], (120, 0, 0), 3, 1)
