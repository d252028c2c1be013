"""``metadata.jsonl``: every key in every row, and one type a key."""

import json
from dataclasses import replace

import pytest
from report_support import JOB, file_of, record_of

from runner.core.choice import Choice, Flag
from runner.core.model import AttemptOutcome, JobId
from runner.core.outcomes import TaskId
from runner.core.records import Media, StoredAttempt
from runner.report.metadata import Columns, lines


def rows_of(*records):
    """The rows of these jobs, each with its placed files."""
    columns = Columns()
    for record in records:
        columns.note(record)
    placed = ((record, [file for file in record.files if file.state == "placed"]) for record in records)
    written = list(lines(placed, columns))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in written)
    return [json.loads(line) for line in written]


def with_meta(*metas):
    files = (file_of(1, path="a.mp4"),)
    return [row["meta"] for row in rows_of(*(record_of(meta=meta, files=files) for meta in metas))]


def test_a_row_holds_all_that_is_known_of_a_file():
    choice, found = Choice(Flag.REJECT, 2, "blurred"), Media(480, 720, 6.0, 24.0, "h264")
    assert rows_of(record_of(choice=choice, media={2: found}))[1] == {
        "file_name": "p/take-01-2.mp4",
        "prompt": "a fox",
        "prompt_id": "animals",
        "mode": "fun",
        "ratio": "2:3",
        "take": 1,
        "job_id": "0123456789abcdef01234567",
        "task_id": "t2",
        "credits": 30,
        "bytes": 7,
        "sha256": "ab" * 32,
        "url": "https://cdn/2.mp4?sig=x",
        "variables": {"animal": "fox"},
        "meta": {"sku": "A-17"},
        "images": ["https://x/1.png"],
        "removed": False,
        "choice": "reject",
        "rating": 2,
        "note": "blurred",
        "width": 480,
        "height": 720,
        "duration": 6.0,
        "fps": 24.0,
        "codec": "h264",
    }


def test_only_placed_files_have_a_row():
    assert [row["file_name"] for row in rows_of(record_of())] == ["p/take-01-1.mp4", "p/take-01-2.mp4"]


def test_the_credits_are_those_of_the_task_that_made_the_file():
    attempts = (
        StoredAttempt(AttemptOutcome.FAILED, 40, TaskId("t1"), "1"),
        StoredAttempt(AttemptOutcome.COMPLETED, 55, TaskId("t2"), "2"),
    )
    assert {row["credits"] for row in rows_of(record_of(attempts=attempts))} == {55}


def test_every_key_stands_in_every_row():
    bare = replace(JOB, job_id=JobId("f" * 24))
    rows = rows_of(
        record_of(meta={"sku": "A"}, variables={}),
        record_of(job=bare, meta={"n": 1}, variables={"animal": "owl"}),
    )
    assert ([row["meta"] for row in rows[::2]], [row["variables"] for row in rows[::2]]) == (
        [{"n": None, "sku": "A"}, {"n": 1, "sku": None}],
        [{"animal": None}, {"animal": "owl"}],
    )


def test_where_no_job_has_any_there_is_none():
    row = rows_of(record_of(meta={}, variables={}))[0]
    assert (row["meta"], row["variables"]) == (None, None)


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["a", "b"], ["a", "b"]),
        ([1, 2], [1, 2]),
        ([1, 2.5], [1.0, 2.5]),
        ([True, False], [True, False]),
        ([1, "a"], ["1", '"a"']),
        ([True, "yes"], ["true", '"yes"']),
        ([True, 1], ["true", "1"]),
        ([1.5, "x", None], ["1.5", '"x"', None]),
        ([None, 3], [None, 3]),
        ([None, None], [None, None]),
        (["ü", 1], ['"ü"', "1"]),
    ],
)
def test_a_key_has_one_type_in_all_rows(values, written):
    found = [meta["key"] for meta in with_meta(*({"key": value} for value in values))]
    assert (found, [type(value) for value in found]) == (written, [type(value) for value in written])


def test_a_key_of_meta_and_one_of_the_variables_are_two():
    rows = rows_of(record_of(meta={"x": 1}, variables={"x": "one"}))
    assert (rows[0]["meta"], rows[0]["variables"]) == ({"x": 1}, {"x": "one"})


def test_texts_stand_in_utf_8_as_they_are():
    columns = Columns()
    job = replace(JOB, prompt="ein fuchs \u2013 größer\u2028x")
    (line, *_) = lines([(record_of(job=job), [file_of()])], columns)
    assert "größer" in line.decode()
    assert json.loads(line)["prompt"] == job.prompt


def test_what_nobody_has_chosen_or_looked_into_is_null():
    names = ("choice", "rating", "note", "width", "height", "duration", "fps", "codec")
    assert {name: rows_of(record_of())[0][name] for name in names} == dict.fromkeys(names)
