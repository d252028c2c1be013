"""Text in columns of a terminal."""

import pytest

from runner.report.columns import cut, cut_inside, padded, width_of


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("fox", 3), ("Ğüneş", 5), ("狐と犬", 6), ("e\u0301", 1), ("ｆｏｘ", 6)]
)
def test_a_text_takes_the_columns_that_a_terminal_gives_it(text, columns):
    assert width_of(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("fox", 3, "fox"),
        ("foxes", 4, "fox…"),
        ("狐と犬", 6, "狐と犬"),
        ("狐と犬", 5, "狐と…"),
        ("狐と犬", 4, "狐…"),
    ],
)
def test_what_is_too_wide_is_cut(text, columns, shown):
    assert cut(text, columns) == shown


def test_an_id_is_cut_inside():
    assert cut_inside("a-paper-boat-3874c1e70622", 18) == "a-paper-b…c1e70622"
    assert cut_inside("狐" * 20, 18) == "…" + "狐" * 8
    assert cut_inside("a-paper-boat", 18) == "a-paper-boat"


def test_what_is_narrow_is_padded():
    assert [padded("狐", 4), padded("foxes", 3)] == ["狐  ", "foxes"]
