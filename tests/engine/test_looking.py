"""What a watcher sees of a run while it goes on."""

import asyncio
import itertools
from random import Random

import pytest
from engine_support import DONE, FAST, NO_LUCK, Files, Service, posted, run, with_images
from store_support import job_of, shop_at

from runner.core.errors import StateError
from runner.core.glance import Cause, Failure
from runner.core.model import JobState, Limits, OnUnknown, Retries
from runner.core.outcomes import Accepted, ErrorClass, NotSent, Running, Throttled
from runner.engine.ports import Watcher
from runner.files.outcomes import Broken
from runner.store import batches, reads

CUT = posted(200, b"{")
REFUSED = posted(400, {"code": 400, "msg": "prompt is too long"})


class Eye:
    """A watcher that keeps what it saw, and what the state said at the same moment."""

    def __init__(self, shop, every_s=0.05):
        self.shop, self.seen, self.stood = shop, [], []
        self.watcher = Watcher(self.show, every_s)

    def show(self, glance):
        self.seen.append(glance)
        self.stood.append(self.shop.do(reads.counts, self.shop.pk).by_state)

    def at(self, seconds):
        return next(glance for glance in self.seen if glance.seconds >= seconds - 1e-6)

    def causes(self):
        return [glance.waiting.cause for glance in self.seen if glance.waiting is not None]


def watched(shop, *args, every_s=0.05, **more):
    eye = Eye(shop, every_s)
    story = run(shop, *args, watcher=eye.watcher, **more)
    return eye, story


@pytest.fixture
def many(state):
    with shop_at(state, *map(job_of, range(12)), budget=4000) as shop:
        yield shop


FATES = {
    "all goes well": (Service(), Retries()),
    "refused, unknown and failed": (
        Service([REFUSED, CUT], {"task-3": [NO_LUCK], "task-4": [Running(), Running(), DONE]}),
        Retries(),
    ),
    "paid for again": (
        Service([CUT], {"task-2": [NO_LUCK], "task-3": [NO_LUCK]}),
        Retries(regenerate_failed=2, on_unknown=OnUnknown.RESUBMIT),
    ),
    "not sent, and throttled": (Service([NotSent("no route"), Throttled("later", 2.0)]), Retries()),
}


@pytest.mark.parametrize("name", FATES)
def test_at_every_look_the_counts_are_those_of_the_state(many, name):
    service, retries = FATES[name]
    eye, story = watched(many, service, retries=retries, limits=Limits(3, 6000.0))
    assert story.seconds > 0.5
    assert [dict(glance.jobs.by_state) for glance in eye.seen] == eye.stood


def test_at_every_look_the_counts_are_those_of_the_state_after_an_interrupted_run(many):
    run(many, Service([CUT], usual=[Running()]), at={1.0: lambda work: work.interrupt(2)}, submissions=6)
    eye, _ = watched(many, retries=Retries(on_unknown=OnUnknown.RESUBMIT))
    assert eye.seen[0].jobs.by_state[JobState.RUNNING] > 0
    assert [dict(glance.jobs.by_state) for glance in eye.seen] == eye.stood


def test_jobs_that_were_removed_are_followed_and_not_counted(many):
    run(many, Service(usual=[Running()]), at={1.0: lambda work: work.interrupt(2)}, submissions=3)
    many.enrol(*map(job_of, range(5, 12)))
    eye, _ = watched(many)
    assert {glance.jobs.removed for glance in eye.seen} == {5}
    assert [dict(glance.jobs.by_state) for glance in eye.seen] == eye.stood


def test_the_books_are_those_of_the_state_and_read_once_a_second(many):
    asked = []

    class Counting:
        async def write(self, change, *args, **kwargs):
            asked.append(change)
            return await many.writer.write(change, *args, **kwargs)

    eye, story = watched(many, Service(usual=[*[Running()] * 8, DONE]), state=Counting(), every_s=0.1)
    assert story.seconds > 2
    assert asked.count(batches.by_pk) <= story.seconds + 5
    last = eye.seen[-1].books
    assert (eye.seen[0].books.left, last.budget) == (4000, 4000)
    assert 0 < last.spent + last.reserved <= 480


def test_without_a_watcher_nothing_is_asked_for_it(many):
    asked = []

    class Counting:
        async def write(self, change, *args, **kwargs):
            asked.append(change)
            return await many.writer.write(change, *args, **kwargs)

    run(many, state=Counting())
    assert reads.count_claimable not in asked


def test_what_is_left_to_do_is_what_this_run_may_do(many):
    eye, _ = watched(many, submissions=4)
    assert [eye.seen[0].unfinished, eye.seen[-1].finished + eye.seen[-1].unfinished] == [4, 4]
    many.budget(7 * 40)  # 160 of them are spent
    eye, _ = watched(many, fit=True)
    assert eye.seen[0].unfinished == 3


def test_the_newest_failures_come_with_their_class(many):
    eye, _ = watched(
        many,
        Service([REFUSED], {"task-2": [NO_LUCK]}, usual=[Running()]),
        at={9.0: lambda work: work.interrupt(2)},
    )
    failures = eye.seen[-1].failures
    assert [each.error_class for each in failures] == [ErrorClass.VALIDATION, ErrorClass.SERVICE]
    assert failures[0] == Failure(job_of(0).job_id, failures[0].error, ErrorClass.VALIDATION)


def classes_of(eye):
    return {each.error_class for glance in eye.seen for each in glance.failures}


def test_a_file_that_cannot_be_had_is_a_failure_that_is_seen(shop):
    files, service = Files([Broken("the server answered 503")] * 8), Service(tasks={"task-2": [Running()]})
    eye, _ = watched(
        shop, service, files, submissions=2, at={400.0: lambda work: work.interrupt(2)}, every_s=1.0
    )
    assert classes_of(eye) == {ErrorClass.DOWNLOAD}


def test_a_task_that_is_overdue_is_a_trouble_without_a_class(shop):
    limits = Limits(1, 6000.0, task_deadline_s=60.0)
    eye, _ = watched(shop, Service(usual=[Running()]), limits=limits, submissions=2, every_s=1.0)
    assert (classes_of(eye), eye.seen[-1].jobs.overdue) == ({None}, 1)


def test_files_are_counted_as_they_are_placed(many):
    eye, _ = watched(many)
    assert (eye.seen[0].transfers.files, eye.seen[0].transfers.bytes) == (0, 0)
    assert eye.seen[-1].transfers.files * 7 == eye.seen[-1].transfers.bytes > 0


SLOW = {"usual": [*[Running()] * 40, DONE]}


def test_it_is_seen_what_the_run_waits_for(many):
    for service, limits, cause in (
        (Service([Throttled("later", 20.0)]), FAST, Cause.RATE),
        (Service([NotSent("no route")] * 9), Limits(1, 6000.0), Cause.SERVICE),
        (Service(), Limits(10, 6000.0, 6.0), Cause.HOURLY),
        (Service(**SLOW), Limits(1, 6000.0), Cause.SLOTS),
        (Service(**SLOW), Limits(20, 6000.0), Cause.TASKS),
    ):
        eye, _ = watched(
            many,
            service,
            limits=limits,
            submissions=2,
            at={2000.0: lambda work: work.interrupt(2)},
            every_s=0.5,
        )
        assert cause in eye.causes(), cause


def test_a_wait_counts_down(many):
    eye, _ = watched(many, Service([Throttled("later", 20.0)]), submissions=1)
    waits = [round(eye.at(seconds).waiting.seconds) for seconds in (1.0, 5.0, 15.0)]
    assert [before - after for before, after in itertools.pairwise(waits)] == [4, 10]


def test_a_run_without_room_in_the_budget_waits_for_it(many):
    many.budget(40)
    eye, _ = watched(many, Service(**SLOW))
    assert Cause.BUDGET in eye.causes()


def test_a_run_whose_first_jobs_go_alone_says_so(state):
    with shop_at(state, *map(with_images, range(21))) as shop:
        eye, _ = watched(shop, Service(usual=[Running(), Running(), DONE]))
        assert eye.causes()[0] == Cause.CANARY
        assert eye.causes()[-1] != Cause.CANARY


def test_a_run_that_only_downloads_says_so(shop):
    eye, _ = watched(shop, files=Files(fetch_s=9.0))
    assert eye.seen[-1].waiting.cause is Cause.DOWNLOADS


def test_a_run_that_was_interrupted_shows_how_many_submissions_it_waits_for(many):
    eye, story = watched(many, Service(post_s=5.0), at={1.0: lambda work: work.interrupt(2)})
    waiting = eye.at(1.1).waiting
    assert (story.code, waiting.cause, waiting.number) == (130, Cause.STOPPING, 10)


def test_a_bug_in_what_is_shown_ends_no_run(many, caplog):
    def show(_glance):
        raise ZeroDivisionError("a bug")

    story = run(many, watcher=Watcher(show, 0.5))
    assert (story.code, many.states(), "a bug" in caplog.text) == (0, [JobState.DONE] * 12, True)


def test_a_state_that_fails_ends_the_run_and_the_looking(many):
    class Failing:
        asked = 0

        async def write(self, change, *args, **kwargs):
            self.asked += 1
            if self.asked > 30:
                raise StateError("the disk is gone")
            return await many.writer.write(change, *args, **kwargs)

    eye, story = watched(many, state=Failing())
    assert (story.code, len(eye.seen) > 0) == (74, True)


class Timed(Service):
    """Its tasks take a time of their own, around ``median_s``."""

    def __init__(self, median_s):
        super().__init__()
        self.median_s, self.random, self.done_at = median_s, Random(3), {}

    async def submit(self, request):
        answer = await super().submit(request)
        if isinstance(answer, Accepted):
            takes_s = self.median_s * self.random.lognormvariate(0.0, 0.35)
            self.done_at[answer.task_id] = asyncio.get_running_loop().time() + takes_s
        return answer

    async def status(self, task_id):
        is_done = asyncio.get_running_loop().time() >= self.done_at.get(task_id, 0.0)
        self.tasks[task_id] = [DONE if is_done else Running()]
        return await super().status(task_id)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(10, 6000.0, canary=False),
        Limits(30, 60.0, canary=False),
        Limits(10, 600.0, 300.0, canary=False),
    ],
    ids=["slots", "rate", "hourly"],
)
def test_the_time_that_is_left_lies_within_the_range_that_was_said(state, limits):
    with shop_at(state, *map(job_of, range(150)), budget=None) as shop:
        eye, story = watched(shop, Timed(15.0), limits=limits, every_s=5.0)
    said = [glance for glance in eye.seen if glance.left is not None]
    within = [glance.left.low <= story.seconds - glance.seconds <= glance.left.high + 1.0 for glance in said]
    assert len(said) > 0.7 * len(eye.seen)
    assert sum(within) >= 0.85 * len(within), f"{sum(within)} of {len(within)}"


def test_before_anything_is_known_no_time_is_said_and_the_next_run_begins_with_what_was_learned(many):
    eye, _ = watched(many, Timed(5.0), submissions=6)
    assert (eye.seen[0].left, eye.seen[0].per_minute) == (None, None)
    again, _ = watched(many, Timed(5.0), at={1.0: lambda work: work.interrupt(2)})
    assert again.at(0.5).left is not None
