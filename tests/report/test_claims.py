import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.records import Claim
from runner.report.claims import FILES_MOST, Row, claims_in, job_id_in, row_in

GOOD = {
    "file_name": "p0/take-01.mp4",
    "job_id": "0" * 24,
    "task_id": "task_0",
    "credits": 40,
    "bytes": 12,
    "sha256": "ab" * 32,
    "url": "https://cdn/1.mp4",
}


def row(**changed) -> Row:
    found = row_in(json.dumps(GOOD | changed).encode())
    assert isinstance(found, Row)
    return found


def test_a_row_of_ours_is_read_whole():
    one = row()
    assert (one.job_id, one.task_id, one.credits) == ("0" * 24, "task_0", 40)
    file = one.file
    assert (file.path, file.bytes, file.sha256, file.url) == (
        *("p0/take-01.mp4", 12, "ab" * 32),
        "https://cdn/1.mp4",
    )


@pytest.mark.parametrize("url", [None, 7, "", "x" * 5000, "\ud800"])
def test_a_url_that_cannot_be_one_is_left_out_since_the_service_names_a_fresh_one(url):
    assert row(url=url).file.url == ""


@pytest.mark.parametrize("missing", sorted(set(GOOD) - {"url"}))
def test_a_row_without_one_of_its_keys_is_refused_by_its_name(missing):
    found = row_in(json.dumps({key: value for key, value in GOOD.items() if key != missing}).encode())
    assert isinstance(found, str)
    assert missing in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
)


@given(st.sampled_from(sorted(GOOD)), JSON)
def test_whatever_stands_in_a_row_it_is_refused_or_can_be_stored(key, value):
    found = row_in(json.dumps(GOOD | {key: value}).encode())
    if isinstance(found, Row):
        with sqlite3.connect(":memory:") as connection:
            values = (found.task_id, found.credits, found.file.path, found.file.bytes, found.file.url)
            assert connection.execute("SELECT ?, ?, ?, ?, ?", values).fetchone() == values
        connection.close()
        assert not {"", ".", "..", ".partial"} & set(found.file.path.split("/"))


@given(st.binary(max_size=200))
def test_no_bytes_are_an_error(line):
    assert isinstance(row_in(line), Row | str)
    job_id_in(line)


@pytest.mark.parametrize("line", [None, b"", b"{", b"[" * 100_000, b"\xff", b"7", b"null", b'{"job_id": []}'])
def test_a_line_that_names_no_job_names_none(line):
    assert (job_id_in(line), isinstance(row_in(line), str)) == (None, True)


def test_a_job_is_named_by_a_row_that_is_of_no_use_otherwise():
    assert job_id_in(json.dumps({"job_id": "0" * 24}).encode()) == "0" * 24


def test_rows_of_a_job_become_one_claim_in_their_order():
    rows = [row(file_name=f"a-{number}.mp4") for number in (1, 2)] + [row(job_id="1" * 24)]
    first, second = claims_in(rows)
    assert isinstance(first, Claim)
    assert [file.path for file in first.files] == ["a-1.mp4", "a-2.mp4"]
    assert isinstance(second, Claim)
    assert second.job_id == "1" * 24


@pytest.mark.parametrize(
    "rows",
    [
        [row(), row()],
        [row(), row(file_name="b", task_id="task_1")],
        [row(), row(file_name="b", credits=41)],
        [row(file_name=f"{number}") for number in range(FILES_MOST + 1)],
        [row(file_name=f"{number}") for number in range(1000)],
    ],
)
def test_rows_that_cannot_be_one_result_are_no_claim(rows):
    [(job_id, why)] = claims_in(rows)
    assert (job_id, bool(why)) == ("0" * 24, True)


def test_as_many_files_as_a_task_may_have_are_a_claim():
    [claim] = claims_in([row(file_name=f"{number}") for number in range(FILES_MOST)])
    assert isinstance(claim, Claim)
