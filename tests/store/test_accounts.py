"""The cap of an account: over all batches of a token, in the reservation itself."""

import contextlib
import threading

import pytest
from store_support import NOW, job_of, shop_at

from runner.core.account import Account, Period
from runner.core.model import AttemptOutcome
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass, TaskId
from runner.store import accounts, attempts, health

TODAY, TOMORROW, NEXT_MONTH = "2026-01-02T03:04:05.000+00:00", "2026-01-03T00:00:00.000+00:00", "2026-02-01"
LIVE = ["submitting", "running", "unknown"]


@pytest.fixture
def shop(state):
    """A batch of ten jobs with a budget for all of them."""
    with shop_at(state, *map(job_of, range(10))) as opened:
        yield opened


def capped(shop, cap, per=Period.EVER, name="a"):
    found = shop.do(accounts.open_account, name, NOW)
    shop.do(accounts.set_cap, found.pk, None if cap is None else Credits(cap), per)
    return found.pk


def reserve(shop, rank, account_pk, now=TODAY):
    return shop.do(attempts.reserve, shop.pk, shop.job(rank).pk, now, account_pk)


def stands(shop, account_pk, now=TODAY):
    found = shop.do(accounts.by_pk, account_pk, now)
    return found.spent, found.reserved


def sums(shop):
    """What the attempts themselves say of each account and day."""
    live = ", ".join(f"'{word}'" for word in LIVE)
    return shop.rows(
        f"SELECT account, substr(submitted_at, 1, 10), sum(iif(outcome IN ({live}), 0, credits)), "
        f"sum(iif(outcome IN ({live}), credits, 0)) FROM attempt WHERE account IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    )


def test_an_account_is_made_once_and_has_no_cap_until_somebody_sets_one(shop):
    first = shop.do(accounts.open_account, "a", NOW)
    assert shop.do(accounts.open_account, "a", NOW) == first == Account(1, "a", None, Period.EVER, 0, 0)
    assert shop.do(accounts.of_fingerprint, "b", NOW) is None
    capped(shop, 80, Period.DAY)
    assert shop.do(accounts.of_fingerprint, "a", NOW) == Account(1, "a", 80, Period.DAY, 0, 0)


def test_a_reservation_that_does_not_fit_the_cap_changes_nothing(shop):
    account = capped(shop, 119)
    given = [reserve(shop, rank, account) is not None for rank in range(4)]
    assert (given, stands(shop, account), shop.books()) == ([True, True, False, False], (0, 80), (0, 80, 0))
    assert [state for state in shop.states() if state != "pending"] == ["submitting"] * 2


def test_without_a_cap_or_without_an_account_only_the_budget_holds(shop):
    account = capped(shop, None)
    assert None not in [reserve(shop, 0, account), reserve(shop, 1, None)]
    assert (stands(shop, account), shop.books()) == ((0, 40), (0, 80, 0))


def test_the_budget_holds_beside_the_cap(shop):
    shop.budget(40)
    account = capped(shop, 4000)
    assert [reserve(shop, rank, account) is None for rank in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("per", "given"),
    [
        (Period.DAY, [True, True, True]),
        (Period.MONTH, [True, False, True]),
        (Period.EVER, [True, False, False]),
    ],
)
def test_a_cap_counts_what_was_begun_in_its_day_or_month(shop, per, given):
    account = capped(shop, 40, per)
    moments = TODAY, TOMORROW, NEXT_MONTH
    assert [reserve(shop, rank, account, now) is not None for rank, now in enumerate(moments)] == given


def test_another_account_has_a_cap_of_its_own(shop):
    first, second = capped(shop, 40), capped(shop, 40, name="b")
    given = [
        reserve(shop, rank, account) is not None
        for rank, account in enumerate((first, first, second, second))
    ]
    assert (given, stands(shop, first), stands(shop, second)) == (
        [True, False, True, False],
        (0, 40),
        (0, 40),
    )


def test_it_counts_over_all_batches(state):
    with (
        shop_at(state, *map(job_of, range(2))) as first,
        shop_at(state, *map(job_of, range(2)), name="b") as second,
    ):
        account = capped(first, 40)
        pk = second.rows("SELECT min(id) FROM job WHERE batch = ?", second.pk)[0][0]
        assert reserve(first, 0, account) is not None
        assert second.do(attempts.reserve, second.pk, pk, TODAY, account) is None


def test_what_becomes_of_the_attempts_is_booked_for_the_account_too(shop):
    account = capped(shop, 4000)
    held = [reserve(shop, rank, account).attempt for rank in range(5)]
    shop.do(attempts.give_back, held[0], AttemptOutcome.NOT_SENT, "no", NOW)
    for number in (1, 2, 3):
        shop.do(attempts.accept, held[number], TaskId(f"t{number}"))
    shop.do(attempts.complete, held[1], Credits(55), ["https://a"], NOW)
    shop.do(attempts.fail, held[2], Credits(0), "no", ErrorClass.SERVICE, NOW)
    shop.do(attempts.lose_sight, held[4], "cut", None)
    assert stands(shop, account) == (55, 80)
    assert sums(shop) == shop.rows("SELECT account, day, spent, reserved FROM spending ORDER BY 1, 2")


def test_what_ends_tomorrow_is_booked_where_it_began(shop):
    account = capped(shop, 40, Period.DAY)
    held = reserve(shop, 0, account).attempt
    shop.do(attempts.accept, held, TaskId("t"))
    shop.do(attempts.complete, held, Credits(40), ["https://a"], TOMORROW)
    assert (stands(shop, account), stands(shop, account, TOMORROW)) == ((40, 0), (0, 0))


def test_credits_that_come_back_have_room_again(shop):
    account = capped(shop, 40)
    held = reserve(shop, 0, account).attempt
    shop.do(attempts.give_back, held, AttemptOutcome.NOT_SENT, "no", NOW)
    assert reserve(shop, 1, account) is not None


def test_sums_that_are_not_those_of_the_attempts_are_named(shop):
    account = capped(shop, 4000)
    reserve(shop, 0, account)
    assert shop.do(health.wrong_books) == []
    shop.do(lambda connection: connection.exec_driver_sql("UPDATE spending SET spent = 7"))
    assert shop.do(health.wrong_books) == [
        "account a on 2026-01-02: spent, reserved are (7, 40), the attempts say (0, 40)"
    ]
    shop.do(lambda connection: connection.exec_driver_sql("DELETE FROM spending"))
    assert shop.do(health.wrong_books) == [
        "account a on 2026-01-02: spent, reserved are (0, 0), the attempts say (0, 40)"
    ]


def test_four_batches_that_spend_at_once_never_pass_the_cap_and_use_all_that_fits(state):
    with contextlib.ExitStack() as stack:
        shops = [stack.enter_context(shop_at(state, *map(job_of, range(20)), name=f"b{n}")) for n in range(4)]
        account = capped(shops[0], 1019)
        given, ready = [], threading.Barrier(4)

        def spend(shop):
            (first,) = shop.rows("SELECT min(id) FROM job WHERE batch = ?", shop.pk)[0]
            ready.wait()
            for job_pk in range(first, first + 20):
                if shop.do(attempts.reserve, shop.pk, job_pk, TODAY, account) is not None:
                    given.append(job_pk)

        threads = [threading.Thread(target=spend, args=(shop,)) for shop in shops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(given), stands(shops[0], account)) == (25, (0, 1000))
