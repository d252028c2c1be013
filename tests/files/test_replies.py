import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.files.replies import (
    Source,
    announced_bytes,
    continues,
    is_end_proven,
    is_expiry,
    retry_after_s,
    source_of,
)

DATE = "Mon, 01 Jan 2024 00:00:00 GMT"

WAITS = {
    "0": 0.0,
    "30": 30.0,
    "100000": 900.0,
    "Mon, 01 Jan 2024 00:00:45 GMT": 45.0,
    "Mon, 01 Jan 2035 00:00:00 GMT": 900.0,
    "Sun, 31 Dec 2023 00:00:00 GMT": 0.0,
    "": None,
    "-5": None,
    "1.5": None,
    "soon": None,
    "٣": None,
}


@pytest.mark.parametrize("said", WAITS)
def test_a_wait_is_read_against_the_answers_own_date(said):
    assert retry_after_s({"Retry-After": said, "Date": DATE}) == WAITS[said]


def test_a_date_to_wait_for_means_nothing_without_a_date_now():
    assert retry_after_s({"Retry-After": DATE}) is None


@given(
    st.dictionaries(
        st.sampled_from(["Retry-After", "Date", "ETag", "Content-Length", "Content-Range"]), st.text()
    )
)
def test_no_header_raises_anything(headers):
    source = Source("r", '"v1"', 10)
    wait = retry_after_s(headers)
    assert wait is None or 0 <= wait <= 900
    assert source_of("r", headers) is None or announced_bytes(headers) is not None
    assert isinstance(continues(headers, source, 5), bool)


PROOFS = [
    ({"Content-Length": "5"}, True),
    ({"Transfer-Encoding": "chunked"}, True),
    ({"Transfer-Encoding": "gzip, Chunked"}, True),
    ({"Content-Length": "five"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("headers", "expected"), PROOFS)
def test_an_end_is_proven_by_a_length_or_by_chunks(headers, expected):
    assert is_end_proven(headers) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"<Code>ExpiredToken</Code>", True), (b'{"error":"URL has EXPIRED"}', True), (b"bad request", False)],
)
def test_an_expiry_is_read_in_the_body(body, expected):
    assert is_expiry(body) is expected
