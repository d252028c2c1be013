"""Credits and dollars."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.money import Budget, Credits, Price, fits, jobs_that_fit

PRICE = Price(Credits(40), Decimal("0.40"))
PRICES = st.builds(
    Price,
    st.integers(1, 10_000).map(Credits),
    st.decimals(Decimal("0.001"), Decimal(1000), places=3),
)
AMOUNTS = st.integers(0, 100_000)


@pytest.mark.parametrize(
    ("price", "amount", "dollars"),
    [
        (PRICE, 0, "0.00"),
        (PRICE, 40, "0.40"),
        (PRICE, 960, "9.60"),
        (PRICE, -80, "-0.80"),
        (Price(Credits(3), Decimal("0.01")), 3, "0.01"),
        (Price(Credits(1000), Decimal("0.10")), 1, "0.0001"),
        (Price(Credits(40), Decimal(0)), 80, "0.00"),
    ],
)
def test_credits_in_dollars_are_exact_to_the_cent_or_finer(price, amount, dollars):
    assert str(price.usd_of(amount)) == dollars


@pytest.mark.parametrize(
    ("price", "usd", "credits_"),
    [
        (PRICE, "40", 4000),
        (PRICE, "0.39", 39),
        (PRICE, "0.399", 39),
        (PRICE, "0", 0),
        (Price(Credits(7), Decimal("0.03")), "1", 233),
        (Price(Credits(40), Decimal(0)), "40", 0),
    ],
)
def test_dollars_buy_whole_credits_rounded_down(price, usd, credits_):
    assert price.credits_for(Decimal(usd)) == credits_


@given(PRICES, st.decimals(0, 10_000, places=2))
def test_what_dollars_buy_never_costs_more_than_they_are(price, usd):
    bought = price.credits_for(usd)
    assert price.usd * bought <= usd * price.credits < price.usd * (bought + 1)


@pytest.mark.parametrize(
    ("budget", "credits_"),
    [
        (Budget(credits=Credits(7)), 7),
        (Budget(usd=Decimal("4.00")), 400),
        (Budget(), 0),
        (Budget(credits=Credits(0)), 0),
    ],
)
def test_a_budget_in_credits(budget, credits_):
    assert budget.in_credits(PRICE) == credits_


@given(spent=AMOUNTS, reserved=AMOUNTS, price=st.integers(1, 1000), budget=st.none() | AMOUNTS)
def test_one_more_fits_exactly_where_the_cap_is_kept_with_it(spent, reserved, price, budget):
    assert fits(spent=spent, reserved=reserved, price=price, budget=budget) == (
        budget is None or spent + reserved + price <= budget
    )


@given(
    spent=AMOUNTS,
    reserved=AMOUNTS,
    price=st.integers(1, 1000),
    budget=st.none() | AMOUNTS,
    wanted=st.integers(0, 500),
)
def test_as_many_jobs_fit_as_can_be_reserved_for_one_after_the_other(spent, reserved, price, budget, wanted):
    number = jobs_that_fit(spent=spent, reserved=reserved, price=price, budget=budget, wanted=wanted)
    before = {"spent": spent, "price": price, "budget": budget}
    assert 0 <= number <= wanted
    assert number == 0 or fits(reserved=reserved + (number - 1) * price, **before)
    assert number == wanted or not fits(reserved=reserved + number * price, **before)


@pytest.mark.parametrize(
    ("budget", "typed"),
    [(Budget(credits=Credits(4000)), "4000"), (Budget(usd=Decimal("12.50")), "12.50usd")],
)
def test_a_budget_is_written_as_it_would_be_typed(budget, typed):
    assert str(budget) == typed
