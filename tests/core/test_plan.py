"""What a run would do and cost."""

from dataclasses import replace

import pytest
from manifest_builder import PRICE

from runner.core.account import Account, Period
from runner.core.model import JobState, Limits
from runner.core.money import Credits
from runner.core.plan import Books, Diff, Plan


def diff_of(new=0, removed=0, may_submit=None, **states):
    by_state = dict.fromkeys(JobState, 0) | {JobState(state): number for state, number in states.items()}
    return Diff(
        new, by_state, removed, new + by_state[JobState.PENDING] if may_submit is None else may_submit
    )


def plan_of(diff, books=Books(), limits=Limits(), price=40):  # noqa: B008 - frozen values
    return Plan("spring", "m.yaml", PRICE, Credits(price), diff, books, limits)


EVERYTHING = diff_of(
    new=1,
    pending=2,
    submitting=3,
    running=4,
    fetching=5,
    done=6,
    failed=7,
    unknown=8,
    removed=9,
    may_submit=3,
)


def test_the_jobs_of_a_manifest_are_the_new_ones_and_those_that_stand_somewhere():
    assert (EVERYTHING.total, EVERYTHING.in_flight) == (36, 12)


@pytest.mark.parametrize(
    ("diff", "unfinished"),
    [
        (diff_of(done=5, failed=1), False),
        (diff_of(new=1), True),
        (diff_of(pending=1), True),
        (diff_of(pending=1, may_submit=0), False),
        (diff_of(submitting=1), True),
        (diff_of(running=1), True),
        (diff_of(fetching=1), True),
        (diff_of(unknown=1), True),
    ],
)
def test_the_service_is_needed_where_something_is_left_to_do(diff, unfinished):
    assert diff.unfinished is unfinished


@pytest.mark.parametrize(
    ("budget", "spent", "reserved", "left", "fits", "fit_jobs"),
    [
        (None, 400, 0, None, True, 5),
        (200, 0, 0, 200, True, 5),
        (199, 0, 0, 199, False, 4),
        (280, 40, 40, 200, True, 5),
        (279, 40, 40, 199, False, 4),
        (0, 0, 0, 0, False, 0),
        (10, 400, 0, -390, False, 0),
    ],
)
def test_what_is_needed_is_held_against_what_the_budget_leaves(budget, spent, reserved, left, fits, fit_jobs):
    books = Books(Credits(spent), Credits(reserved), Credits(0), budget)
    plan = plan_of(diff_of(new=3, pending=2, failed=4, unknown=1), books)
    assert (plan.needed, books.left, plan.fits, plan.fit_jobs) == (200, left, fits, fit_jobs)


def test_nothing_to_submit_fits_always_but_never_less_than_nothing():
    plan = plan_of(diff_of(done=3), Books(Credits(0), Credits(0), Credits(0), Credits(0)))
    assert (plan.needed, plan.fits, plan.fit_jobs) == (0, True, 0)


def test_the_highest_price_seen_is_what_is_needed():
    assert plan_of(diff_of(new=2), price=90).needed == 180


@pytest.mark.parametrize(
    ("diff", "limits", "requests", "seconds"),
    [
        (diff_of(new=60), Limits(requests_per_minute=120), 120, 60.0),
        (diff_of(new=60, running=12), Limits(requests_per_minute=120), 132, 66.0),
        (diff_of(new=60), Limits(requests_per_minute=120, submissions_per_hour=30), 120, 7200.0),
        (diff_of(new=60), Limits(requests_per_minute=1, submissions_per_hour=3600), 120, 7200.0),
        (diff_of(done=60), Limits(), 0, 0.0),
    ],
)
def test_the_least_time_is_that_of_the_stricter_rate(diff, limits, requests, seconds):
    plan = plan_of(diff, limits=limits)
    assert (plan.requests, plan.seconds_at_least) == (requests, seconds)


@pytest.mark.parametrize(
    ("cap", "budget", "fits", "fit_jobs"),
    [
        (None, None, (True, True), 3),
        (120, None, (True, True), 3),
        (119, None, (True, False), 2),
        (80, 40, (False, False), 1),
        (10, 4000, (True, False), 0),
        (-5, None, (True, False), 0),
    ],
)
def test_the_cap_of_the_account_holds_beside_the_budget(cap, budget, fits, fit_jobs):
    """120 credits are wanted; a negative cap stands for one that is spent already."""
    account = Account(
        1, "f", cap if cap is None or cap > 0 else 0, Period.EVER, Credits(5 if cap == -5 else 0), Credits(0)
    )
    plan = replace(plan_of(diff_of(new=3), Books(budget=budget)), account=account)
    assert ((plan.fits_budget, plan.fits_account), plan.fits, plan.fit_jobs) == (fits, all(fits), fit_jobs)
