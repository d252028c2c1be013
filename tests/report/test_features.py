"""The kinds that the cards and tables declare, against the rows that are written."""

from itertools import combinations_with_replacement

import pytest
from report_support import file_of, record_of

from runner.report.features import Kind, declared, kind_of
from runner.report.metadata import Columns, row

VALUES = {"text": "x", "whole": 3, "number": 0.5, "truth": True}
PYTHON = {Kind.TEXT: str, Kind.WHOLE: int, Kind.NUMBER: float, Kind.TRUTH: bool}


def columns_of(*records):
    columns = Columns()
    for record in records:
        columns.note(record)
    return columns


def test_every_key_of_a_row_is_declared_in_its_order():
    columns = columns_of(record_of())
    keys = list(row(record_of(), file_of(), columns))
    assert ["file_name", *columns.features()] == keys


def test_groups_hold_the_keys_of_all_jobs_sorted():
    records = [record_of(meta={"b": 1}, variables={}), record_of(meta={"a": None}, variables={})]
    features = columns_of(*records).features()
    assert (features["meta"], features["variables"]) == ({"a": Kind.NOTHING, "b": Kind.WHOLE}, Kind.NOTHING)


@pytest.mark.parametrize(("one", "other"), [*combinations_with_replacement(VALUES, 2)])
def test_a_value_has_the_kind_that_is_declared_for_its_key(one, other):
    records = [record_of(meta={"key": VALUES[name]}) for name in (one, other)]
    columns = columns_of(*records)
    kind = columns.features()["meta"]["key"]
    found = [row(record, file_of(), columns)["meta"]["key"] for record in records]
    assert {type(value) for value in found} == {PYTHON[kind]}


def test_a_key_without_values_has_no_kind_of_value():
    assert kind_of([]) is Kind.NOTHING


def test_a_card_declares_the_video_first():
    features = {"a": Kind.TEXT, "b": {"c": Kind.WHOLE}, "d": (Kind.TEXT,)}
    assert declared(features, "mp4") == [
        {"name": "mp4", "dtype": "video"},
        {"name": "a", "dtype": "string"},
        {"name": "b", "struct": [{"name": "c", "dtype": "int64"}]},
        {"name": "d", "list": "string"},
    ]
