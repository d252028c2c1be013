"""The size caps: what is longer, deeper or wider than this is two things."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 300
TEST_FILE_LINES = 400
FUNCTION_LINES = 40
NESTING = 3
PARAMETERS = 6

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def functions() -> Iterator[tuple[str, Function]]:
    for path in sorted((ROOT / "runner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def lines_of(function: Function) -> int:
    """From the line of ``def`` to the last one, without the docstring."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring_lines = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring_lines


def parameters_of(function: Function) -> int:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return (
        len([each for each in named if each.arg not in ("self", "cls")])
        + bool(given.vararg)
        + bool(given.kwarg)
    )


def depth_of(node: ast.AST, depth: int = 0) -> int:
    """How many blocks stand within one another; ``elif`` is no block in its ``if``, a function of its own starts anew."""
    deepest = depth
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, SCOPES):
                continue
            is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and name == "orelse"
            is_deeper = isinstance(child, BLOCKS) and not (is_elif and len(value) == 1)
            deepest = max(deepest, depth_of(child, depth + is_deeper))
    return deepest


@pytest.mark.parametrize(("folder", "cap"), [("runner", FILE_LINES), ("tests", TEST_FILE_LINES)])
def test_no_file_is_too_long(folder: str, cap: int) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > cap} == {}


def test_no_function_is_too_long() -> None:
    assert {where: lines_of(each) for where, each in functions() if lines_of(each) > FUNCTION_LINES} == {}


def test_no_function_is_nested_too_deeply() -> None:
    assert {where: depth_of(each) for where, each in functions() if depth_of(each) > NESTING} == {}


def test_no_function_has_too_many_parameters() -> None:
    assert {
        where: parameters_of(each) for where, each in functions() if parameters_of(each) > PARAMETERS
    } == {}


SAMPLE = '''
async def sample(self, a, /, b, *c, d=1, **e):
    """Two lines
    of docstring."""
    if a:
        pass
    elif b:
        with c:
            for _ in d:
                def inner():
                    while a:
                        if b:
                            pass
    else:
        try:
            pass
        except ValueError:
            match e:
                case 1:
                    if b:
                        pass
'''


def test_the_caps_measure_what_they_say() -> None:
    (sample,) = ast.parse(SAMPLE).body
    assert isinstance(sample, ast.AsyncFunctionDef)
    assert (lines_of(sample), depth_of(sample), parameters_of(sample)) == (18, 4, 5)
