"""The announced remainder: never overdrawn, used evenly, and its window measured where its reset is rounded."""

import math

import pytest

from runner.core.allowance import Allowance
from runner.core.outcomes import SILENT, Announcement


class Window:
    """A service that lets ``limit`` requests into ``length_s``, from the first on.

    Its reset is in multiples of ``unit_s``, counted from a moment in multiples of ``date_unit_s``; 0 is exact.
    """

    def __init__(self, limit=30, length_s=2.0, unit_s=0.0, date_unit_s=0.0):
        self.limit, self.length_s, self.unit_s, self.date_unit_s = limit, length_s, unit_s, date_unit_s
        self.ends_at = float("-inf")
        self.refused = 0

    def answer(self, now):
        if now >= self.ends_at:
            self.ends_at, self.left = now + self.length_s, self.limit
        self.refused += self.left <= 0
        self.left = max(0, self.left - 1)
        end, date = self.ends_at, now
        if self.unit_s:
            end = math.ceil(end / self.unit_s) * self.unit_s
        if self.date_unit_s:
            date = math.floor(now / self.date_unit_s) * self.date_unit_s
        return Announcement(self.left, end - date)


def departures(window, seconds, answer_s=0.004):
    """When the requests of somebody leave who always has one more, one at a time."""
    allowance, now, times = Allowance(), 0.0, []
    while now < seconds:
        wait_s = allowance.wait_s(now)
        if wait_s > 1e-9:
            now += wait_s
            continue
        allowance.unanswered += 1
        times.append(now)
        announced = window.answer(now)
        now += answer_s
        allowance.heard(now, times[-1], announced)
    return times


@pytest.mark.parametrize(
    ("unit_s", "date_unit_s"), [(0.0, 0.0), (0.001, 1.0), (1.0, 1.0)], ids=["exact", "ms", "whole seconds"]
)
def test_a_window_is_used_up_and_never_overdrawn_however_its_reset_is_rounded(unit_s, date_unit_s):
    window = Window(unit_s=unit_s, date_unit_s=date_unit_s)
    times = departures(window, 40.0)
    settled = [at for at in times if at >= 20.0]
    assert window.refused == 0
    assert len(settled) / 20.0 >= 0.93 * 15.0


def test_a_window_is_not_used_up_in_a_rush():
    times = departures(Window(limit=60, length_s=60.0), 60.0)
    assert sum(at < 10.0 for at in times) <= 10 + 10 + 1


def test_where_nothing_is_announced_there_is_plenty():
    allowance = Allowance()
    allowance.unanswered += 1
    allowance.heard(1.0, 0.0, SILENT)
    assert (allowance.wait_s(1.0), allowance.plenty(1.0), allowance.least) == (0.0, 1.0, None)


def test_plenty_is_what_was_not_used_in_time():
    allowance = Allowance()
    allowance.unanswered += 1
    allowance.heard(0.0, 0.0, Announcement(60, 60.0))
    early = allowance.plenty(1.0)
    for number in range(20):
        allowance.unanswered += 1
        allowance.heard(2.0, 1.0, Announcement(59 - number, 58.0))
    assert (early, allowance.plenty(2.0), allowance.plenty(18.0)) == (1.0, 0.0, pytest.approx(0.8))


def test_an_answer_that_was_overtaken_is_no_refill():
    allowance = Allowance()
    allowance.unanswered += 2
    allowance.heard(1.0, 0.5, Announcement(3, 30.0))
    allowance.heard(1.2, 0.4, Announcement(9, 30.0))
    assert allowance.least == 3


def test_a_higher_remainder_of_a_request_that_was_sent_later_is_a_refill():
    allowance = Allowance()
    allowance.unanswered += 2
    allowance.heard(1.0, 0.5, Announcement(0, 30.0))
    allowance.heard(3.2, 3.1, Announcement(29, 30.0))
    assert (allowance.least, allowance.wait_s(3.2) <= 0.0) == (29, True)


def test_windows_that_do_not_agree_are_not_believed():
    allowance, now = Allowance(), 0.0
    for length_s in (2.0, 3.5, 2.0, 3.5):
        allowance.unanswered += 2
        allowance.heard(now, now, Announcement(5, 10.0))
        now += length_s
        allowance.heard(now - 0.01, now - 0.01, Announcement(1, 10.0))
    allowance.unanswered += 1
    allowance.heard(now, now, Announcement(5, 10.0))
    allowance.unanswered += 1
    allowance.heard(now, now, Announcement(0, 10.0))
    assert allowance.wait_s(now) == 10.0


def test_of_one_window_the_earliest_end_that_was_announced_is_the_nearest():
    allowance = Allowance()
    allowance.unanswered += 3
    allowance.heard(1.0, 0.5, Announcement(2, 30.9))
    allowance.heard(2.0, 1.5, Announcement(1, 29.1))
    allowance.heard(3.0, 2.5, Announcement(0, 28.9))
    assert allowance.wait_s(3.0) == pytest.approx(28.1)


def test_a_reset_that_moves_on_is_waited_for_where_nothing_is_left():
    allowance = Allowance()
    allowance.unanswered += 2
    allowance.heard(1.0, 0.5, Announcement(1, 5.0))
    allowance.heard(3.0, 2.5, Announcement(0, 9.0))
    assert allowance.wait_s(3.0) == 9.0


def test_an_exact_reset_is_not_made_earlier_by_measuring():
    allowance, now = Allowance(), 0.0
    for _ in range(3):  # looked at late in each window of 10 s, so that the measured length is short
        allowance.unanswered += 2
        allowance.heard(now + 0.01, now, Announcement(5, 9.99))
        now += 9.7
        allowance.heard(now - 0.01, now - 0.02, Announcement(0, 0.31))
    allowance.unanswered += 1
    allowance.heard(now, now, Announcement(5, 9.5))
    allowance.unanswered += 1
    allowance.heard(now, now, Announcement(0, 9.5))
    assert allowance.wait_s(now) == pytest.approx(9.5)


def test_two_that_have_half_of_the_remainder_each_overdraw_it_no_more_than_one_would():
    """Each hears only its own answers; alone, each would take all that was left when it last asked."""

    def refused(fraction):
        window, now, both = Window(limit=20, length_s=1.0), 0.0, (Allowance(), Allowance())
        for each in both:
            each.fraction = fraction
        in_air = []
        while now < 20.0:
            for at, each, announced in [flight for flight in in_air if flight[0] + 0.03 <= now]:
                each.heard(now, at, announced)
                in_air.remove((at, each, announced))
            for each in both:
                if each.wait_s(now) <= 0:
                    each.unanswered += 1
                    in_air.append((now, each, window.answer(now)))
            now += 0.005
        return window.refused

    assert refused(0.5) * 2 < refused(1.0)


def test_an_empty_window_is_known_until_it_ends():
    allowance, seen = Allowance(), []
    allowance.heard(0.0, 0.0, Announcement(1, 2.0))
    seen.append(allowance.empty_s(0.0))
    allowance.heard(0.5, 0.4, Announcement(0, 1.5))
    seen += [allowance.empty_s(0.5), allowance.empty_s(9.0)]
    assert seen == [0.0, 1.5, 0.0]
