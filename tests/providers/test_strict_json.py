"""JSON of which every byte may be meant badly."""

import contextlib
import gzip
import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.providers.grokimagine.strict_json import BODY_BYTES_MAX, MalformedError, inflated, parsed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b" " * (BODY_BYTES_MAX + 1), "longer than 1 MiB"),
        (b"[" * 21 + b"]" * 21, "20 levels"),
        (b"[" * 1_000_000, "20 levels"),
        (b'{"a":' * 100_000, "20 levels"),
        (b"\xff", "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'{"a":1,"a":1}', "a key twice"),
        (b"NaN", "holds NaN"),
        (b"[-Infinity]", "holds -Infinity"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'"\n"', "not JSON"),
    ],
)
def test_what_is_not_believed(body, reason):
    with pytest.raises(MalformedError, match=reason):
        parsed(body)


def test_brackets_within_texts_are_not_depth():
    assert parsed(b'["' + b"[" * 100 + b'\\"' + b"{" * 100 + b'"]') == ["[" * 100 + '"' + "{" * 100]
    assert parsed(b"[" * 20 + b"]" * 20)


def test_odd_numbers_become_nan_where_they_are_let_in():
    numbers = parsed(b"[NaN,Infinity,-Infinity]", lenient_numbers=True)
    huge = parsed(b"[" + b"9" * 5000 + b"]")
    assert all(math.isnan(number) for number in [*numbers, *huge])


@given(st.binary(max_size=300))
def test_nothing_but_malformed_is_raised(body):
    with contextlib.suppress(MalformedError):
        parsed(body)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_coating_is_taken_off(pack):
    assert inflated(pack(b"x" * 5000), "deflate") == (b"x" * 5000, True)
    assert inflated(pack(b"x" * 5000)[:-5], "gzip") == (b"x" * 5000, False)


def test_gzip_is_seen_without_its_header():
    assert inflated(gzip.compress(b"{}"), "") == (b"{}", True)


def test_a_bomb_stops_at_a_mebibyte():
    plain, whole = inflated(gzip.compress(b"0" * 64 * 1024 * 1024), "gzip")
    assert (len(plain), whole) == (BODY_BYTES_MAX + 1, False)


def test_what_only_claims_to_be_gzip_is_left_as_it_is():
    assert inflated(b'{"a":1}', "gzip") == (b'{"a":1}', False)
