import os

import pytest

from runner.files.lines import lines_of
from runner.files.root import NotOursError, OutputRoot


def lines(folder, content, longest=10):
    (folder / "list").write_bytes(content)
    with OutputRoot(str(folder), create=False) as root:
        return list(lines_of(root, "list", longest))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"one\ntwo\n", [b"one", b"two"]),
        (b"one\ntwo", [b"one", b"two"]),
        (b"1234567890\n", [b"1234567890"]),
        (b"12345678901\nnext\n", [None, b"next"]),
        (b"12345678901", [None]),
        (b"a\r\nb\0\n", [b"a\r", b"b\0"]),
    ],
)
def test_the_lines_of(tmp_path, content, expected):
    assert lines(tmp_path, content) == expected


def test_a_line_over_several_blocks_is_whole_if_it_may_be_and_dropped_once_if_not(tmp_path):
    long = b"x" * (3 * 1024 * 1024)
    content = long + b"\nshort\n"
    assert lines(tmp_path, content, longest=len(long)) == [long, b"short"]
    assert lines(tmp_path, content, longest=len(long) - 1) == [None, b"short"]


@pytest.mark.parametrize("kind", ["directory", "FIFO", "symlink"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, kind):
    target = tmp_path / "list"
    if kind == "directory":
        target.mkdir()
    elif kind == "FIFO":
        os.mkfifo(target)
    else:
        target.symlink_to("/etc/hostname")
    with OutputRoot(str(tmp_path), create=False) as root, pytest.raises(OSError):
        list(lines_of(root, "list", 10))


def test_a_missing_file_is_not_found(tmp_path):
    with OutputRoot(str(tmp_path), create=False) as root, pytest.raises(FileNotFoundError):
        list(lines_of(root, "list", 10))


def test_a_fifo_is_said_to_be_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "list")
    with (
        OutputRoot(str(tmp_path), create=False) as root,
        pytest.raises(NotOursError, match="not a regular file"),
    ):
        list(lines_of(root, "list", 10))
