"""The table is whole, and what it names is there."""

import ast
from functools import cache
from pathlib import Path

import pytest

from . import NOT_HERE, ROWS

TESTS = Path(__file__).resolve().parents[1]


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_row_is_there_once():
    assert [row.split(" ")[0] for row in ROWS] == [f"S{number}" for number in range(1, 46)]


@pytest.mark.parametrize("row", ROWS)
def test_every_test_that_a_row_names_is_there(row):
    named = [each.split("::") for each in ROWS[row]]
    missing = [f"{file}::{test}" for file, test in named if test not in functions_in(file)]
    assert (missing, len(named) > 0, all(test.startswith("test_") for _, test in named)) == ([], True, True)


def test_every_module_of_this_folder_has_its_row():
    files = {f"security/{path.name}" for path in Path(__file__).parent.glob("test_*.py")} - {
        "security/test_table.py"
    }
    assert files == {
        each.split("::")[0] for tests in ROWS.values() for each in tests if each.startswith("security/")
    }


def test_what_is_left_out_has_a_reason_and_a_row():
    assert (set(NOT_HERE) - {row.split(" ")[0] for row in ROWS}, all(map(str.strip, NOT_HERE.values()))) == (
        set(),
        True,
    )
