"""The first few jobs of a batch go alone: the canaries."""

import asyncio

import pytest
from engine_support import DONE, FAST, NO_LUCK, Service, posted, run, with_images
from store_support import job_of, shop_at

from runner.core.model import JobState, Limits, Retries
from runner.core.outcomes import (
    Accepted,
    NotSent,
    Running,
    TaskId,
)

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState


class Picky(Service):
    """Nobody reaches it with the first job, and everybody with the others."""

    async def submit(self, request):
        if request.prompt == "a fox, number 0":
            self.posts.insert(0, NotSent("no route"))
        return await super().submit(request)


def alone(story):
    """How many tasks had ended before the next was submitted, at the beginning of a run."""
    company = story.service.company
    return next(number for number, others in enumerate(company) if others) - 1


def test_the_first_job_of_each_kind_runs_alone_in_a_batch_of_more_than_twenty(state):
    with shop_at(state, *map(with_images, range(21))) as shop:
        story = run(shop, limits=FAST)
        kinds = ["a fox, number 0", "a fox, number 1", "a fox, number 7"]
        assert (story.service.posted[:3], alone(story), shop.states()) == (kinds, 3, [FINISHED] * 21)


@pytest.mark.parametrize(("jobs", "canary"), [(20, True), (21, False)])
def test_without_need_nobody_runs_alone(state, jobs, canary):
    with shop_at(state, *map(job_of, range(jobs))) as shop:
        story = run(shop, limits=Limits(requests_per_minute=6000.0, canary=canary))
        assert (alone(story), shop.states()) == (0, [FINISHED] * jobs)


def test_a_batch_with_something_done_needs_no_canary(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        run(shop, submissions=1)
        assert alone(run(shop)) == 0


def test_while_nothing_is_done_each_job_runs_alone(state):
    failing = Service(tasks={f"task-{number}": [NO_LUCK] for number in range(1, 5)})
    with shop_at(state, *map(job_of, range(25))) as shop:
        story = run(shop, failing)
        assert (alone(story), shop.states().count(FAILED), shop.states().count(FINISHED)) == (5, 4, 21)


def test_a_canary_that_is_overdue_lets_the_next_one_go(state):
    limits = Limits(requests_per_minute=6000.0, task_deadline_s=60.0)
    with shop_at(state, *map(job_of, range(21))) as shop:
        story = run(shop, Service(tasks={"task-1": [Running()]}), limits=limits)
        assert (shop.states(), story.code) == ([RUNNING] + [FINISHED] * 20, 4)


def test_a_canary_that_never_leaves_is_given_up_and_not_begun_again(state):
    """Somebody else is answered all the while: the questions about an earlier task."""

    with shop_at(state, *map(job_of, range(22))) as shop:
        shop.running(21)
        story = run(shop, Picky(tasks={"t21": [Running()] * 30 + [DONE]}))
        assert (shop.states(), story.ending.incomplete, story.code) == ([PENDING] + [FINISHED] * 21, 1, 1)


def test_an_earlier_task_that_failed_and_cannot_be_sent_again_is_no_canary(state):
    """It is pending when the canaries are looked for, and its worker has given it up."""

    service = Picky(tasks={"t0": [NO_LUCK], "t21": [Running()] * 30 + [DONE]})
    with shop_at(state, *map(job_of, range(22))) as shop:
        shop.running(0)
        shop.running(21)
        story = run(shop, service, retries=Retries(regenerate_failed=1))
        assert (shop.states(), story.ending.bugs, story.code) == ([PENDING] + [FINISHED] * 21, 0, 1)


def test_an_earlier_task_that_is_paid_for_again_waits_until_the_canaries_are_back(state):
    """It fails while the first canary is at work; sent beside it, it would be a second one."""
    slow = [Running()] * 20 + [DONE]
    service = Service(tasks={"t0": [Running()] * 5 + [NO_LUCK], "task-1": slow})
    with shop_at(state, *map(job_of, range(22))) as shop:
        shop.running(0)
        story = run(shop, service, retries=Retries(regenerate_failed=1))
        assert (story.service.posted[0], shop.states(), story.code) == (
            "a fox, number 1",
            [FINISHED] * 22,
            0,
        )
        first_done = max(at for at, kind, what in service.calls if (kind, what) == ("GET", "task-1"))
        assert service.times("POST")[1] > first_done


def test_an_overdue_canary_that_is_paid_for_again_waits_for_the_one_that_followed_it(state):
    def until(second, ending):
        return lambda: Running() if asyncio.get_running_loop().time() < second else ending

    service = Service(tasks={"task-1": [until(130.0, NO_LUCK)], "task-2": [until(195.0, DONE)]})
    limits = Limits(requests_per_minute=6000.0, task_deadline_s=100.0)
    with shop_at(state, *map(job_of, range(21))) as shop:
        run(shop, service, limits=limits, retries=Retries(regenerate_failed=1))
        assert shop.states() == [FINISHED] * 21
    assert (service.times("POST")[2] >= 195.0, len(service.posted)) == (True, 22)


def test_a_canary_that_is_paid_for_again_is_still_alone(state):
    service = Service(tasks={"task-1": [NO_LUCK]})
    with shop_at(state, *map(job_of, range(21))) as shop:
        story = run(shop, service, retries=Retries(regenerate_failed=1))
        assert (alone(story), shop.states(), len(service.posted)) == (2, [FINISHED] * 21, 22)


def test_a_canary_that_is_refused_after_one_that_failed_ends_submission(state):
    with shop_at(state, *map(job_of, range(21))) as shop:
        service = Service([Accepted(TaskId("task-1")), posted(401, b"")], {"task-1": [NO_LUCK]})
        story = run(shop, service)
        assert (len(story.service.posted), shop.states(), story.code) == (2, [FAILED] + [PENDING] * 20, 5)


def test_a_refused_canary_leaves_the_others_at_home(state):
    with shop_at(state, *map(with_images, range(21))) as shop:
        story = run(shop, Service([posted(401, b"")]))
        assert (len(story.service.posted), shop.states(), story.code) == (1, [PENDING] * 21, 5)
