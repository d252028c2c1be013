"""The account behind a token and its cap."""

import pytest

from runner.core.account import Account, Period, days_from, fingerprint_of

MOMENT = "2026-11-26T23:59:59.999+00:00"


def account(cap=None, per=Period.EVER, spent=0, reserved=0):
    return Account(1, "f", cap, per, spent, reserved)


def test_a_fingerprint_tells_tokens_apart_and_does_not_hold_them():
    one, other = fingerprint_of("token-1"), fingerprint_of("token-2")
    assert (one == fingerprint_of(" token-1\n"), one != other, len(one), "token" in one) == (
        True,
        True,
        16,
        False,
    )


@pytest.mark.parametrize(
    ("per", "first"), [(Period.DAY, "2026-11-26"), (Period.MONTH, "2026-11"), (Period.EVER, "")]
)
def test_what_counts_begins_with_the_day_or_the_month_of_the_moment(per, first):
    assert days_from(per, MOMENT) == first
    counts = [day >= first for day in ("2026-10-31", "2026-11-01", "2026-11-25", "2026-11-26")]
    assert (
        counts
        == {
            Period.DAY: [False, False, False, True],
            Period.MONTH: [False, True, True, True],
            Period.EVER: [True] * 4,
        }[per]
    )


@pytest.mark.parametrize(
    ("one", "left", "has_room"),
    [
        (account(), None, True),
        (account(cap=100, spent=40, reserved=20), 40, True),
        (account(cap=100, spent=40, reserved=21), 39, False),
        (account(cap=0), 0, False),
        (account(cap=10, spent=40), -30, False),
    ],
)
def test_what_is_left_is_the_cap_less_what_is_spent_and_reserved(one, left, has_room):
    assert (one.left, one.has_room_for(40)) == (left, has_room)


def test_it_says_its_terms_and_why_it_is_full():
    monthly = account(cap=100, per=Period.MONTH, spent=60, reserved=40)
    assert [account().terms, account(cap=100).terms, monthly.terms] == [
        "no cap",
        "100 credits",
        "100 credits a month",
    ]
    assert (
        "cap of 100 credits a month has no room for another generation (60 spent, 40 reserved)"
        in monthly.why_full
    )
