"""The pace: the rate, the announced remainder, and refusals for a passing reason."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.announced import LONGEST_S
from runner.core.outcomes import SILENT, Announcement, Throttled
from runner.core.pacing import Call, Pace, Requests

SUBMIT, STATUS = Call.SUBMIT, Call.STATUS
SENT = 0.0
"""When a request left, where only its answer matters."""


def departures(pace: Pace, kind: Call, until: float, *, start: float = 0.0) -> list[float]:
    """When requests leave that all want to leave at once, each answered without a word."""
    now, times = start, []
    while now < until:
        wait = pace.wait_s(now, kind)
        if wait:
            now += wait
            continue
        pace.sent(now, kind)
        pace.heard(now, now, SILENT)
        times.append(now)
    return times


def most_in_any(times: list[float], seconds: float) -> int:
    return max((sum(start <= time <= start + seconds for time in times) for start in times), default=0)


def test_a_short_burst_then_even_spacing():
    times = departures(Pace(120), SUBMIT, 30.0)
    gaps = [round(after - before, 3) for before, after in pairwise(times)]
    assert times[9] == 0.0
    assert set(gaps[10:]) == {round(60.5 / 120, 3)}


def test_the_full_rate_is_used_and_never_exceeded():
    times = departures(Pace(120), STATUS, 600.0)
    assert most_in_any(times, 60.0) <= 120
    assert len(times) >= 1180
    assert max(after - before for before, after in pairwise(times)) < 6.0


@pytest.mark.parametrize(
    ("rate", "per_window", "window"), [(1, 1, 60), (0.5, 1, 120), (2.9, 2, 60), (6, 6, 60)]
)
def test_small_rates_hold(rate, per_window, window):
    times = departures(Pace(rate), SUBMIT, 1000.0)
    assert most_in_any(times, window) <= per_window
    assert len(times) >= 1000 / (window + 1) * per_window - 1


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_must_be_more_than_nothing(rate):
    with pytest.raises(ValueError, match="more than 0"):
        Pace(rate)


def test_submissions_have_a_limit_of_their_own_by_the_hour():
    pace = Pace(600, submissions_per_hour=30)
    times = departures(pace, SUBMIT, 7200.0)
    assert most_in_any(times, 3600.0) == 30
    assert pace.wait_s(times[-1] + 1, STATUS) == 0.0


def test_submissions_of_an_earlier_process_count():
    pace = Pace(600, submissions_per_hour=3)
    pace.recall([-3000.0, -10.0, -5.0])
    assert pace.wait_s(0.0, SUBMIT) > 600.0
    assert pace.wait_s(0.0, STATUS) == 0.0


def test_submissions_of_an_earlier_process_count_against_the_rate_as_well():
    pace = Pace(2)
    pace.recall([-50.0, -20.0])
    assert (pace.wait_s(0.0, STATUS), pace.wait_s(11.0, STATUS)) == (pytest.approx(10.5), 0.0)


@pytest.mark.parametrize("hourly", [None, 40.0])
@given(held_s=st.lists(st.floats(0.0, 5.0), min_size=5, max_size=5))
def test_submissions_that_leave_late_never_come_in_larger_numbers(hourly, held_s):
    pace, now, left = Pace(30, hourly), 0.0, []
    for number in range(120):
        now += pace.wait_s(now, SUBMIT)
        pace.sent(now, SUBMIT)
        leaves_at = max(now + held_s[number % 5], left[-1] if left else 0.0)
        pace.left_late(leaves_at, now)
        pace.heard(leaves_at, now, SILENT)
        left.append(leaves_at)
        now = leaves_at
    assert most_in_any(left, 60.0) <= 30
    assert hourly is None or most_in_any(left, 3600.0) <= hourly


def test_what_left_before_the_record_begins_need_not_leave_late():
    pace = Pace(1)
    pace.sent(0.0, SUBMIT)
    pace.sent(100.0, SUBMIT)
    pace.left_late(101.0, 0.0)
    assert pace.wait_s(101.0, SUBMIT) == pytest.approx(59.5)


def test_plenty_is_there_at_first_and_again_after_a_rest_and_none_after_a_rush():
    pace = Pace(120)
    shares = [pace.plenty(0.0)]
    departures(pace, STATUS, 0.001)
    shares += [pace.plenty(0.001), pace.plenty(2.521), pace.plenty(30.0)]
    assert shares == [1.0, 0.0, pytest.approx(0.4, abs=0.01), 1.0]


def test_what_is_announced_takes_the_plenty_away():
    pace = Pace(600)
    for left in (59, 40):
        pace.sent(0.0, STATUS)
        pace.heard(0.0, SENT, Announcement(left, reset_after_s=60.0))
    assert (pace.plenty(5.0), pace.plenty(61.0)) == (0.0, 1.0)


def test_nothing_left_holds_everybody_until_the_reset():
    pace = Pace(600)
    pace.sent(0.0, SUBMIT)
    pace.heard(1.0, SENT, Announcement(remaining=0, reset_after_s=40.0))
    assert (pace.wait_s(1.0, SUBMIT), pace.wait_s(21.0, STATUS), pace.wait_s(41.0, STATUS)) == (
        40.0,
        20.0,
        0.0,
    )


def test_nothing_left_without_a_reset_holds_for_a_minute():
    pace = Pace(600)
    pace.sent(0.0, SUBMIT)
    pace.heard(0.0, SENT, Announcement(remaining=0))
    assert pace.wait_s(0.0, SUBMIT) == 60.0


def test_an_answer_that_comes_late_does_not_raise_the_remainder():
    pace = Pace(600)
    for _ in range(3):
        pace.sent(0.0, STATUS)
    pace.heard(1.0, SENT, Announcement(0, 30.0))
    pace.heard(1.5, SENT, Announcement(2, 29.5))
    assert pace.wait_s(2.0, STATUS) == 29.0


def test_unanswered_requests_count_against_the_remainder():
    pace = Pace(600)
    for _ in range(4):
        pace.sent(0.0, STATUS)
    pace.heard(1.0, SENT, Announcement(3, 30.0))
    assert 0.0 < pace.wait_s(1.0, STATUS) < 1.0  # three are unanswered: look again soon
    pace.heard(1.1, SENT, Announcement(2, 30.0))
    assert 0.0 < pace.wait_s(1.1, STATUS) < 1.0  # two
    pace.heard(1.2, SENT, Announcement(4, 30.0))  # an older answer: it was counted before
    assert pace.wait_s(12.0, STATUS) == 0.0


def test_a_request_that_was_never_answered_may_have_been_counted():
    pace = Pace(600)
    for _ in range(2):
        pace.sent(0.0, STATUS)
    pace.heard(1.0, SENT, Announcement(1, 30.0))
    pace.unanswered(1.0, SENT)
    assert pace.wait_s(1.0, STATUS) == 30.0


def test_the_remainder_never_loosens_the_rate():
    pace = Pace(1)
    pace.sent(0.0, SUBMIT)
    pace.heard(0.0, SENT, Announcement(10**9, 0.0))
    assert pace.wait_s(1.0, SUBMIT) > 59.0


def test_after_the_reset_the_next_announcement_counts():
    pace = Pace(600)
    pace.sent(0.0, STATUS)
    pace.heard(0.0, SENT, Announcement(0, 10.0))
    pace.sent(10.0, STATUS)
    pace.heard(10.5, SENT, Announcement(99, 60.0))
    assert pace.wait_s(11.0, STATUS) == 0.0


def test_a_429_stops_both_kinds_for_as_long_as_it_says():
    pace = Pace(600)
    pace.sent(0.0, SUBMIT)
    pace.throttled(1.0, SENT, Throttled("", 30.0), 0.5)
    assert (pace.wait_s(1.0, SUBMIT), pace.wait_s(1.0, STATUS), pace.wait_s(31.0, SUBMIT)) == (
        30.0,
        30.0,
        0.0,
    )


@pytest.mark.parametrize("remaining", [0, None])
def test_a_429_without_retry_after_waits_for_the_reset(remaining):
    pace = Pace(600)
    pace.throttled(0.0, SENT, Throttled("", None, Announcement(remaining, 12.0)), 0.5)
    assert pace.wait_s(0.0, SUBMIT) == 12.0


def test_a_429_with_requests_left_has_nothing_to_do_with_the_reset():
    """It may be a cap on running tasks; the window ends whether or not one of them does."""
    pace = Pace(600)
    pace.throttled(0.0, SENT, Throttled("", None, Announcement(5, 12.0)), 0.999)
    assert round(pace.wait_s(0.0, SUBMIT)) == 2


def test_a_429_without_any_word_backs_off_further_each_time_and_starts_anew_after_success():
    pace, now, waits = Pace(600), 0.0, []
    for _ in range(7):
        pace.throttled(now, SENT, Throttled("", None), 0.999)
        waits.append(round(pace.wait_s(now, SUBMIT)))
        now += pace.wait_s(now, SUBMIT)
    pace.heard(now, SENT, SILENT)
    pace.throttled(now, SENT, Throttled("", 0.0), 0.999)
    assert (waits, round(pace.wait_s(now, SUBMIT))) == ([2, 4, 8, 16, 32, 60, 60], 2)


def test_ten_refusals_of_one_rush_count_as_one():
    pace = Pace(600)
    for _ in range(10):
        pace.throttled(0.0, SENT, Throttled("", None), 0.999)
    assert round(pace.wait_s(0.0, SUBMIT)) == 2


def test_a_pause_never_vanishes_by_an_unlucky_draw():
    pace = Pace(600)
    pace.throttled(0.0, SENT, Throttled("", None), 0.0)
    assert pace.wait_s(0.0, SUBMIT) == 0.5


def test_no_pause_is_longer_than_a_quarter_of_an_hour():
    pace = Pace(600)
    pace.throttled(0.0, SENT, Throttled("", 1e9), 0.0)
    assert pace.wait_s(0.0, SUBMIT) == LONGEST_S


ANNOUNCEMENTS = st.builds(
    Announcement, st.none() | st.integers(0, 50), st.none() | st.floats(0, LONGEST_S, allow_nan=False)
)
STEPS = st.tuples(
    st.floats(0, 40),
    st.sampled_from(["heard", "throttled", "unanswered", "none"]),
    ANNOUNCEMENTS,
    st.booleans(),
)


@given(rate=st.floats(0.5, 40), hourly=st.none() | st.floats(1, 60), steps=st.lists(STEPS, max_size=120))
def test_no_sequence_of_answers_loosens_the_rate(rate, hourly, steps):
    pace, now, sent, submitted = Pace(rate, hourly), 0.0, [], []
    for gap, event, announcement, is_submission in steps:
        kind = SUBMIT if is_submission else STATUS
        now += gap
        if pace.wait_s(now, kind) == 0.0:
            pace.sent(now, kind)
            sent.append(now)
            submitted += [now] * is_submission
        if event == "heard":
            pace.heard(now, SENT, announcement)
        elif event == "throttled":
            pace.throttled(now, SENT, Throttled("", announcement.reset_after_s, announcement), 0.3)
        elif event == "unanswered":
            pace.unanswered(now, SENT)
        assert pace.wait_s(now, kind) >= 0.0
    assert most_in_any(sent, 60.0) <= max(1, rate)
    assert hourly is None or most_in_any(submitted, 3600.0) <= hourly


@given(rate=st.floats(0.5, 600), events=st.lists(ANNOUNCEMENTS, max_size=20))
def test_everybody_may_go_on_in_the_end(rate, events):
    pace = Pace(rate)
    for announcement in events:
        pace.sent(0.0, STATUS)
        pace.throttled(0.0, SENT, Throttled("", None, announcement), 0.5)
    assert pace.wait_s(3600.0, SUBMIT) == 0.0


@given(rounds=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20), order=st.randoms())
def test_a_window_that_the_service_counts_is_never_overdrawn(rounds, order):
    """The service lets 30 requests into its window; they reach it, and their answers us, in any order."""
    pace, now, left, travelling, answers = Pace(6000), 0.0, 29, 0, []
    pace.sent(now, STATUS)
    pace.heard(now, 0.0, Announcement(left, 60.0))
    for tries, arrivals in rounds:
        for _ in range(tries):
            now += 0.1
            if pace.wait_s(now, STATUS) == 0.0:
                pace.sent(now, STATUS)
                travelling += 1
        for _ in range(min(arrivals, travelling)):
            travelling, left = travelling - 1, left - 1
            answers.append(left)
        order.shuffle(answers)
        for _ in range(order.randint(0, len(answers))):
            if order.random() < 0.1:
                answers.pop()
                pace.unanswered(now, SENT)
            else:
                pace.heard(now, 0.0, Announcement(answers.pop(), 60.0 - now))
    assert left - travelling >= 0


def test_what_is_at_hand_is_counted_over_the_window():
    pace = Pace(120)
    assert pace.at_hand(0.0) == Requests(120, 0.0)
    for now in (0.0, 10.0):
        pace.sent(now, STATUS)
    seen = [pace.at_hand(now) for now in (10.0, 61.0, 200.0)]
    assert seen == [Requests(118, 50.5), Requests(119, 9.5), Requests(120, 0.0)]


def test_what_the_service_announces_counts_where_it_is_less():
    pace = Pace(120)
    pace.sent(0.0, STATUS)
    pace.heard(1.0, 0.0, Announcement(7, 30.0))
    assert pace.at_hand(1.0) == Requests(7, 30.0)
    pace.sent(2.0, SUBMIT)
    assert pace.at_hand(2.0) == Requests(6, 29.0)
    assert pace.at_hand(40.0) == Requests(118, 20.5)


def test_where_more_is_announced_than_configured_the_configured_rate_counts():
    pace = Pace(6)
    pace.sent(0.0, STATUS)
    pace.heard(1.0, 0.0, Announcement(1000, 30.0))
    assert pace.at_hand(1.0) == Requests(5, 59.5)


def test_more_unanswered_requests_than_are_left_leave_none():
    pace = Pace(120)
    for _ in range(5):
        pace.sent(0.0, STATUS)
    pace.heard(1.0, 0.0, Announcement(2, 30.0))
    assert pace.at_hand(1.0) == Requests(0, 30.0)


def test_a_process_that_shares_the_rate_slows_down_at_once_and_has_it_all_again_when_it_is_alone():
    pace, counts, now = Pace(120, 3600.0), [], 0.0
    for rate, hourly in ((120, 3600.0), (30, 900.0), (30, None), (120, 3600.0)):
        pace.share(rate, hourly, rate / 120)
        counts.append(len(departures(pace, STATUS, now + 60.0, start=now)))
        now += 60.5
    # A small burst of the smaller part is left, and the record of the own rate holds throughout.
    assert (counts[0], counts[1] <= 30 + 5, counts[2], 110 <= counts[3] <= 120) == (120, True, 30, True)


def test_a_share_of_less_than_one_a_minute_is_a_longer_wait():
    pace = Pace(60)
    pace.share(0.5, None, 1 / 120)
    times = departures(pace, STATUS, 600.0)
    assert [round(after - before, 1) for before, after in pairwise(times)] == [120.5] * 4


def test_where_others_were_told_to_wait_this_one_waits_too_and_does_not_tell_it_on():
    pace = Pace(60)
    pace.keep_still(0.0, 20.0)
    waits = [pace.wait_s(5.0, SUBMIT), pace.blocked_s(5.0)]
    pace.keep_still(6.0, 0.0)
    waits.append(pace.wait_s(6.0, SUBMIT))
    pace.throttled(6.0, 6.0, Throttled("slow down", after_s=9.0), 0.5)
    assert [*waits, pace.blocked_s(7.0)] == [15.0, 0.0, 0.0, 8.0]
