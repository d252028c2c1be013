"""A single file that is written at a person's wish."""

import os

import pytest

from runner.core.errors import UsageError
from runner.files.document import LARGEST_BYTES, read_document, refuse_to_replace, write_document


def is_ours(content):
    return content.startswith(b"ours")


def names_in(directory):
    return sorted(each.name for each in directory.iterdir())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "p.json"


def test_a_document_is_there_whole_and_alone(path):
    write_document(str(path), b"ours 1", is_ours)
    assert (path.read_bytes(), names_in(path.parent)) == (b"ours 1", ["p.json"])


def test_what_is_ours_is_replaced_by_another_file(path):
    write_document(str(path), b"ours 1", is_ours)
    with path.open("rb") as reader:
        write_document(str(path), b"ours 2", is_ours)
        assert (reader.read(), path.read_bytes(), names_in(path.parent)) == (
            b"ours 1",
            b"ours 2",
            ["p.json"],
        )


def test_a_name_in_the_working_directory_will_do(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    write_document("p.json", b"ours", is_ours)
    assert path.read_bytes() == b"ours"


@pytest.mark.parametrize("kind", ["file", "directory", "link", "dangling link", "pipe"])
def test_what_is_not_ours_is_left_alone(path, kind, tmp_path):
    ours = tmp_path / "ours"
    ours.write_bytes(b"ours")
    {
        "file": lambda: path.write_bytes(b"a letter"),
        "directory": path.mkdir,
        "link": lambda: path.symlink_to(ours),
        "dangling link": lambda: path.symlink_to(tmp_path / "nowhere"),
        "pipe": lambda: os.mkfifo(path),
    }[kind]()
    before = (path.lstat(), names_in(tmp_path))
    with pytest.raises(
        UsageError, match="there is something else there, and it is not overwritten; name another"
    ):
        write_document(str(path), b"ours 2", is_ours)
    after = path.lstat()
    assert ((after.st_ino, after.st_mtime_ns), names_in(tmp_path)) == (
        (before[0].st_ino, before[0].st_mtime_ns),
        before[1],
    )
    assert ours.read_bytes() == b"ours"


def test_whether_something_of_ours_is_there_can_be_asked(path):
    assert refuse_to_replace(str(path), is_ours) is False
    path.write_bytes(b"ours")
    assert refuse_to_replace(str(path), is_ours) is True


@pytest.mark.parametrize("where", ["missing/p.json", "file/p.json", "x" * 300])
def test_where_it_cannot_be_written_that_is_said(tmp_path, where):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        write_document(str(tmp_path / where), b"ours", is_ours)
    assert names_in(tmp_path) == ["file"]


def test_a_document_is_read(path):
    path.write_bytes(b"ours")
    assert read_document(str(path)) == b"ours"


def test_what_cannot_be_read_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    for name, why in (
        ("missing", "No such file"),
        ("pipe", "no regular file"),
        ("large", "larger than 64 MiB"),
        (".", "Is a dir|no regular file"),
    ):
        with pytest.raises(UsageError, match=why):
            read_document(str(tmp_path / name))
