"""A run that pays with an account that has a cap."""

import pytest
from engine_support import NO_LUCK, Service, run
from store_support import NOW, job_of, shop_at

from runner.core.account import Period
from runner.core.events import EventName
from runner.core.model import JobState, Limits
from runner.core.money import Credits
from runner.store import accounts

PENDING, SUBMITTING, RUNNING, FETCHING, FINISHED, FAILED, UNKNOWN = JobState
ONE_AT_A_TIME = Limits(in_flight=1, requests_per_minute=6000.0)


@pytest.fixture
def capped(state):
    """Six jobs, a budget for all of them, and an account with a cap for two; gives the shop and the account's key."""
    with shop_at(state, *map(job_of, range(6)), budget=4000) as shop:
        account = shop.do(accounts.open_account, "a", NOW)
        shop.do(accounts.set_cap, account.pk, Credits(80), Period.EVER)
        yield shop, account.pk


def test_a_run_ends_where_the_cap_has_no_room_and_says_which(capped):
    shop, account = capped
    story = run(shop, account_pk=account)
    assert (shop.states(), shop.books(), story.code) == ([FINISHED] * 2 + [PENDING] * 4, (80, 0, 0), 3)
    assert "the account's cap of 80 credits has no room" in story.ending.account
    assert not story.ending.budget


def test_where_the_budget_is_full_it_is_the_budget_that_is_named(capped):
    shop, account = capped
    shop.budget(40)
    story = run(shop, account_pk=account)
    assert (shop.states(), story.ending.budget, story.ending.account, story.code) == (
        [FINISHED] + [PENDING] * 5,
        True,
        None,
        3,
    )


def test_credits_that_come_back_to_the_account_are_used_in_the_same_run(capped):
    shop, account = capped
    story = run(shop, Service(tasks={"task-1": [NO_LUCK]}), limits=ONE_AT_A_TIME, account_pk=account)
    assert (shop.states(), story.code) == ([FAILED] + [FINISHED] * 2 + [PENDING] * 3, 3)


def test_what_fits_is_made_without_complaint_where_that_was_asked_for(capped):
    shop, account = capped
    story = run(shop, fit=True, account_pk=account)
    assert (shop.states(), story.ending.account, story.code) == ([FINISHED] * 2 + [PENDING] * 4, None, 0)


def test_a_cap_that_is_lowered_meanwhile_holds_from_the_next_reservation(capped):
    shop, account = capped

    def lower(_):
        shop.do(accounts.set_cap, account, Credits(40), Period.EVER)

    story = run(shop, limits=ONE_AT_A_TIME, at={0.05: lower}, account_pk=account)
    assert (shop.states(), len(story.told(EventName.SUBMITTED))) == ([FINISHED] + [PENDING] * 5, 1)
