"""The words in which a look at a run is told."""

import pytest

from runner.core.forecast import Span
from runner.core.glance import Cause, Transfers, Waiting
from runner.core.pacing import Requests
from runner.report import phrases


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h"), (200_000, "2.3 days")],
)
def test_a_time(seconds, text):
    assert phrases.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0.0 kB"), (13_500, "13.5 kB"), (7e6, "7.0 MB"), (9.2e9, "9.2 GB")]
)
def test_a_size(number, text):
    assert phrases.size(number) == text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (None, None),
        (Span(30, 90), "30 to 90 s left"),
        (Span(30, 700), "30 s to 12 min left"),
        (Span(720.0, 722.0), "about 12 min left"),
    ],
)
def test_the_time_that_is_left(left, text):
    assert phrases.time_left(left) == text


@pytest.mark.parametrize(
    ("per_minute", "text"), [(None, None), (8.21, "8.2 jobs a minute"), (0.5, "30.0 jobs an hour")]
)
def test_a_rate(per_minute, text):
    assert phrases.rate(per_minute) == text


@pytest.mark.parametrize(
    ("at_hand", "text"),
    [
        (Requests(120, 0.0), "120 left in this window"),
        (Requests(0, 0.2), "0 left in this window, more in 1 s"),
        (Requests(88, 41.2), "88 left in this window, more in 41 s"),
    ],
)
def test_the_requests_in_the_window(at_hand, text):
    assert phrases.requests(at_hand) == text


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (Transfers(), "0 saved (0.0 kB)"),
        (Transfers(2, None, 1, 7_000_000), "1 saved (7.0 MB), 2 coming"),
        (Transfers(2, 4.2e6, 1, 7_000_000), "1 saved (7.0 MB), 2 coming at 4.2 MB/s"),
    ],
)
def test_transfers(now, text):
    assert phrases.transfers(now) == text


REASONS = {
    Cause.STOPPING: "10 submissions in the air, then it stops",
    Cause.SERVICE: "the service, which has not answered for 12 s",
    Cause.CANARY: "the first job of each kind, before the rest goes",
    Cause.RATE: "rate limit, 12 s",
    Cause.HOURLY: "submissions an hour, 12 s",
    Cause.BUDGET: "the budget, which has no room now",
    Cause.SLOTS: "slots, all 10 are taken",
    Cause.TASKS: "10 tasks at the service",
    Cause.DOWNLOADS: "10 downloads",
}


@pytest.mark.parametrize("cause", Cause)
def test_what_it_waits_for(cause):
    assert phrases.waiting(Waiting(cause, 12.0, 10)) == REASONS[cause]


def test_an_even_pace_has_no_number():
    assert phrases.waiting(Waiting(Cause.RATE)) == "rate limit"
    assert phrases.waiting(None) is None


def test_a_run_that_stops_with_nothing_in_the_air_says_so():
    assert phrases.waiting(Waiting(Cause.STOPPING, None, 0)) == "no submissions in the air, then it stops"
