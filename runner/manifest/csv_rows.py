"""Prompt files with a header (RFC 4180): the columns of a prompt's long form, and any others beside them."""

import csv
import re
from collections.abc import Iterator

from runner.core.errors import ManifestError, Place, Problem
from runner.core.suggestion import did_you_mean
from runner.manifest.findings import Findings
from runner.manifest.nodes import Items, Kind, Leaf, Node, Row, Table, kind_of, quoted
from runner.manifest.source import read_lines

KEYS = ("text", "id", "images", "ratios", "modes", "takes")
"""The columns with a meaning; every other one is meta and a variable of the row's text."""

COLUMNS_MAX = 1000
"""Each becomes a key of every row's meta; tens of thousands would cost minutes before the first prompt."""

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNFIT_CELL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BETWEEN_IMAGES = re.compile(r"[|\s]+")
_BETWEEN_WORDS = re.compile(r"[|,;\s]+")


def columns_of(file: str) -> tuple[str, ...]:
    """The columns without a meaning of their own.

    ``SourceError`` for the file, ``ManifestError`` for the header.
    """
    for number, cells in _records(file):
        return tuple(name for name in _checked_header(cells, Place(file, number)) if name not in KEYS)
    raise ManifestError([Problem(Place(file), "", "the file is empty, a header with 'text' is needed")])


def csv_rows(file: str, findings: Findings) -> Iterator[Row]:
    """The rows below the header; ``ManifestError`` for a header or for quotes that end the reading."""
    header: list[str] | None = None
    for number, cells in _records(file):
        place = Place(file, number)
        if header is None:
            header = _checked_header(cells, place)
        elif len(cells) != len(header):
            is_longer = len(cells) > len(header)
            hint = "quote a cell that contains a comma" if is_longer else "leave a cell empty, but not out"
            findings.add(place, "", f"the row has {len(cells)} cells, the header has {len(header)}", hint)
        elif (row := _row(header, cells, place, findings)) is not None:
            yield row


def _records(file: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the number of its first line."""
    reader = csv.reader((line for _, line in read_lines(file)), strict=True)
    first = 1
    try:
        for cells in reader:
            if any(cells):
                yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        hint = "a cell in quotes ends with a quote, and a quote inside it is written twice"
        raise ManifestError([Problem(Place(file, first), "", f"this is not CSV: {error}", hint)]) from error


def _checked_header(cells: list[str], place: Place) -> list[str]:
    if len(cells) > COLUMNS_MAX:
        message = f"the header has {len(cells)} columns; at most {COLUMNS_MAX} are allowed"
        raise ManifestError([Problem(place, "", message)])
    header = [cell.strip() for cell in cells]
    problems: list[Problem] = []
    for number, name in enumerate(header, 1):
        if not name:
            problems.append(Problem(place, "", f"column {number} has no name"))
        elif _UNFIT.search(name):
            problems.append(
                Problem(place, "", f"the name of column {number} has a control character: {quoted(name)}")
            )
        elif name in header[: number - 1]:
            message = f"column {number} is called {quoted(name)}, as column {header.index(name) + 1} is"
            problems.append(Problem(place, "", message))
    if "text" not in header:
        hint = next((hint for name in header if (hint := _text_hint(name))), None)
        found = ", ".join(quoted(name) for name in header[:10])
        problems.append(Problem(place, "", f"the header has no column 'text'; found {found}", hint))
    if problems:
        raise ManifestError(problems)
    return header


def _text_hint(name: str) -> str | None:
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if "text" in name.split(separator):
            return f"separate the columns with commas, not with {called}"
    if name.casefold() in ("prompt", "prompts", "caption"):
        return f"rename {quoted(name)} to 'text'"
    return f"rename {quoted(name)} to 'text'" if did_you_mean(name[:80], ["text"]) else None


def _row(header: list[str], cells: list[str], place: Place, findings: Findings) -> Row | None:
    """The long form of a row; an empty cell of an optional column is left out, so that the default holds."""
    entries: list[tuple[Leaf, Node]] = []
    columns: dict[str, str] = {}
    for name, cell in zip(header, cells, strict=True):
        if name not in KEYS:
            columns[name] = cell
            if _UNFIT_CELL.search(cell):
                findings.add(place, name, f"the cell has a control character: {quoted(cell)}")
                return None
        elif name == "text" or cell.strip():
            entries.append((Leaf(name, Kind.TEXT, place), _node(name, cell, place)))
    return Row(Table(tuple(entries), place), columns)


def _node(name: str, cell: str, place: Place) -> Node:
    match name:
        case "text":
            return Leaf(cell, Kind.TEXT, place)
        case "id":
            return Leaf(cell.strip(), Kind.TEXT, place)
        case "takes":
            return Leaf(cell.strip(), kind_of(cell.strip()), place)
        case _:
            between = _BETWEEN_IMAGES if name == "images" else _BETWEEN_WORDS
            parts = [part for part in between.split(cell) if part]
            return Items(tuple(Leaf(part, Kind.TEXT, place) for part in parts), place)
