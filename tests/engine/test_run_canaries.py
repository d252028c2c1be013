"""The first few jobs of a batch go alone: the canaries."""

import asyncio

import pytest
from engine_support import DONE, FAST, NO_LUCK, Files, Service, posted, run, with_images
from store_support import job_of, raw, shop_at

from runner.core.events import EventName
from runner.core.model import JobState, Limits, Retries
from runner.core.outcomes import (
    Accepted,
    ErrorClass,
    Failed,
    NotSent,
    Running,
    TaskId,
)
from runner.files.outcomes import Broken

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


def alone_to_the_end(story):
    """How many tasks were submitted, each when the one before it had ended."""
    company = story.service.company
    return len(company) if not any(company) else None


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


def test_a_kind_with_something_done_needs_no_canary_and_another_kind_does(state):
    with shop_at(state, *map(with_images, range(30))) as shop:
        run(shop, submissions=1)
        story = run(shop)
        assert (alone(story), story.service.posted[:2]) == (2, ["a fox, number 1", "a fox, number 7"])


def test_canaries_go_on_where_an_interruption_ended_them(state):
    """The second of three is at work when the signal comes; it is followed, and only the third one goes after it."""
    slow = [Running()] * 40 + [DONE]
    with shop_at(state, *map(with_images, range(30))) as shop:
        first = run(shop, Service(tasks={"task-2": slow}), at={8.0: lambda work: work.interrupt(2)})
        second = run(shop)
        assert (first.code, first.service.posted) == (130, ["a fox, number 0", "a fox, number 1"])
        assert (alone(second), second.service.posted[0], second.service.polled[0]) == (
            1,
            "a fox, number 7",
            "task-2",
        )
        assert (shop.states(), second.code) == ([FINISHED] * 30, 0)


@pytest.mark.parametrize(
    ("asked", "manifest", "jobs", "went"),
    [(True, False, 3, 1), (True, True, 3, 1), (False, True, 21, 0), (None, True, 21, 1), (None, True, 20, 0)],
)
def test_a_persons_word_stands_above_the_manifest_and_knows_no_number_of_jobs(
    state, asked, manifest, jobs, went
):
    limits = Limits(requests_per_minute=6000.0, canary=manifest)
    with shop_at(state, *map(job_of, range(jobs))) as shop:
        assert alone(run(shop, limits=limits, canary=asked)) == went


def test_after_a_failure_the_next_job_of_the_kind_is_the_canary(state):
    failing = Service(tasks={f"task-{number}": [NO_LUCK] for number in (1, 2)})
    with shop_at(state, *map(job_of, range(25))) as shop:
        story = run(shop, failing)
        assert (alone(story), shop.states().count(FAILED), shop.states().count(FINISHED)) == (3, 2, 23)


def test_a_canary_that_is_overdue_lets_the_next_one_go(state):
    limits = Limits(requests_per_minute=6000.0, task_deadline_s=60.0)
    with shop_at(state, *map(job_of, range(21))) as shop:
        story = run(shop, Service(tasks={"task-1": [Running()]}), limits=limits)
        assert (shop.states(), story.code) == ([RUNNING] + [FINISHED] * 20, 4)


def test_a_canary_that_never_leaves_is_given_up_and_not_begun_again(state):
    """Somebody else is answered all the while: the questions about an earlier task, which is overdue."""
    limits = Limits(requests_per_minute=6000.0, task_deadline_s=60.0)
    with shop_at(state, *map(job_of, range(22))) as shop:
        shop.running(21)
        story = run(shop, Picky(tasks={"t21": [Running()]}), limits=limits)
        assert (shop.states(), story.ending.incomplete, story.code) == (
            [PENDING] + [FINISHED] * 20 + [RUNNING],
            1,
            4,
        )


def test_what_earlier_runs_paid_for_is_followed_to_its_end_before_a_canary_leaves(state):
    with shop_at(state, *map(job_of, range(22))) as shop:
        shop.running(5)
        story = run(shop, Service(tasks={"t5": [Running()] * 9 + [DONE]}))
        last_asked = max(at for at, kind, what in story.service.calls if what == "t5")
        assert story.service.times("POST")[0] > last_asked
        assert (alone(story), shop.states()) == (0, [FINISHED] * 22), "it was the canary"


def test_a_job_of_an_earlier_run_whose_file_comes_is_the_canary(state):
    with shop_at(state, *map(job_of, range(22))) as shop:
        shop.fetching(5)
        assert (alone(run(shop)), shop.states()) == (0, [FINISHED] * 22)


def test_an_earlier_task_that_is_paid_for_again_is_the_canary_itself(state):
    service = Service(tasks={"t7": [Running()] * 5 + [NO_LUCK], "t9": [Running()] * 5 + [NO_LUCK]})
    with shop_at(state, *map(job_of, range(8)), *(job_of(n, mode="fun") for n in range(8, 22))) as shop:
        for rank in (7, 9):
            shop.running(rank)
        story = run(shop, service, retries=Retries(regenerate_failed=1))
        assert (shop.states(), story.code) == ([FINISHED] * 22, 0)
    assert (service.posted[:2], service.company[:3]) == (["a fox, number 0", "a fox, number 8"], [0, 0, 0])


def test_the_last_job_of_a_kind_is_its_canary_though_an_earlier_run_began_it(state):
    jobs = [*map(job_of, range(21)), job_of(21, mode="fun")]
    service = Service(tasks={"t21": [NO_LUCK]})
    with shop_at(state, *jobs) as shop:
        shop.running(21)
        story = run(shop, service, retries=Retries(regenerate_failed=1))
        assert (alone(story), service.posted[:2]) == (2, ["a fox, number 0", "a fox, number 21"])
        assert shop.states() == [FINISHED] * 22


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


# what ends submission

WRONG = posted(400, {"code": 400, "message": "the image cannot be read"})
SPOILT = Failed("File type not supported", ErrorClass.VALIDATION, charged=40)


def test_a_canary_that_is_refused_as_invalid_ends_submission_and_says_that_it_was_free(state):
    with shop_at(state, *map(job_of, range(1000))) as shop:
        story = run(shop, Service([WRONG]))
        assert (len(story.service.posted), shop.states().count(PENDING), shop.books()) == (1, 999, (0, 0, 0))
        reason = (
            "the canary 000000000000 (normal, without images) was refused, free of charge (validation): "
            "the service refused the request (HTTP 400): the image cannot be read"
        )
        (told,) = story.told(EventName.STOPPING)
        assert (story.code, story.ending.canary, story.ending.service) == (1, reason, None)
        assert (told.job_id, dict(told.details)) == (
            job_of(0).job_id,
            {"reason": reason, "error_class": "validation"},
        )


def test_a_canary_that_fails_as_invalid_once_it_was_paid_for_says_what_it_cost(state):
    with shop_at(state, *map(with_images, range(1000))) as shop:
        story = run(shop, Service(tasks={"task-3": [SPOILT]}))
        assert (len(story.service.posted), shop.states().count(PENDING), shop.books()[0]) == (3, 997, 120)
        assert (story.code, story.ending.canary) == (
            1,
            (
                "the canary 000000000000 (fun, with images) was accepted and then failed, at a cost of 40 credits "
                "(validation): File type not supported"
            ),
        )


def test_three_canaries_in_a_row_that_fail_otherwise_end_submission(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        story = run(shop, Service(usual=[NO_LUCK]))
        assert (alone_to_the_end(story), shop.states()) == (3, [FAILED] * 3 + [PENDING] * 27)
        assert (story.code, story.ending.canary) == (
            1,
            (
                "3 canaries of one kind in a row came to nothing; the last, canary 000000000000 (normal, without images) "
                "was accepted and then failed, free of charge (service): no luck"
            ),
        )


def test_three_canaries_of_different_kinds_are_not_in_a_row(state):
    service = Service(tasks={f"task-{number}": [NO_LUCK] for number in (1, 3, 5)})
    with shop_at(
        state, *(job_of(rank, mode=("fun", "normal", "spicy")[rank % 3]) for rank in range(30))
    ) as shop:
        story = run(shop, service)
        assert (alone(story), story.ending.canary, shop.states().count(FINISHED)) == (6, None, 27)


def test_a_run_that_is_begun_again_loses_one_canary_more_and_not_three(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        stories = [run(shop, Service(usual=[NO_LUCK])) for _ in range(3)]
        assert [len(story.service.posted) for story in stories] == [3, 1, 1]
        assert "after earlier failures, one canary more came to nothing" in stories[1].ending.canary


def test_what_an_interruption_left_counts_among_the_three(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        run(shop, Service(usual=[NO_LUCK]), submissions=2)
        assert len(run(shop, Service(usual=[NO_LUCK])).service.posted) == 1


def test_a_canary_of_an_earlier_run_that_turns_out_to_be_invalid_ends_submission(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        shop.running(0)
        story = run(shop, Service(tasks={"t0": [Running(), SPOILT]}))
        assert (story.service.posted, story.code) == ([], 1)


def test_a_canary_whose_file_cannot_be_had_is_one_of_three(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        story = run(shop, files=Files(fetches=[Broken("not a video")] * 100))
        assert (len(story.service.posted), shop.states().count(FETCHING), story.code) == (3, 3, 1)
        assert "is fetching without a file (download): not a video" in story.ending.canary


def test_three_canaries_in_a_row_that_are_overdue_end_submission(state):
    limits = Limits(requests_per_minute=6000.0, task_deadline_s=60.0)
    with shop_at(state, *map(job_of, range(30))) as shop:
        story = run(shop, Service(usual=[Running()]), limits=limits)
        assert (shop.states(), story.code) == ([RUNNING] * 3 + [PENDING] * 27, 4)
        assert "is running without a file: not finished within its deadline" in story.ending.canary


def test_an_invalid_canary_after_one_that_failed_otherwise_is_the_one_that_is_named(state):
    service = Service([Accepted(TaskId("task-1")), WRONG], {"task-1": [NO_LUCK]})
    with shop_at(state, *map(job_of, range(30))) as shop:
        story = run(shop, service)
        assert (len(service.posted), story.ending.canary[:40]) == (
            2,
            "the canary 000000000000 (normal, without",
        )


def test_jobs_of_a_kind_that_failed_and_were_removed_do_not_count(state):
    with shop_at(state, *map(job_of, range(30))) as shop:
        run(shop, Service(usual=[NO_LUCK]))
        shop.do(raw("UPDATE job SET removed = 1 WHERE state = 'failed'"))
        assert len(run(shop, Service(usual=[NO_LUCK])).service.posted) == 3
