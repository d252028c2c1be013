"""How much a run does: slots, rates, the canary, and the bounds that a person sets."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from engine_support import DONE, NO_LUCK, START, Service, posted, run, with_images
from store_support import NOW, job_of, raw, shop_at

from runner.core.events import EventName
from runner.core.model import AttemptOutcome, FailureCap, JobState, Limits, Retries
from runner.core.outcomes import (
    Announcement,
    Completed,
    Failed,
    NotSent,
    Running,
    Throttled,
)
from runner.store import attempts

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
WAIT = Throttled("wait", 30.0)


@pytest.fixture
def many(state):
    """Twelve jobs and a budget for all of them."""
    with shop_at(state, *map(job_of, range(12)), budget=480) as opened:
        yield opened


def most_in_any(times, seconds):
    return max(sum(start <= time < start + seconds for time in times) for start in times)


# slots and rates


@pytest.mark.parametrize("in_flight", [1, 3, 12])
def test_no_more_tasks_are_under_way_than_slots_and_all_are_used(many, in_flight):
    service = Service(usual=[Running(), Running(), DONE])
    story = run(many, service, limits=Limits(in_flight=in_flight, requests_per_minute=6000.0))
    assert (max(service.company) + 1, many.states(), story.code) == (in_flight, [FINISHED] * 12, 0)


@pytest.mark.parametrize("after_s", [None, 1.0])
def test_a_cap_on_running_tasks_that_the_service_does_not_name_is_left_alone(state, after_s):
    """5 may run, the manifest allows 30, and requests are plentiful."""
    running, refused, took_s = {}, [], 20.0

    class Capped(Service):
        async def submit(self, request):
            now = asyncio.get_running_loop().time()
            if sum(end > now for end in running.values()) >= 5:
                refused.append(now)
                await asyncio.sleep(self.post_s)
                return Throttled("too many tasks", after_s, Announcement(500, 60.0))
            running[f"task-{self.numbered + 1}"] = now + took_s
            return await super().submit(request)

        async def status(self, task_id):
            ending = DONE if asyncio.get_running_loop().time() >= running[task_id] else Running()
            self.tasks[task_id] = [ending]
            return await super().status(task_id)

    limits = Limits(in_flight=30, requests_per_minute=600.0, canary=False)
    with shop_at(state, *map(job_of, range(200)), budget=8000) as shop:
        story = run(shop, Capped(), limits=limits)
        assert (shop.states(), shop.books(), story.code) == ([FINISHED] * 200, (8000, 0, 0), 0)
    assert len(refused) <= 30
    assert story.seconds <= 1.2 * 200 / 5 * took_s


def test_jobs_are_submitted_in_their_order(many):
    story = run(many, limits=Limits(in_flight=2, requests_per_minute=6000.0))
    assert story.service.posted == [f"a fox, number {rank}" for rank in range(12)]


def test_a_minute_never_sees_more_requests_than_allowed(many):
    story = run(many, Service(usual=[Running()] * 5 + [DONE]), limits=Limits(requests_per_minute=20.0))
    assert (most_in_any([at for at, *_ in story.service.calls], 60.0) <= 20, story.code) == (True, 0)


def test_an_hour_never_sees_more_submissions_than_allowed_and_polls_go_on(many):
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=5.0)
    story = run(many, limits=limits)
    assert (most_in_any(story.service.times("POST"), 3600.0), many.states()) == (5, [FINISHED] * 12)
    assert story.told(EventName.PAUSED) != []


def test_the_announced_remainder_is_respected(many):
    spent = Announcement(remaining=0, reset_after_s=40.0)
    story = run(
        many, Service(usual=[Completed(DONE.urls, DONE.charged, limits=spent)]), limits=Limits(in_flight=1)
    )
    posts = story.service.times("POST")
    assert min(after - before for before, after in pairwise(posts)) >= 40.0


def test_what_an_earlier_run_submitted_within_the_hour_counts(many):
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=5.0)
    run(many, Service(), limits=limits, submissions=4)
    later = START + timedelta(minutes=10)
    story = run(many, limits=limits, utc_now=later, submissions=3)
    first = [at + 600.0 for at in story.service.times("POST")]
    assert (len(first), sum(at < 3600.0 for at in first)) == (3, 1)


def test_what_an_earlier_run_submitted_long_ago_does_not_count(many):
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=5.0)
    run(many, limits=limits, submissions=5)
    story = run(many, limits=limits, utc_now=START + timedelta(hours=2), submissions=1)
    assert story.seconds < 10.0


def test_what_another_batch_submitted_to_the_same_service_counts_too(many):
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=2.0)
    with shop_at(many.path, job_of(0), job_of(1), name="autumn") as other:
        run(other, limits=limits, origin="https://api.example")
    story = run(many, limits=limits, origin="https://api.example", submissions=1)
    elsewhere = run(many, limits=limits, origin="https://other.example", submissions=1)
    assert (story.seconds > 1700.0, elsewhere.seconds < 10.0) == (True, True)


def test_a_wall_clock_that_jumped_back_makes_a_run_wait_at_most_its_hour(many):
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=2.0)
    run(many, limits=limits, submissions=2)
    story = run(many, limits=limits, utc_now=START - timedelta(days=365), submissions=1)
    assert (1700.0 < story.seconds < 3700.0, story.code) == (True, 0)


def test_what_was_never_sent_does_not_count_as_a_submission_of_the_hour(many):
    for rank in range(2):
        many.do(attempts.give_back, many.reserve(rank).attempt, AttemptOutcome.NOT_SENT, "no", NOW)
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=2.0)
    assert run(many, limits=limits, submissions=1).seconds < 10.0


# --limit


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_a_run_submits_no_more_than_it_was_asked_to_and_ends_well(many, limit):
    story = run(many, submissions=limit)
    assert (len(story.service.posted), many.states(), story.code) == (
        limit,
        [FINISHED] * limit + [PENDING] * (12 - limit),
        0,
    )


def test_a_passing_refusal_does_not_use_up_the_limit(many):
    """Ten workers stand by; the one that was refused must still get its turn."""
    story = run(many, Service([WAIT, WAIT]), submissions=1)
    assert (len(story.service.posted), many.states()[:2], story.code) == (3, [FINISHED, PENDING], 0)


def test_what_was_not_sent_does_not_use_up_the_limit(many):
    story = run(many, Service([NotSent("no route")]), submissions=1)
    assert (many.states().count(FINISHED), story.code) == (1, 0)


def test_a_job_that_failed_used_up_one_of_the_limit(many):
    story = run(many, Service([posted(400, b"")]), submissions=2)
    assert (many.states()[:3], len(story.service.posted), story.code) == ([FAILED, FINISHED, PENDING], 2, 1)


def test_a_regeneration_uses_up_one_of_the_limit_too(many):
    service = Service(usual=[Failed("boom")])
    story = run(many, service, submissions=2, retries=Retries(regenerate_failed=5))
    assert len(story.service.posted) == 2


def test_a_batch_of_canaries_keeps_the_limit(state):
    with shop_at(state, *map(with_images, range(30))) as shop:
        assert len(run(shop, submissions=2).service.posted) == 2


# --only, --deadline


def test_only_what_is_asked_for_is_submitted_and_counted(state):
    with shop_at(state, *map(with_images, range(6))) as shop:
        story = run(shop, only={"mode": "fun"})
        assert (shop.states(), story.code) == ([PENDING, FINISHED] * 3, 0)


def test_after_the_deadline_nothing_new_is_submitted_and_what_runs_is_finished(many):
    service = Service(usual=[Running()] * 80 + [DONE])
    limits = Limits(in_flight=2, requests_per_minute=6000.0)
    story = run(many, service, limits=limits, stop_submitting_after_s=5.0)
    assert (many.states(), story.code) == ([FINISHED] * 2 + [PENDING] * 10, 0)
    assert story.seconds > 5.0


def test_a_deadline_ends_a_run_that_waits_for_its_hour(many):
    limits = Limits(requests_per_minute=600.0, submissions_per_hour=2.0)
    story = run(many, limits=limits, stop_submitting_after_s=60.0)
    assert (len(story.service.posted), story.seconds < 70.0, story.code) == (1, True, 0)


# the budget


def test_the_cap_ends_a_run_that_an_overcharge_brought_to_it(many):
    service = Service(tasks={"task-1": [Completed(DONE.urls, 400)]})
    story = run(many, service, limits=Limits(in_flight=1, requests_per_minute=6000.0))
    assert (many.states(), many.books(), story.code) == ([FINISHED] + [PENDING] * 11, (400, 0, 0), 3)


@pytest.mark.parametrize("in_flight", [1, 10])
def test_fit_sends_exactly_what_fits_and_no_more_however_often_it_is_repeated(many, in_flight):
    many.budget(200)
    limits = Limits(in_flight=in_flight, requests_per_minute=6000.0)
    stories = [run(many, limits=limits, fit=True) for _ in range(3)]
    assert [(len(story.service.posted), story.code) for story in stories] == [(5, 0), (0, 0), (0, 0)]
    assert (many.states(), many.books()) == ([FINISHED] * 5 + [PENDING] * 7, (200, 0, 0))


@pytest.mark.parametrize("trouble", [WAIT, NotSent("no route"), Throttled("later")])
def test_what_gives_its_credits_back_lets_as_much_in_again(many, trouble):
    """The others have already heard that there is no room when the credits come back."""
    many.budget(120)
    story = run(many, Service([trouble] * 3), fit=True)
    assert (many.states().count(FINISHED), many.books(), story.code) == (3, (120, 0, 0), 0)


def test_a_task_that_failed_free_of_charge_makes_room_for_another(many):
    many.budget(120)
    story = run(many, Service(tasks={"task-2": [NO_LUCK], "task-4": [NO_LUCK]}), fit=True)
    assert (many.states(), many.books(), story.code) == (
        [FINISHED, FAILED, FINISHED, FAILED, FINISHED] + [PENDING] * 7,
        (120, 0, 0),
        1,
    )


def test_a_canary_that_failed_free_of_charge_does_not_end_a_run_that_fits(state):
    with shop_at(state, *map(job_of, range(21)), budget=80) as shop:
        story = run(shop, Service(tasks={"task-1": [NO_LUCK]}), fit=True)
        assert (shop.states().count(FINISHED), shop.books(), story.code) == (2, (80, 0, 0), 1)


def test_without_room_from_the_start_nothing_is_sent(many):
    many.budget(39)
    story = run(many)
    assert (story.service.calls, many.books(), story.code) == ([], (0, 0, 0), 3)


# limits.max_failures


def capped(**cap):
    return Limits(in_flight=1, requests_per_minute=6000.0, max_failures=FailureCap(**cap))


def test_submission_ends_when_as_many_jobs_have_failed_as_the_manifest_allows(many):
    story = run(many, Service(usual=[NO_LUCK]), limits=capped(count=3))
    assert (many.states(), len(story.service.posted), story.code) == ([FAILED] * 3 + [PENDING] * 9, 3, 1)
    assert story.ending.failures == "3 jobs have failed, and limits.max_failures ends submission at 3"


def test_a_share_of_failed_jobs_is_one_of_all_jobs(many):
    story = run(many, Service([posted(400, b"")] * 12), limits=capped(share=0.25))
    assert (many.states().count(FAILED), len(story.service.posted), story.code) == (3, 3, 1)


def test_what_runs_is_finished_when_too_many_have_failed(many):
    slow = [Running()] * 20 + [DONE]
    service = Service(tasks={"task-1": [NO_LUCK], "task-3": [NO_LUCK], "task-4": slow})
    limits = Limits(in_flight=2, requests_per_minute=6000.0, max_failures=FailureCap(count=2))
    story = run(many, service, limits=limits)
    assert (many.states(), story.code) == ([FAILED, FINISHED] * 2 + [PENDING] * 8, 1)


def test_jobs_that_failed_in_earlier_runs_count(many):
    run(many, Service(usual=[NO_LUCK]), limits=capped(count=2))
    story = run(many, Service(usual=[NO_LUCK]), limits=capped(count=3))
    again = run(many, limits=capped(count=3))
    assert (len(story.service.posted), len(again.service.posted), again.code) == (1, 0, 1)


def test_a_job_that_was_made_again_and_came_is_no_failure(many):
    story = run(
        many,
        Service(tasks={"task-1": [NO_LUCK]}),
        limits=capped(count=1),
        retries=Retries(regenerate_failed=1),
    )
    assert (many.states(), story.ending.failures, story.code) == ([FINISHED] * 12, None, 0)


def test_failures_of_removed_jobs_do_not_count(many):
    many.running(0)
    many.do(raw("UPDATE job SET removed = 1 WHERE rank = 0"))
    story = run(many, Service(tasks={"t0": [NO_LUCK]}), limits=capped(count=1))
    assert (many.states(), story.ending.failures, story.code) == ([FAILED] + [FINISHED] * 11, None, 0)


def test_without_a_cap_every_job_is_tried(many):
    story = run(many, Service(usual=[NO_LUCK]))
    assert (many.states(), story.ending.failures, story.code) == ([FAILED] * 12, None, 1)


@pytest.mark.parametrize("in_flight", [1, 10])
def test_a_batch_that_fails_from_the_start_stops_exactly_at_its_share(state, in_flight):
    limits = Limits(
        in_flight=in_flight, requests_per_minute=6000.0, canary=False, max_failures=FailureCap(share=0.05)
    )
    with shop_at(state, *map(job_of, range(100))) as shop:
        story = run(shop, Service(usual=[Running(), NO_LUCK]), limits=limits)
        assert (shop.states(), len(story.service.posted)) == ([FAILED] * 5 + [PENDING] * 95, 5)
        (told,) = story.told(EventName.STOPPING)
        assert (told.details["reason"], story.code) == (story.ending.failures, 1)


def test_a_batch_that_goes_well_uses_every_slot_though_few_may_fail(state):
    limits = Limits(in_flight=10, requests_per_minute=6000.0, canary=False, max_failures=FailureCap(count=2))
    with shop_at(state, *map(job_of, range(60))) as shop:
        story = run(shop, Service(usual=[Running()] * 5 + [DONE]), limits=limits)
        assert (max(story.service.company) + 1, story.service.company[1], shop.states()) == (
            10,
            1,
            [FINISHED] * 60,
        )


def test_no_more_fail_than_were_under_way_when_it_goes_wrong_in_the_middle(state):
    after = {f"task-{number}": [Running(), NO_LUCK] for number in range(31, 101)}
    limits = Limits(in_flight=10, requests_per_minute=6000.0, canary=False, max_failures=FailureCap(count=5))
    with shop_at(state, *map(job_of, range(100))) as shop:
        run(shop, Service(tasks=after), limits=limits)
        assert 5 <= shop.states().count(FAILED) <= 5 + 9


def test_what_was_completed_in_earlier_runs_lets_as_many_go(state):
    with shop_at(state, *map(job_of, range(60))) as shop:
        for rank in range(8):
            shop.fetching(rank)
        limits = Limits(requests_per_minute=6000.0, canary=False, max_failures=FailureCap(count=1))
        story = run(shop, Service(usual=[Running()] * 20 + [DONE]), limits=limits)
        assert max(story.service.company[:9]) + 1 == 9
