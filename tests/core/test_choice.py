"""Fields of a choice as somebody sent them."""

import pytest

from runner.core.choice import NOTE_CHARS_MAX, Flag, checked
from runner.core.errors import UsageError


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"flag": "keep"}, {"flag": Flag.KEEP}),
        ({"flag": "reject", "rating": 1}, {"flag": Flag.REJECT, "rating": 1}),
        ({"flag": None, "rating": None, "note": None}, {"flag": None, "rating": None, "note": None}),
        ({"rating": 5, "again": True}, {"rating": 5, "again": True}),
        ({"again": False}, {"again": False}),
        ({"note": " the fox looks away \n"}, {"note": "the fox looks away"}),
        ({"note": "  "}, {"note": None}),
        ({"note": "é" * NOTE_CHARS_MAX}, {"note": "é" * NOTE_CHARS_MAX}),
    ],
)
def test_what_is_a_choice_is_taken(sent, stored):
    assert checked(sent) == stored


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "nothing"),
        ({"state": "done"}, "'state'"),
        ({"flag": "maybe"}, "flag: 'maybe' is not one of keep, reject and null"),
        ({"flag": ["keep"]}, "flag: "),
        ({"rating": 0}, "rating: 0 is not a number from 1 to 5"),
        ({"rating": 6}, "rating: 6"),
        ({"rating": True}, "rating: True"),
        ({"rating": "4"}, "rating: '4'"),
        ({"rating": 4.0}, "rating: 4.0"),
        ({"note": 4}, "note: 4 is no text"),
        ({"note": "x" * (NOTE_CHARS_MAX + 1)}, "note: 2001 characters; at most 2000"),
        ({"note": "half \ud800"}, "half a surrogate pair"),
        ({"again": 1}, "again: 1 is neither true nor false"),
        ({"again": None}, "again: None"),
    ],
)
def test_what_is_none_is_refused_by_name(sent, said):
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        checked(sent)
