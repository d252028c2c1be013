"""Rate-limit headers in the forms that are met in the wild."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.core.announced import parse_announcement, parse_retry_after
from runner.core.outcomes import SILENT, Announcement

DATE = "Mon, 01 Jan 2024 00:00:00 GMT"  # epoch second 1704067200


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(
            ("60", 60.0),
            ("0", 0.0),
            ("-5", 0.0),
            ("1.5", 1.5),
            ('"30"', 30.0),
            ("30;w=60", 30.0),
            ("30, 90", 30.0),
        ),
        *((" 7 ", 7.0), ("100000", 900.0), ("9" * 150, 900.0), ("999999999", 900.0)),
        *(
            ("6m0s", 360.0),
            ("12ms", 0.012),
            ("1h", 900.0),
            ("1m30.5s", 90.5),
            ("2s", 2.0),
            ("1500us", 0.0015),
        ),
        *(("1704067260", 60.0), ("1704067260.5", 60.5), ("1704067200", 0.0), ("1704060000", 0.0)),
        *(("1704067260000", 60.0), ("1704067200250", 0.25), ("4102444800", 900.0)),
        *(("Mon, 01 Jan 2024 00:02:00 GMT", 120.0), ("2024-01-01T00:02:00Z", 120.0)),
        *(('"2024-01-01T00:02:00+00:00"', 120.0), ("2024-01-01 00:02:00", 120.0)),
        *(("Sun, 31 Dec 2023 00:00:00 GMT", 0.0), ("2024-01-01T02:00:30+02:00", 30.0)),
        *(("", None), ("soon", None), ("1e3", None), ("NaN", None), ("inf", None), ("12 parsecs", None)),
        *(("Mon, 99 Foo 2024", None), ("٣", None), (",5", None), ("0x10", None)),
    ],
)
def test_a_wait_in_every_form(text, seconds):
    headers = {"Date": DATE, "X-RateLimit-Reset": text, "Retry-After": text}
    assert parse_announcement(headers) == Announcement(None, pytest.approx(seconds) if seconds else seconds)
    assert parse_retry_after(headers) == (pytest.approx(seconds) if seconds else seconds)


@pytest.mark.parametrize("date", [None, "", "yesterday"])
@pytest.mark.parametrize("text", ["1704067260", "1704067260000", "Mon, 01 Jan 2024 00:02:00 GMT"])
def test_a_moment_says_nothing_without_the_date_of_the_answer(date, text):
    headers = {"Retry-After": text, "X-RateLimit-Reset": text} | ({} if date is None else {"Date": date})
    assert (parse_announcement(headers), parse_retry_after(headers)) == (SILENT, None)


@pytest.mark.parametrize(
    ("text", "remaining"),
    [
        *(("98", 98), ("0", 0), ("98;window=60", 98), ("98, 500", 98), ('"5"', 5), ("1.9", 1), ("0.5", 0)),
        *(("-1", None), ("-7", 0), ("", None), ("many", None), ("9" * 150, 10**9), ("NaN", None)),
    ],
)
def test_a_remainder_in_every_form(text, remaining):
    assert parse_announcement({"x-ratelimit-remaining": text}) == Announcement(remaining)


def test_the_names_of_the_draft_go_first_and_case_does_not_matter():
    headers = {
        "X-RateLimit-Remaining": "9",
        "RATELIMIT-REMAINING": "5",
        "x-ratelimit-reset": "90",
        "RateLimit-Reset": "soon",
    }
    assert parse_announcement(headers) == Announcement(5, 90.0)


NAMES = st.sampled_from(
    [
        "Date",
        "Retry-After",
        "RateLimit-Reset",
        "X-RateLimit-Reset",
        "X-RateLimit-Remaining",
        "RateLimit-Remaining",
    ]
)
VALUES = st.one_of(
    st.text(),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.from_regex(r"[0-9]{1,30}(ms|s|m|h|d)[0-9]*s?", fullmatch=True),
    st.just(DATE),
)


@settings(deadline=None)  # the first draw of a loaded machine takes longer than any
@given(st.dictionaries(NAMES, VALUES))
def test_no_header_whatever_raises_or_leaves_the_bounds(headers):
    announcement = parse_announcement(headers)
    for seconds in (announcement.reset_after_s, parse_retry_after(headers)):
        assert seconds is None or 0.0 <= seconds <= 900.0
    assert announcement.remaining is None or 0 <= announcement.remaining <= 10**9
