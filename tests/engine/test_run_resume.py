"""A run that finds what an earlier one left."""

from datetime import timedelta

import pytest
from engine_support import DONE, FAST, START, Service, asked, posted, run
from store_support import NOW, job_of, shop_at

from runner.core.model import AttemptOutcome, JobState, Limits, OnUnknown, Retries
from runner.core.outcomes import Completed, ErrorClass, Failed, NotSent, Running, TaskId, Unknown
from runner.core.task_times import TaskTimes
from runner.store import attempts, decisions, learned

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
RESUBMIT = Retries(on_unknown=OnUnknown.RESUBMIT)


@pytest.fixture
def six(state):
    with shop_at(state, *map(job_of, range(6)), budget=400) as opened:
        yield opened


def test_a_finished_batch_needs_no_request(shop):
    run(shop)
    story = run(shop)
    assert (story.service.calls, story.files.calls, story.events, story.seconds, story.code) == (
        [],
        [],
        [],
        0.0,
        0,
    )


def test_what_is_paid_for_is_asked_about_before_anything_is_submitted(six):
    for rank in (1, 3, 4):
        six.running(rank)
    story = run(six, Service(usual=[Running(), DONE]), limits=Limits(in_flight=4, requests_per_minute=60.0))
    kinds = [kind for _, kind, _ in story.service.calls]
    assert (sorted(story.service.polled[:3]), kinds[:3]) == (["t1", "t3", "t4"], ["GET"] * 3)
    assert (six.states(), six.books(), story.code) == ([FINISHED] * 6, (240, 0, 0), 0)


def test_tasks_of_an_earlier_run_hold_their_slots_whether_there_is_room_or_not(six):
    for rank in range(4):
        six.running(rank)
    usual = [Running(), Running(), DONE]
    story = run(six, Service(usual=usual), limits=Limits(in_flight=2, requests_per_minute=6000.0))
    ends = [
        at for at, kind, what in story.service.calls if kind == "GET" and what in {"t0", "t1", "t2", "t3"}
    ]
    assert (story.service.times("POST")[0] > sorted(ends)[-2], six.states()) == (True, [FINISHED] * 6)


def test_a_task_that_ended_long_ago_is_fetched_and_not_bought_again(shop):
    for rank in range(3):
        shop.running(rank)
    story = run(shop, utc_now=START + timedelta(days=30))
    assert (shop.states(), story.service.posted, story.code) == ([FINISHED] * 3, [], 0)


def test_what_was_being_fetched_is_fetched(shop):
    shop.fetching(0)
    story = run(shop, only={"mode": "fun"})
    assert (shop.states(), story.service.calls, story.code) == ([FINISHED, PENDING, PENDING], [], 0)


def test_a_job_that_finishes_at_the_first_question_is_fetched_once(shop):
    """It is running when it is found and fetching a moment later: one worker must do both."""
    for rank in range(3):
        shop.running(rank)
    story = run(shop)
    assert (len(story.files.fetched), story.ending.bugs, shop.states()) == (3, 0, [FINISHED] * 3)


def test_removed_jobs_that_were_paid_for_are_followed_to_their_end_and_others_not_submitted(shop):
    shop.running(0)
    shop.fetching(1)
    shop.enrol(job_of(7))
    story = run(shop)
    assert (shop.states(), story.service.posted, story.code) == (
        [FINISHED, FINISHED, PENDING, FINISHED],
        ["a fox, number 7"],
        0,
    )


def test_a_failure_of_a_removed_job_does_not_change_the_exit_code(shop):
    shop.running(0)
    shop.enrol(job_of(1))
    story = run(shop, Service(tasks={"t0": [Failed("no luck")]}))
    assert (shop.states(), story.code) == ([FAILED, FINISHED, PENDING], 0)


# a process that died


def test_what_a_dead_process_was_submitting_is_unknown_before_anything_else_happens(shop):
    shop.reserve(0)
    seen = []

    def look():
        seen.append((shop.states()[0], shop.books()))
        return posted(400, b"")

    story = run(shop, Service([look, look]))
    assert (seen[0], shop.states(), story.code) == ((UNKNOWN, (0, 120, 40)), [UNKNOWN, FAILED, FAILED], 4)


def test_an_unknown_job_is_held_run_after_run(shop):
    shop.reserve(0)
    codes = [run(shop).code for _ in range(3)]
    assert (codes, shop.states(), shop.books()) == ([4, 4, 4], [UNKNOWN, FINISHED, FINISHED], (80, 40, 40))


def test_a_policy_may_pay_again_for_what_a_dead_process_left(shop):
    shop.budget(160)
    shop.reserve(0)
    story = run(shop, retries=RESUBMIT)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FINISHED] * 3,
        (160, 0, 0),
        3,
        0,
    )


def test_a_policy_pays_again_only_within_the_budget(shop):
    shop.reserve(0)
    story = run(shop, retries=RESUBMIT, limits=Limits(in_flight=1))
    assert (shop.states(), shop.books(), story.code) == ([FINISHED, FINISHED, PENDING], (120, 0, 0), 3)


def test_a_policy_pays_again_for_what_becomes_unknown_in_this_run(shop):
    shop.budget(400)
    story = run(shop, Service([Unknown("cut off")]), retries=RESUBMIT)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FINISHED] * 3,
        (160, 0, 0),
        4,
        0,
    )


def test_a_policy_does_not_pay_again_while_a_task_may_still_be_found(shop):
    shop.do(attempts.lose_sight, shop.reserve(0).attempt, "cut off", TaskId("maybe"))
    lost = asked(404, {"code": 404, "message": "no"}, "maybe")
    story = run(shop, Service(tasks={"maybe": [lost]}), retries=RESUBMIT)
    assert (shop.states(), story.code) == ([UNKNOWN, FINISHED, FINISHED], 4)


def test_a_policy_does_not_pay_again_for_removed_jobs(shop):
    shop.reserve(0)
    shop.enrol(job_of(1))
    story = run(shop, retries=RESUBMIT)
    assert (shop.states(), story.service.posted) == ([UNKNOWN, FINISHED, PENDING], ["a fox, number 1"])


def test_a_policy_that_meets_nothing_but_unknown_outcomes_stops_after_three(shop):
    shop.budget(4000)
    story = run(shop, Service([Unknown("cut off")] * 99), retries=RESUBMIT, limits=Limits(in_flight=1))
    assert (len(story.service.posted), shop.states().count(UNKNOWN), story.code) == (3, 1, 5)


def test_a_task_of_an_earlier_run_that_failed_is_made_again_once_by_one_worker(six):
    six.running(4)
    service = Service(tasks={"t4": [Failed("boom", charged=0)]})
    story = run(six, service, retries=Retries(regenerate_failed=1), limits=FAST)
    assert (six.states(), six.books(), story.ending.bugs, story.code) == ([FINISHED] * 6, (240, 0, 0), 0, 0)


# a try that never left


def test_a_job_that_never_leaves_while_others_do_is_given_up_after_its_tries(six):
    stuck = "a fox, number 0"

    class Picky(Service):
        async def submit(self, request):
            if request.prompt == stuck:
                self.posts.insert(0, NotSent("no route"))
            return await super().submit(request)

    slow = [Running()] * 20 + [DONE]
    story = run(six, Picky(usual=slow), limits=Limits(in_flight=3, requests_per_minute=6000.0))
    tries = story.service.posted.count(stuck)  # those before the first answer to anybody do not count
    assert (3 <= tries <= 6, six.states(), story.code) == (True, [PENDING] + [FINISHED] * 5, 1)
    assert six.rows("SELECT count(*), sum(credits) FROM attempt WHERE job = 1") == [(tries, 0)]


def test_the_tries_are_those_of_the_manifest_and_begin_anew_at_the_next_run(six):
    class Picky(Service):
        async def submit(self, request):
            if request.prompt == "a fox, number 0":
                self.posts.insert(0, NotSent("no route"))
            return await super().submit(request)

    for done in (1, 2):
        slow = Picky(usual=[Running()] * 20 + [DONE])
        story = run(six, slow, retries=Retries(attempts=1), limits=FAST, submissions=2)
        tries = story.service.posted.count("a fox, number 0")
        assert (1 <= tries <= 3, six.states()[0], six.states().count(FINISHED)) == (True, PENDING, done)


def test_while_nobody_reaches_the_service_no_try_is_used_up(shop):
    story = run(shop, Service([NotSent("no route")] * 30), retries=Retries(attempts=1))
    assert (shop.states(), story.code) == ([FINISHED] * 3, 0)


def test_a_service_that_nobody_reaches_is_given_up_after_ten_minutes(shop):
    story = run(shop, Service([NotSent("no route")] * 9999))
    assert (shop.states(), shop.books(), story.code) == ([PENDING] * 3, (0, 0, 0), 5)
    assert (600.0 <= story.seconds <= 700.0, story.ending.service) == (
        True,
        "the service could not be reached for 10 minutes: no route; check the network, and run it again",
    )


def test_tries_that_never_left_come_further_and_further_apart(shop):
    story = run(shop, Service([NotSent("no route")] * 9999), limits=Limits(in_flight=1))
    assert len(story.service.posted) < 60


# a state that a person has touched


def test_a_job_that_was_put_back_is_paid_for_again(shop):
    run(shop, Service([posted(400, b"")], tasks={"task-2": [Failed("boom")]}))
    for rank in (0, 1):
        shop.do(decisions.retry, shop.job(rank).pk)
    shop.budget(400)
    story = run(shop)
    assert (shop.states(), shop.books(), len(story.service.posted), story.code) == (
        [FINISHED] * 3,
        (160, 0, 0),
        2,
        0,
    )


def test_a_job_with_settled_attempts_of_every_kind_goes_on(shop):
    for outcome in (AttemptOutcome.NOT_SENT, AttemptOutcome.REFUSED):
        shop.do(attempts.give_back, shop.reserve(0).attempt, outcome, "no", NOW)
    shop.do(attempts.fail, shop.running(0), 0, "no", ErrorClass.SERVICE, NOW)
    shop.do(decisions.retry, 1)
    run(shop, Service(usual=[Completed(DONE.urls, 40)]))
    assert (shop.states(), shop.books()) == ([FINISHED] * 3, (120, 0, 0))


def test_the_service_that_a_batch_is_paid_at_is_pinned_by_its_first_post(shop):
    before = shop.batch().api_origin
    run(shop, submissions=0, origin="https://api.example")
    untouched = shop.batch().api_origin
    run(shop, origin="https://api.example")
    assert (before, untouched, shop.batch().api_origin) == (None, None, "https://api.example")


def test_how_long_tasks_take_is_known_to_the_next_run(shop):
    run(shop, Service(usual=[Running()] * 60 + [DONE]), limits=FAST)
    kept = shop.do(learned.task_times, None)
    with shop_at(shop.path.with_name("other.db"), job_of(0), budget=None) as other:
        other.do(learned.keep_task_times, None, {"normal": times_around(500.0).weights})
        story = run(other, Service(usual=[DONE]), limits=FAST)
    assert (list(kept), story.service.times("GET")[0] > 100.0) == (["normal"], True)


def times_around(seconds):
    times = TaskTimes()
    for _ in range(60):
        times.ended(0.95 * seconds, 1.05 * seconds)
    return times


def test_earlier_tasks_that_fail_for_nothing_after_one_that_cost_are_all_paid_for_again_as_far_as_they_fit(
    six,
):
    """The first finds no room, which ends submission; those after it make the room, and the first gets its share."""
    six.budget(120)
    for rank in range(3):
        six.running(rank)
    service = Service(
        tasks={
            "t0": [Failed("no luck", charged=40)],
            "t1": [Running(), Running(), Failed("no luck", charged=0)],
            "t2": [Running(), Running(), Failed("no luck", charged=0)],
        }
    )
    story = run(six, service, retries=Retries(regenerate_failed=1), fit=True)
    assert (six.states(), six.books(), story.code) == (
        [FINISHED, FINISHED, PENDING, PENDING, PENDING, PENDING],
        (120, 0, 0),
        0,
    )
