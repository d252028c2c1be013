import csv
import html
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.safe_text import for_csv_cell, for_html, for_json, for_terminal

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NASTY = st.text() | st.text(alphabet="\x1b[]31m\r\n\t\x00\x07\x9b\u202e\u2028=+-@ <>&\"'a\ud800", max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("çığ 狐 👍", "çığ 狐 👍"),
        ("\x1b]52;c;aGk=\x07", r"\x1b]52;c;aGk=\x07"),
        ("ok\rFAILED", r"ok\x0dFAILED"),
        ("a\tb\nc", r"a\x09b\x0ac"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_acts_on_a_terminal_becomes_visible(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


def test_newlines_may_be_kept() -> None:
    assert for_terminal("a\n\tb", keep_newlines=True) == "a\n\\x09b"


@pytest.mark.parametrize(("text", "shown"), [("abcd", "abcd"), ("abcde", "abc…"), ("ab\x1b", "ab\\…")])
def test_a_text_is_cut_to_its_room(text: str, shown: str) -> None:
    assert for_terminal(text, 4) == shown


@given(NASTY, st.none() | st.integers(1, 40))
def test_nothing_from_outside_controls_a_terminal(text: str, max_chars: int | None) -> None:
    shown = for_terminal(text, max_chars)
    assert not BIDI & set(shown)
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown)
    assert max_chars is None or len(shown) <= max_chars


@given(
    st.recursive(
        NASTY | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(NASTY, inner)
    )
)
def test_json_may_pass_a_terminal_and_loses_nothing(value: object) -> None:
    shown = for_json(value)
    assert not BIDI & set(shown)
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown)
    assert json.loads(shown) == value


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a fox", "a fox"),
        ("=cmd|x", "'=cmd|x"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("\rx", "'\rx"),
        ("\x00x", r"'\x00x"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("a=1", "a=1"),
    ],
)
def test_a_cell_is_never_a_formula(text: str, cell: str) -> None:
    assert for_csv_cell(text) == cell


@given(NASTY)
def test_a_cell_comes_back_from_a_csv_file_as_it_was_written(text: str) -> None:
    cell = for_csv_cell(text)
    file = io.StringIO(newline="")
    csv.writer(file).writerow([cell, "x"])
    file.seek(0)
    assert next(csv.reader(file)) == [cell, "x"]
    assert cell.lstrip()[:1] not in set("=+-@＝＋－＠") - {""} or not cell


@given(NASTY)
def test_nothing_from_outside_is_markup(text: str) -> None:
    shown = for_html(text)
    assert not set(shown) & set("<>\"'\x00\x1b")
    assert not BIDI & set(shown)
    shown.encode()


@given(st.text(alphabet="ab<>&\"' \n"))
def test_a_page_shows_the_text_as_it_is(text: str) -> None:
    assert html.unescape(for_html(text)) == text
