"""What is whose where several runs pay with one account: equal parts, nothing idle, and never more than the whole."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.sharing import (
    FORGET_AFTER_S,
    Others,
    Share,
    Standing,
    Told,
    divided,
    divided_whole,
    share_of,
)


def standing(batch, rate=60.0, slots=30, **fields):
    given_ = {"submissions_per_hour": None, "wanted_per_minute": rate, "wanted_slots": slots}
    return Standing(batch=batch, requests_per_minute=rate, in_flight=slots, **(given_ | fields))


def parts(*standings):
    """Requests a minute and slots of each."""
    found = [share_of(own, [each for each in standings if each is not own]) for own in standings]
    return [(round(share.requests_per_minute, 6), share.slots) for share in found]


CASES = {
    "two with work": ((standing(1), standing(2)), [(30, 15), (30, 15)]),
    "three with work": ((standing(1), standing(2), standing(3)), [(20, 10)] * 3),
    "one that needs little": (
        (standing(1), standing(2, wanted_per_minute=6.0, wanted_slots=3)),
        [(54, 27), (6, 3)],
    ),
    "two that need little divide the rest": (
        (standing(1, wanted_per_minute=10.0, wanted_slots=4), standing(2, wanted_per_minute=20.0)),
        [(25, 4), (35, 26)],
    ),
    "one whose manifest allows less": (
        (standing(1, rate=10.0, slots=2), standing(2)),
        [(10, 2), (50, 28)],
    ),
    "an odd number of slots": ((standing(1, slots=5), standing(2, slots=5)), [(30, 3), (30, 2)]),
    "a cap that one has learned": ((standing(1, cap=10), standing(2)), [(30, 5), (30, 5)]),
    "of two caps the smaller": ((standing(1, cap=10), standing(2, cap=4)), [(30, 2), (30, 2)]),
    "a newcomer gets what is not taken yet": (
        (standing(1, taken=28), standing(2)),
        [(30, 15), (30, 2)],
    ),
    "nothing is left for a newcomer": ((standing(1, taken=30), standing(2)), [(30, 15), (30, 0)]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_parts_of_runs_that_share(case):
    standings, expected = CASES[case]
    assert parts(*standings) == expected


def test_what_an_hour_allows_is_divided_among_those_that_know_of_it():
    one, two = standing(1, submissions_per_hour=100.0), standing(2)
    found = [share_of(one, [two]).submissions_per_hour, share_of(two, [one]).submissions_per_hour]
    assert found == [50.0, None]


wishes = st.lists(st.floats(0.0, 1e5), min_size=1, max_size=8)


@given(st.floats(0.1, 1e5), wishes)
def test_the_parts_are_the_whole_and_nobody_gets_less_than_an_equal_part_or_what_it_wishes(whole, wished):
    found = divided(whole, wished)
    assert sum(found) == pytest.approx(whole)
    assert all(
        part >= min(wish, whole / len(wished)) * (1 - 1e-9) for part, wish in zip(found, wished, strict=True)
    )


@given(st.integers(1, 1000), st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_slots_are_never_more_than_the_whole_and_nobody_who_wishes_one_is_left_out_where_there_are_enough(
    whole, wished
):
    found = divided_whole(whole, wished)
    is_left_out = [wish > 0 and part == 0 for part, wish in zip(found, wished, strict=True)]
    assert (sum(found) <= whole, whole >= len(wished) and any(is_left_out)) == (True, False)


limits = st.tuples(
    st.floats(0.5, 6000.0),
    st.integers(1, 500),
    st.floats(0.0, 6000.0),
    st.integers(0, 500),
    st.integers(0, 500),
)


@given(st.lists(limits, min_size=2, max_size=6))
def test_together_they_keep_to_the_largest_number_that_one_may_use(drawn):
    standings = [
        standing(number, rate, slots, wanted_per_minute=wanted, wanted_slots=wanted_slots, taken=taken)
        for number, (rate, slots, wanted, wanted_slots, taken) in enumerate(drawn)
    ]
    found = parts(*standings)
    assert sum(rate for rate, _ in found) <= max(each.requests_per_minute for each in standings) + 1e-3
    assert sum(slots for _, slots in found) <= max(each.in_flight for each in standings)


def told(batch, beat, age_s=0.0, **fields):
    return Told(beat, age_s, standing(batch, **fields))


def test_a_run_that_tells_nothing_new_for_some_seconds_is_dead_whatever_its_clock_says():
    others = Others()
    seen = [
        [each.batch for each in others.alive(now, [told(1, 7, age_s=1e9), told(2, beat, age_s=-1e9)])]
        for beat, now in enumerate((0.0, 3.0, FORGET_AFTER_S - 0.1, FORGET_AFTER_S))
    ]
    assert (seen, others.gone) == ([[1, 2], [1, 2], [1, 2], [2]], {1: 7})


def test_a_run_that_tells_again_is_alive_again():
    others = Others()
    others.alive(0.0, [told(1, 7)])
    others.alive(9.0, [told(1, 7)])
    assert ([each.batch for each in others.alive(10.0, [told(1, 8)])], others.gone) == ([1], {})


def test_a_row_that_was_taken_away_is_forgotten():
    others = Others()
    others.alive(0.0, [told(1, 7)])
    others.alive(9.0, [told(1, 7)])
    others.alive(10.0, [])
    assert ([each.batch for each in others.alive(11.0, [told(1, 7)])], others.gone) == ([1], {})


def test_of_a_wait_that_others_were_told_what_is_left_is_kept():
    others = Others()
    first = others.alive(0.0, [told(1, 1, age_s=0.5, blocked_s=3.0)])
    later = others.alive(2.0, [told(1, 1, age_s=-100.0, blocked_s=3.0)])
    assert [each.blocked_s for each in first + later] == [2.5, 1.0]


def test_a_part_that_shrinks_holds_at_once_and_one_that_grows_a_beat_later():
    others, small = Others(), Share(20.0, 10.0, 5, 1 / 3)
    large = Share(30.0, 15.0, 8, 1 / 2)
    assert [others.sure(each) for each in (large, small, large, large)] == [large, small, small, large]
    others.left_alone()
    assert others.sure(replace(large, slots=9)).slots == 9


def test_without_an_hourly_number_none_is_compared():
    assert Share(1.0, None, 1).no_more_than(Share(2.0, 3.0, 1)).submissions_per_hour is None
