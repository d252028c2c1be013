"""Prompt files with a JSON value a line, read into the same nodes as YAML."""

import json
from collections.abc import Iterator
from typing import Any

from runner.core.errors import Place
from runner.manifest.findings import Findings
from runner.manifest.nodes import DEPTH_MAX, Items, Kind, Leaf, Node, Row, Table, path_of, quoted
from runner.manifest.source import read_lines


def json_rows(file: str, findings: Findings) -> Iterator[Row]:
    """A row for each line that holds JSON; blank lines are skipped, broken ones go to ``findings``."""
    for number, line in read_lines(file):
        if line.strip():
            node = _node_of_line(line, Place(file, number), findings)
            if node is not None:
                yield Row(node)


class _Whole(str):
    """A whole number as it is written."""

    __slots__ = ()


class _Fraction(str):
    """A number with a point or an exponent, as it is written."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys, also those that stand twice."""


def _refused(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=_Whole, parse_float=_Fraction, parse_constant=_refused
)


def _node_of_line(line: str, place: Place, findings: Findings) -> Node | None:
    begin = len(line) - len(line.lstrip())
    place = Place(place.file, place.line, begin + 1)
    try:
        return _node(_DECODER.decode(line), place, (), findings)
    except json.JSONDecodeError as error:
        at = Place(place.file, place.line, error.colno)
        findings.add(at, "", f"this is not JSON: {error.msg}", "write one object a line")
    except RecursionError:
        findings.add(place, "", f"nested deeper than {DEPTH_MAX} levels")
    except ValueError as error:
        findings.add(place, "", str(error))
    return None


def _node(value: Any, place: Place, trail: tuple[str | int, ...], findings: Findings) -> Node:
    if len(trail) > DEPTH_MAX:
        raise RecursionError
    match value:
        case _Pairs():
            return _table(value, place, trail, findings)
        case list():
            nodes = [_node(member, place, (*trail, index), findings) for index, member in enumerate(value)]
            return Items(tuple(nodes), place)
        case _:
            return Leaf(*_written(value), place)


def _written(value: str | bool | None) -> tuple[str, Kind]:
    match value:
        case _Whole():
            return str(value), Kind.INTEGER
        case _Fraction():
            return str(value), Kind.NUMBER
        case str():
            return value, Kind.TEXT
        case bool():
            return "true" if value else "false", Kind.BOOLEAN
        case None:
            return "null", Kind.NULL


def _table(pairs: _Pairs, place: Place, trail: tuple[str | int, ...], findings: Findings) -> Table:
    entries: dict[str, tuple[Leaf, Node]] = {}
    for key, value in pairs:
        path = (*trail, key)
        if key in entries:
            findings.add(
                place, path_of(path), f"the key {quoted(key)} stands here twice", "keep one of the two"
            )
        else:
            entries[key] = (Leaf(key, Kind.TEXT, place), _node(value, place, path, findings))
    return Table(tuple(entries.values()), place)
