import os

import pytest
from files_support import FaultyDisk

from runner.files.aside import set_aside
from runner.files.root import OutputRoot


@pytest.fixture
def root(tmp_path):
    with OutputRoot(str(tmp_path)) as opened:
        yield opened


def test_nothing_is_moved_where_nothing_stands(root, tmp_path):
    assert set_aside(root, "a/b.mp4", "removed/j") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "directory", "symlink"])
def test_whatever_stands_there_is_moved_as_it_is(root, tmp_path, kind):
    place = tmp_path / "a" / "b.mp4"
    place.parent.mkdir()
    if kind == "file":
        place.write_text("mine")
    elif kind == "directory":
        place.mkdir()
    else:
        place.symlink_to("/nowhere")
    assert set_aside(root, "a/b.mp4", "removed/j") == "removed/j/b.mp4"
    moved = tmp_path / "removed" / "j" / "b.mp4"
    assert not os.path.lexists(place)
    assert {"file": moved.is_file, "directory": moved.is_dir, "symlink": moved.is_symlink}[kind]()


def test_a_taken_name_is_never_overwritten(root, tmp_path):
    for text in ("first", "second", "third"):
        (tmp_path / "b.mp4").write_text(text)
        set_aside(root, "b.mp4", "removed/j")
    found = {path.name: path.read_text() for path in (tmp_path / "removed" / "j").iterdir()}
    assert found == {"b.mp4": "first", "b.1.mp4": "second", "b.2.mp4": "third"}


def test_what_stands_aside_already_gets_another_name_there(root, tmp_path):
    (tmp_path / "removed" / "j").mkdir(parents=True)
    (tmp_path / "removed" / "j" / "b.mp4").write_text("mine")
    assert set_aside(root, "removed/j/b.mp4", "removed/j") == "removed/j/b.1.mp4"
    assert not (tmp_path / "removed" / "j" / "b.mp4").exists()


def test_the_old_name_is_gone_for_good_only_when_the_new_one_stands_for_good(tmp_path):
    synced = []
    disk = FaultyDisk()
    disk.sync = lambda handle: synced.append(os.fstat(handle).st_ino)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.mp4").write_text("mine")
    with OutputRoot(str(tmp_path), disk=disk) as root:
        set_aside(root, "a/b.mp4", "removed/j")
    assert synced == [(tmp_path / each).stat().st_ino for each in ("removed/j", "", "removed", "a")]


def test_a_link_on_the_way_is_not_followed(root, tmp_path):
    outside = tmp_path.parent / "outside"
    outside.mkdir()
    (outside / "b.mp4").write_text("not ours")
    (tmp_path / "a").symlink_to(outside)
    assert set_aside(root, "a/b.mp4", "removed/j") is None
    (tmp_path / "removed").symlink_to(outside)
    (tmp_path / "c.mp4").write_text("mine")
    with pytest.raises(OSError):
        set_aside(root, "c.mp4", "removed/j")
    assert sorted(path.name for path in outside.iterdir()) == ["b.mp4"]


@pytest.mark.parametrize("path", ["../b.mp4", "/b.mp4", ".partial/x"])
def test_a_path_out_of_the_tree_is_refused(root, path):
    with pytest.raises(ValueError, match="not a path below"):
        set_aside(root, path, "removed/j")
