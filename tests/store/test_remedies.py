"""The way out at the end of a message about the state."""

import sqlite3

import pytest

from runner.store.remedies import remedy, said


@pytest.mark.parametrize(
    ("reason", "way_out"),
    [
        ("file is not a database", "put a backup in its place"),
        ("database disk image is malformed", "put a backup in its place"),
        ("database or disk is full", "make room"),
        ("No space left on device", "make room"),
        ("attempt to write a readonly database", "the permission to write"),
        ("Permission denied", "the permission to write"),
        ("File exists", "something else stands in its way"),
        ("database is locked", "another program holds the file"),
        ("something that nobody foresaw", "`runner doctor` helps"),
    ],
)
def test_what_the_system_says_has_a_way_out(reason, way_out):
    assert way_out in remedy(reason)


def test_a_system_error_names_its_file_and_one_of_sqlite_itself():
    named = OSError(30, "Read-only file system", "state/x")
    assert said(named).startswith("Read-only file system (state/x); give yourself the permission")
    assert said(OSError(9, "Bad file descriptor")).startswith("Bad file descriptor; look at its disk")
    assert said(sqlite3.DatabaseError("file is not a database")).startswith("file is not a database; keep")
