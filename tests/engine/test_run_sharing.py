"""A run beside another one of its account, and one that cannot hear of the others."""

import pytest
from engine_support import run
from store_support import NOW, job_of, shop_at, terms_of

from runner.core.errors import StateError
from runner.core.sharing import BEAT_S, FORGET_AFTER_S, Standing
from runner.store import accounts, batches, standings

ORIGIN = "https://service.example"
OTHER = Standing(2, 6000.0, None, 10, 6000.0, 10)


@pytest.fixture
def shop(state):
    """Six jobs of a batch, another batch, and the account that pays for both."""
    with shop_at(state, *map(job_of, range(6)), budget=4000) as opened:
        opened.do(batches.open_batch, terms_of("autumn"), NOW)
        opened.do(accounts.open_account, "a", NOW)
        yield opened


def shared(shop, apart=None, **orders):
    return run(shop, account_pk=1, origin=ORIGIN, apart=apart or shop.writer, **orders)


def first_call_at(story):
    return story.service.calls[0][0]


class Broken:
    """A way to the state on which every commit fails."""

    async def write(self, change, *args, **kwargs):
        raise StateError("the state cannot be written: disk I/O error")

    def close(self):
        pass


def test_a_run_that_is_alone_waits_for_nobody_and_leaves_no_row(shop):
    story = shared(shop)
    assert (story.code, first_call_at(story), shop.rows("SELECT * FROM standing")) == (0, 0.0, [])


def test_a_run_that_comes_to_others_gives_them_a_beat_to_make_room(shop):
    shop.do(standings.exchange, 1, ORIGIN, OTHER, {})
    story = shared(shop)
    assert (story.code, first_call_at(story)) == (0, BEAT_S)


def test_the_wait_that_another_run_was_told_holds_for_this_one(shop):
    shop.do(standings.exchange, 1, ORIGIN, Standing(2, 6000.0, None, 10, 6000.0, 10, blocked_s=3.0), {})
    assert 2.5 < first_call_at(shared(shop)) <= 3.5


def test_slots_that_a_dead_run_had_taken_are_free_when_it_is_forgotten(shop):
    shop.do(standings.exchange, 1, ORIGIN, Standing(2, 6000.0, None, 10, 6000.0, 10, taken=10, cap=10), {})
    story = shared(shop)
    assert (story.code, FORGET_AFTER_S <= first_call_at(story) <= FORGET_AFTER_S + BEAT_S) == (0, True)


def test_where_the_state_cannot_be_asked_the_run_goes_on_by_itself_and_says_so_once(shop, caplog):
    story = shared(shop, Broken())
    said = [record.getMessage() for record in caplog.records]
    assert (story.code, first_call_at(story)) == (0, 0.0)
    why = "the state cannot be written: disk I/O error"
    assert said == [f"this run does not share its pace any more, and goes on at its own limits: {why}"]


def test_nothing_is_shared_where_the_account_is_not_known(shop):
    shop.do(standings.exchange, 1, ORIGIN, OTHER, {})
    story = run(shop, origin=ORIGIN, apart=shop.writer)
    assert (story.code, first_call_at(story)) == (0, 0.0)
