"""The tables are whole, and what they name is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.outcomes import (
    ELSEWHERE,
    PROMISED,
    ROWS,
    SHOWN,
    test_downloads,
    test_posts_answered,
    test_posts_unknown,
    test_posts_unsent,
    test_resumed_downloads,
    test_statuses,
)

HERE = Path(__file__).parent
MODULES = (
    test_posts_unsent,
    test_posts_unknown,
    test_posts_answered,
    test_statuses,
    test_downloads,
    test_resumed_downloads,
)
CASES = [name for module in MODULES for name in module.CASES]
ALL = {f"{letter}{number}" for letter, numbers in ROWS.items() for number in numbers}


def rows_of(case: str) -> set[str]:
    """The rows that a case's name begins with."""
    return set(re.match(r"((?:[PQW]\d+ )*)", case)[1].split())


COVERED = set().union(*map(rows_of, CASES))


@cache
def functions_in(file: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_row_is_shown_here_or_says_where():
    assert ALL - COVERED - set(SHOWN) - set(ELSEWHERE) == set()


def test_no_row_that_is_shown_here_is_said_to_be_elsewhere():
    assert (COVERED | set(SHOWN)) & set(ELSEWHERE) == set()


def test_every_case_has_a_row_that_there_is_and_a_name_of_its_own():
    assert [case for case in CASES if not rows_of(case) or rows_of(case) - ALL] == []
    assert len(CASES) == len(set(CASES))


@pytest.mark.parametrize("line", PROMISED)
def test_every_line_of_the_contract_leads_to_rows_that_are_shown(line):
    rows = set(PROMISED[line].split())
    assert (rows - COVERED - set(SHOWN) - set(ELSEWHERE), len(rows) > 0) == (set(), True)


def test_every_test_that_is_named_is_there():
    named = [(HERE, test) for tests in SHOWN.values() for test in tests]
    named += [(HERE.parent, test) for _, *tests in ELSEWHERE.values() for test in tests]
    parts = [(folder, *each.split("::")) for folder, each in named]
    assert [each for folder, file, each in parts if each not in functions_in(folder / file)] == []


def test_what_is_shown_elsewhere_has_a_reason():
    assert [row for row, (reason, *_) in ELSEWHERE.items() if len(reason) < 20 or "::" in reason] == []


def test_every_module_with_cases_is_in_the_table():
    assert {Path(module.__file__).name for module in MODULES} | {"test_table.py", "test_hurried.py"} == {
        path.name for path in HERE.glob("test_*.py")
    }
