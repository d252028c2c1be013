"""A run that is cut off from its state while it wants to submit: it stops, and whoever follows pays nothing again."""

import contextlib
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from engine_support import START, Service, run
from store_support import held_shop, job_of

from runner.core.model import JobState, Limits
from runner.store import attempts

JOBS = 6
TWO = Limits(in_flight=2, requests_per_minute=6000.0)
CUTS = {
    "the lock": "application_name LIKE 'runner lock %'",
    "the writer": "application_name = 'runner'",
    "both": "application_name LIKE 'runner%'",
}


class Takeover:
    """What cuts a run off at a moment of its time; and where its lock went with that, its successor."""

    def __init__(self, cut, what, successor, service):
        self.cut, self.what, self.successor, self.service = cut, what, successor, service
        self.posted = 0
        self.shop = None

    def __call__(self, _run):
        self.cut(CUTS[self.what])
        self.posted = len(self.service.posted)
        if self.what != "the writer":
            self.follow()

    def follow(self):
        self.shop = self.successor()
        self.shop.do(attempts.recover, self.shop.pk)


def round_of(cut, state, number):
    """How a run of a batch ended that was cut off, that of its successor, and the POSTs by prompt."""
    rng, name, service = Random(number), f"round-{number}", Service(post_s=0.5)
    what = rng.choice(list(CUTS))
    with contextlib.ExitStack() as second, contextlib.ExitStack() as first:
        shop = first.enter_context(held_shop(state, *map(job_of, range(JOBS)), budget=None, name=name))
        takeover = Takeover(
            cut, what, lambda: second.enter_context(held_shop(state, budget=None, name=name)), service
        )
        when = START + timedelta(days=number)  # far from the last round, whose POSTs would count for the pace
        story = run(shop, service, limits=TWO, at={rng.random() * 1.8: takeover}, utc_now=when)
        if takeover.shop is None:
            first.close()
            takeover.follow()
        states = takeover.shop.rows("SELECT state, count(*) FROM job WHERE batch = ? GROUP BY state", shop.pk)
        again = run(takeover.shop, Service(post_s=0.5, numbered=100), utc_now=when + timedelta(hours=1))
        books = takeover.shop.books()
        unknown = dict(states).get(JobState.UNKNOWN, 0)
    assert len(service.posted) == takeover.posted, (number, what, "a POST left after the take-over")
    assert books == (40 * (JOBS - unknown), 40 * unknown, 40 * unknown), (number, what)
    return what, story, again, Counter([*service.posted, *again.service.posted])


@pytest.mark.parametrize("rounds", [50, pytest.param(500, marks=pytest.mark.faults)])
def test_a_run_that_is_cut_off_while_it_wants_to_submit_posts_nothing_more_and_nothing_is_paid_twice(
    cluster, rounds
):
    state, ends, posts = cluster.state(), Counter(), Counter()
    with cluster.cutting() as cut:
        for number in range(rounds):
            what, story, again, posted = round_of(cut, state, number)
            assert (set(posted.values()), len(posted)) == ({1}, JOBS), (number, what, posted)
            assert (story.ending.state is not None, again.ending.state) == (True, None), (number, what)
            ends[what, story.code] += 1
            posts[len(story.service.posted)] += 1
    assert set(ends) == {(what, 74) for what in CUTS}, ends
    assert len(posts) > 3, posts  # the cut came here and there on the way
