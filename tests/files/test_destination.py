"""A directory that is built beside its name, and has it once it is whole."""

import contextlib
from pathlib import Path

import pytest
from files_support import VIDEO, content_of

from runner.core.errors import BusyError, UsageError
from runner.files.destination import Destination
from runner.files.folder import Folder
from runner.files.source import DamagedError, blocks


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "dest"


@pytest.fixture
def tree(tmp_path):
    """An output directory with one video."""
    path = tmp_path / "tree/p/take.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(VIDEO)
    with Folder(str(tmp_path / "tree")) as folder:
        yield folder


def contents(directory):
    files = (
        path
        for path in directory.rglob("*")
        if path.is_file() and ".partial" not in path.relative_to(directory).parts
    )
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_it_has_its_name_once_it_is_whole_and_nothing_else_in_it(dest, tree):
    with Destination(str(dest)) as destination:
        destination.keep_if("one")
        with destination.file("train/rows") as out:
            out.write(b"rows")
            destination.add(tree, "p/take.mp4", content_of(VIDEO), "train/v/take.mp4", link=False)
        assert not dest.exists()
        destination.finish()
    assert (contents(dest), dest.with_name("dest.partial").exists()) == (
        {"train/rows": b"rows", "train/v/take.mp4": VIDEO},
        False,
    )
    assert not (dest / ".partial").exists()


def test_the_next_one_goes_on_with_what_is_finished_for_the_same(dest, tree):
    with Destination(str(dest)) as destination:
        destination.keep_if("one")
        with destination.file("whole") as out:
            out.write(b"whole")
        with contextlib.suppress(ZeroDivisionError), destination.file("half") as out:
            out.write(b"half")
            raise ZeroDivisionError
    with Destination(str(dest)) as destination:
        destination.keep_if("one")
        assert contents(destination.building) == {"whole": b"whole"}
        destination.keep_if("another")
        assert contents(destination.building) == {}


def test_a_folder_that_was_built_for_something_else_is_cleared_links_and_all(dest, tree, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_bytes(b"mine")
    with Destination(str(dest)) as destination:
        destination.keep_if("one")
        destination.add(tree, "p/take.mp4", content_of(VIDEO), "v/take.mp4", link=False)
        (destination.building / "link").symlink_to(tmp_path / "mine")
        destination.keep_if("another")
        assert contents(destination.building) == {}
    assert contents(tmp_path / "mine") == {"file": b"mine"}


def test_a_name_that_is_taken_is_refused_at_once_and_at_the_end(dest):
    with Destination(str(dest)) as destination:
        destination.keep_if("one")
        dest.mkdir()
        with pytest.raises(UsageError, match="something came there meanwhile"):
            destination.finish()
    with pytest.raises(UsageError, match="there is something already"):
        Destination(str(dest))


def test_a_folder_of_somebody_else_is_not_built_in(dest):
    building = dest.with_name("dest.partial")
    building.mkdir()
    (building / "mine").write_bytes(b"mine")
    with pytest.raises(UsageError, match="was not made by this program"):
        Destination(str(dest))
    assert contents(building) == {"mine": b"mine"}


def test_a_file_in_its_place_is_refused(dest):
    dest.with_name("dest.partial").write_bytes(b"mine")
    with pytest.raises(UsageError, match="cannot be used: Not a directory"):
        Destination(str(dest))


def test_two_do_not_build_it_at_once(dest):
    with Destination(str(dest)), pytest.raises(BusyError):
        Destination(str(dest))


def test_what_was_begun_for_nothing_leaves_nothing(dest, tree):
    with Destination(str(dest)) as destination:
        with destination.spool() as out:
            out.write(b"one\ntwo\n")
        assert list(destination.spooled()) == [b"one\n", b"two\n"]
        destination.give_up()
    assert not dest.with_name("dest.partial").exists()


def test_what_is_finished_is_not_given_up(dest):
    with Destination(str(dest)) as destination:
        with destination.file("whole") as out:
            out.write(b"whole")
        destination.give_up()
        assert contents(destination.building) == {"whole": b"whole"}


@pytest.mark.parametrize("link", [True, False])
def test_a_file_is_added_as_a_copy_or_as_a_link(dest, tree, link):
    with Destination(str(dest)) as destination:
        destination.add(tree, "p/take.mp4", content_of(VIDEO), "take.mp4", link=link)
        added, original = (destination.building / "take.mp4").stat(), (Path(tree.path) / "p/take.mp4").stat()
    assert ((added.st_ino == original.st_ino), added.st_size) == (link, len(VIDEO))


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("found", [VIDEO[:-1], VIDEO + b"more", VIDEO[:-1] + b"x"])
def test_a_file_that_is_not_what_is_recorded_is_not_added(dest, tree, link, found):
    (Path(tree.path) / "p/take.mp4").write_bytes(found)
    with Destination(str(dest)) as destination:
        with pytest.raises(DamagedError, match=r"take\.mp4 does not hold what is recorded of it"):
            destination.add(tree, "p/take.mp4", content_of(VIDEO), "take.mp4", link=link)
        assert contents(destination.building) == {}


def test_a_file_that_is_half_there_is_added_anew_and_a_whole_one_is_left(dest, tree):
    with Destination(str(dest)) as destination:
        there = destination.building / "take.mp4"
        there.write_bytes(VIDEO[:10])
        destination.add(tree, "p/take.mp4", content_of(VIDEO), "take.mp4", link=False)
        first = there.stat()
        destination.add(tree, "p/take.mp4", content_of(VIDEO), "take.mp4", link=False)
        assert (there.read_bytes(), there.stat()) == (VIDEO, first)


def test_a_link_in_the_tree_is_not_followed(dest, tree):
    (Path(tree.path) / "p/link.mp4").symlink_to("take.mp4")
    with pytest.raises(OSError, match="symbolic"):
        list(blocks(tree, "p/link.mp4", content_of(VIDEO)))


def test_where_no_link_can_be_made_it_is_a_copy(dest, tree):
    class Linkless(type(tree.disk)):
        def link(self, source, target):
            raise OSError(1, "Operation not permitted")

    with Destination(str(dest)) as destination:
        destination.root.disk = Linkless()
        destination.add(tree, "p/take.mp4", content_of(VIDEO), "take.mp4", link=True)
        assert (destination.building / "take.mp4").read_bytes() == VIDEO
