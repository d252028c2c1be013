"""What the runs of one account tell each other, each its own row."""

import asyncio

import pytest
from store_support import NOW, raw, terms_of

from runner.core.errors import StateError
from runner.core.sharing import Standing
from runner.store import accounts, batches, standings
from runner.store.database import open_apart
from runner.store.writer import DirectWriter

ORIGIN, OTHER = "https://service.example", "https://other.example"
FIRST = Standing(1, 60.0, None, 30, 6.5, 4, taken=3, cap=20, blocked_s=1.5)
SECOND = Standing(2, 60.5, 100.0, 30, 60.0, 30)


@pytest.fixture
def shared(shop):
    """A state with two batches and two accounts."""
    shop.do(batches.open_batch, terms_of("autumn"), NOW)
    for name in "ab":
        shop.do(accounts.open_account, name, NOW)
    return shop


def told(shop, own, account=1, origin=ORIGIN, gone=()):
    """What the run of ``own`` hears: beats and standings."""
    found = shop.do(standings.exchange, account, origin, own, dict(gone))
    assert all(0.0 <= each.age_s < 60.0 for each in found)
    return [(each.beat, each.standing) for each in found]


def test_each_hears_of_the_others_and_of_each_of_their_beats(shared):
    heard = [told(shared, each) for each in (FIRST, SECOND, SECOND, FIRST)]
    assert heard == [[], [(0, FIRST)], [(0, FIRST)], [(1, SECOND)]]


def test_nobody_hears_of_another_account_or_another_service(shared):
    told(shared, FIRST)
    assert [told(shared, SECOND, account=2), told(shared, SECOND, origin=OTHER)] == [[], []]


def test_who_leaves_is_not_heard_of_any_more(shared):
    told(shared, FIRST)
    shared.do(standings.leave, 1)
    assert told(shared, SECOND) == []


def test_a_dead_one_is_taken_away_unless_it_has_told_something_since(shared):
    told(shared, FIRST)
    told(shared, FIRST)
    heard = [told(shared, SECOND, gone={1: 0}), told(shared, SECOND, gone={1: 1})]
    assert heard == [[(1, FIRST)], []]


def test_what_the_state_refuses_is_an_error_of_the_state(shared):
    nobody = Standing(99, 60.0, None, 30, 6.5, 4)
    with pytest.raises(StateError, match=r"the state refuses it: .*(FOREIGN|foreign) "):
        asyncio.run(standings.carried_out(shared.writer, standings.exchange, 1, ORIGIN, nobody, {}))


def test_what_the_state_accepts_is_handed_on(shared):
    assert asyncio.run(standings.carried_out(shared.writer, raw("SELECT 7"))) == [(7,)]


def test_what_is_told_apart_is_seen_at_once_and_leaves_the_others_as_durable_as_they_were(shared, place):
    apart = DirectWriter(open_apart(shared.path))
    asked = "PRAGMA synchronous" if place == "file" else "SHOW synchronous_commit"
    apart.write_now(standings.exchange, 1, ORIGIN, FIRST, {})
    levels = [each(raw(asked))[0][0] for each in (apart.write_now, shared.do)]
    apart.close()
    assert (told(shared, SECOND), levels) == ([(0, FIRST)], [1, 2] if place == "file" else ["off", "on"])
