"""A cap on running tasks that the service does not name is found, kept, and tried again ever less often."""

from hypothesis import given
from hypothesis import strategies as st

from runner.core.capacity import Capacity


def worked(cap, rounds, most=20):
    """Fill all slots, let one task end, and again: how often a service with that cap refuses, and the capacity."""
    capacity, running, refused, seen = Capacity(most), 0, 0, []
    for moment in range(rounds):
        while running < capacity.now:
            if running >= cap:
                refused += 1
                capacity.refused(moment, moment, running)
                break
            running += 1
            capacity.accepted(moment, running)
        seen.append(capacity.now)
        running -= 1
        capacity.ended()
    return refused, seen


def test_a_hidden_cap_is_found_at_the_first_refusal_and_hardly_touched_any_more():
    refused, seen = worked(cap=7, rounds=2000)
    assert (set(seen), refused <= 16) == ({7}, True)


def test_without_a_cap_the_configured_number_stands():
    assert worked(cap=99, rounds=100)[1] == [20] * 100


def test_after_a_refusal_by_chance_the_configured_number_is_soon_back():
    """9 run, then one more after a round of 9, two after the next, four, eight."""
    capacity, seen = Capacity(30), []
    capacity.refused(1.0, 0.5, 9)
    for _ in range(80):
        capacity.ended()
        seen.append(capacity.now)
    assert [seen.index(each) + 1 for each in sorted(set(seen))] == [1, 9, 19, 31, 47, 71]
    assert seen[-1] == 30


def test_the_refusals_of_one_rush_are_one():
    """Each would double the rounds until the next is tried."""
    capacity = Capacity(10)
    capacity.refused(1.0, 0.5, 3)
    for number in range(5):
        capacity.refused(1.1 + number / 10, 0.9, 3)
    for _ in range(3):
        capacity.ended()
    assert capacity.now == 4


def test_what_was_in_the_air_at_a_refusal_and_is_accepted_counts_as_running():
    """The answers come in any order: 5 run when the first refusal is heard, 7 when all are."""
    capacity = Capacity(20)
    capacity.refused(1.2, 1.0, 5)
    at_first = capacity.now
    capacity.accepted(1.0, 6)
    capacity.accepted(1.1, 7)
    capacity.accepted(1.3, 8)  # left later: it took the place of one that had ended unseen
    assert (at_first, capacity.now) == (5, 7)


def test_a_cap_that_is_lifted_is_noticed():
    capacity = Capacity(10)
    capacity.refused(1.0, 1.0, 3)
    for _ in range(3 + 4 + 6):
        capacity.ended()
    assert capacity.now == 10


@given(
    st.lists(
        st.tuples(st.sampled_from(["refused", "accepted", "ended"]), st.integers(0, 20), st.floats(0, 9)),
        max_size=200,
    )
)
def test_it_is_never_nothing_and_never_more_than_is_configured(steps):
    capacity = Capacity(12)
    for moment, (name, running, ago_s) in enumerate(steps):
        match name:
            case "refused":
                capacity.refused(moment, moment - ago_s, running)
            case "accepted":
                capacity.accepted(moment - ago_s, running)
            case _:
                capacity.ended()
        assert 1 <= capacity.now <= 12


def test_where_several_share_the_number_is_that_of_all_and_what_was_learned_stays():
    """First free of any refusal, then with a cap of 7."""
    capacity, seen = Capacity(10), []
    for most in (30, 20):
        capacity.reach(most)
        seen.append((capacity.now, capacity.is_learned))
    capacity.refused(1.0, 0.5, 7)
    for most in (30, 5):
        capacity.reach(most)
        seen.append((capacity.now, capacity.is_learned))
    assert seen == [(30, False), (20, False), (7, True), (5, False)]
