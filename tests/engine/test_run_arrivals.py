"""The first jobs of a large batch, which are worked while the others are still being taken in."""

import asyncio

import pytest
from engine_support import FAST, NO_LUCK, Service, run
from store_support import job_of, shop_at

from runner.core.errors import StateError
from runner.core.model import FailureCap, JobState, Limits
from runner.core.outcomes import Running
from runner.engine.ports import Arrivals, Watcher
from runner.store import enrolment

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
EDITED = "demo.yaml was edited; run it again"


class Coming:
    """Jobs that come ``after_s`` seconds from the start, in two pages; ``at`` is when the last of them was in."""

    def __init__(self, shop, jobs, after_s=30.0, outcome=None):
        self.shop, self.jobs, self.after_s, self.outcome = shop, jobs, after_s, outcome
        self.at = None
        self.was_cancelled = False

    @property
    def arrivals(self):
        return Arrivals(min(job.rank for job in self.jobs) - 1, len(self.jobs), self.take_in)

    async def take_in(self, writer):
        half = len(self.jobs) // 2
        try:
            for page in (self.jobs[:half], self.jobs[half:]):
                await asyncio.sleep(self.after_s / 2)
                await writer.write(enrolment.enrol, self.shop.pk, page, 1)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        self.at = asyncio.get_running_loop().time()
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def early(state):
    """Three jobs that are in, of six."""
    with shop_at(state, *map(job_of, range(3))) as shop:
        yield shop


def number_of(post):
    return int(post.rsplit(" ", 1)[1])


def test_the_jobs_that_are_in_do_not_wait_for_the_others_and_the_others_wait_for_the_last_of_them(early):
    coming = Coming(early, [job_of(rank) for rank in range(3, 6)])
    story = run(early, limits=FAST, arrivals=coming.arrivals)
    at = {number_of(what): when for when, kind, what in story.service.calls if kind == "POST"}
    early_ones = [rank for rank, when in at.items() if when < 5.0]
    late_ones = [rank for rank, when in at.items() if when >= coming.at]
    assert (early_ones, late_ones, early.states(), story.code) == ([0, 1, 2], [3, 4, 5], [FINISHED] * 6, 0)


def test_those_that_have_come_wait_until_all_were_seen_to_be_as_priced(state):
    """The others come in two halves, and the first jobs are through between them."""
    with shop_at(state, *map(job_of, range(20))) as shop:
        coming = Coming(shop, [job_of(rank) for rank in range(20, 26)], after_s=24.0, outcome=EDITED)
        limits = Limits(requests_per_minute=6000.0, in_flight=1)
        story = run(shop, Service(post_s=0.7), limits=limits, arrivals=coming.arrivals)
        assert 12.0 < max(story.service.times("POST")) + 2.0 < 24.0
        assert (shop.states(), story.code) == ([FINISHED] * 20 + [PENDING] * 6, 2)


def test_what_was_edited_meanwhile_is_not_paid_for_and_what_was_paid_for_is_finished(early):
    coming = Coming(early, [job_of(rank) for rank in range(3, 6)], outcome=EDITED)
    story = run(early, limits=FAST, arrivals=coming.arrivals)
    assert (early.states(), story.ending.edited, story.code) == (
        [FINISHED] * 3 + [PENDING] * 3,
        EDITED,
        2,
    )


def test_a_kind_that_comes_later_has_canaries_of_its_own(state):
    jobs = [job_of(rank) for rank in range(25)] + [job_of(rank, mode="fun") for rank in range(25, 40)]
    with shop_at(state, *jobs[:22]) as shop:
        coming = Coming(shop, jobs[22:])
        story = run(shop, limits=FAST, arrivals=coming.arrivals)
        company = dict(zip(map(number_of, story.service.posted), story.service.company, strict=True))
        assert (company[0], company[25], max(company.values()) > 1) == (0, 0, True)
        assert (shop.states(), story.service.posted[22]) == ([FINISHED] * 40, "a fox, number 25")


def test_jobs_that_are_to_come_count_where_a_large_batch_needs_canaries(state):
    with shop_at(state, *map(job_of, range(5))) as shop:
        coming = Coming(shop, [job_of(rank) for rank in range(5, 21)])
        story = run(shop, limits=FAST, arrivals=coming.arrivals)
        assert (story.service.company[:2], shop.states()) == ([0, 0], [FINISHED] * 21)


def test_a_canary_is_never_one_of_those_that_were_not_seen_to_be_as_priced(state):
    """The only one of its kind fails when the first half of the others has come."""

    def fate():
        return NO_LUCK if asyncio.get_running_loop().time() > 25.0 else Running()

    with shop_at(state, job_of(0, mode="fun"), *map(job_of, range(1, 22))) as shop:
        coming = Coming(shop, [job_of(rank, mode="fun") for rank in range(22, 40)], 40.0, EDITED)
        story = run(shop, Service(tasks={"task-1": [fate]}), limits=FAST, arrivals=coming.arrivals)
        assert (shop.states(), story.code) == ([FAILED] + [FINISHED] * 21 + [PENDING] * 18, 2)


def test_a_share_of_failures_is_one_of_all_jobs(state):
    """Half of ten are five, and half of the four that are in would be two."""
    limits = Limits(requests_per_minute=6000.0, in_flight=1, max_failures=FailureCap(share=0.5))
    with shop_at(state, *map(job_of, range(4))) as shop:
        coming = Coming(shop, [job_of(rank) for rank in range(4, 10)])
        story = run(shop, Service(usual=[NO_LUCK]), limits=limits, arrivals=coming.arrivals)
        assert (shop.states().count(FAILED), story.ending.failures is None, story.code) == (5, False, 1)


def test_a_signal_ends_it_while_they_come(early):
    coming = Coming(early, [job_of(rank) for rank in range(3, 6)])
    story = run(
        early,
        Service(usual=[Running()]),
        at={20.0: lambda work: work.interrupt(2)},
        arrivals=coming.arrivals,
    )
    assert (coming.was_cancelled, early.states(), story.code) == (True, [RUNNING] * 3 + [PENDING], 130)


def test_a_state_that_fails_while_they_come_ends_it(early):
    coming = Coming(early, [job_of(rank) for rank in range(3, 6)], outcome=StateError("disk I/O error"))
    story = run(early, arrivals=coming.arrivals)
    assert (story.ending.state, story.code) == ("disk I/O error", 74)


def test_a_budget_that_is_full_before_they_are_in_leaves_none_out_of_the_state(state):
    with shop_at(state, *map(job_of, range(3)), budget=80) as shop:
        coming = Coming(shop, [job_of(rank) for rank in range(3, 6)])
        story = run(shop, arrivals=coming.arrivals)
        assert (shop.states(), story.code) == ([FINISHED] * 2 + [PENDING] * 4, 3)


def test_whoever_looks_sees_all_that_is_to_be_done_from_the_start(early):
    seen = []
    coming = Coming(early, [job_of(rank) for rank in range(3, 6)])
    story = run(early, watcher=Watcher(seen.append, 0.05), arrivals=coming.arrivals)
    assert {(glance.jobs.total, glance.finished + glance.unfinished) for glance in seen} == {(6, 6)}
    assert (early.states(), story.code) == ([FINISHED] * 6, 0)
