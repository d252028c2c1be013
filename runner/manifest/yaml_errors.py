"""PyYAML's own messages, put into the words of a person who writes a manifest."""

from typing import Protocol

import yaml

from runner.core.errors import Place, Problem
from runner.core.safe_text import for_terminal

_HINTS = (
    ("'\\t'", "indent and separate with spaces"),
    ("mapping values", "quote a text that contains ': ', and check the indentation"),
    ("sequence entries", "begin the list on a line of its own"),
    ("could not find expected ':'", "check the indentation and the quotes"),
    ("expected <block end>", "check the indentation; quote a text that begins with '{', '[', '\"' or \"'\""),
    ("cannot start any token", "quote a text that begins with this character"),
    ("unknown escape", "write the backslash twice, or use single quotes"),
    ("expected escape sequence", "write the backslash twice, or use single quotes"),
    ("end of stream", "close the quote"),
    ("expected ',' or", "close the bracket, or quote the text"),
)


class Mark(Protocol):
    """A position that PyYAML reports; both numbers count from 0."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The character in its line."""


def place_of(mark: Mark | None, file: str) -> Place:
    """The place of a mark; the beginning of the file where PyYAML has none."""
    return Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file)


def reworded(error: yaml.MarkedYAMLError, file: str) -> Problem:
    """The problem that a scanner or parser error stands for, at the place where a person has to look."""
    problem = error.problem or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and _looks_back(error):
        mark = error.context_mark
    place = place_of(mark, file)
    hint = next((hint for part, hint in _HINTS if part in problem), None)
    if "'\\t'" in problem:
        return Problem(place, "", "a tab may not stand here", hint)
    begun = ""
    if error.context_mark is not None and error.context_mark.line + 1 != place.line:
        begun = f" ({error.context}, begun on line {error.context_mark.line + 1})"
    return Problem(place, "", f"this is not YAML: {for_terminal(problem, 120)}{begun}", hint)


def _looks_back(error: yaml.MarkedYAMLError) -> bool:
    """Whether the beginning tells more than the end: a quote that is never closed ends with the file."""
    problem = error.problem or ""
    return "end of stream" in problem or "could not find expected ':'" in problem
