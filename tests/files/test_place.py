import errno
import os

import pytest
from files_support import VIDEO, CrashError, FaultyDisk, content_of, mp4

from runner.files.outcomes import Absent, AlreadyThere, Conflict, Placed
from runner.files.place import move, place
from runner.files.root import OutputRoot

OTHER = mp4(b"other!" * 500)
VIDEO_CONTENT = content_of(VIDEO)


def tree(directory):
    """Every file below ``directory`` and what it holds."""
    return {
        str(each.relative_to(directory)): each.read_bytes() for each in directory.rglob("*") if each.is_file()
    }


def partial_of(root, tmp_path, body=VIDEO):
    root.partials()
    (tmp_path / "out/.partial/job-1").write_bytes(body)


def put(tmp_path, name, body=VIDEO):
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def test_a_partial_file_gets_its_final_name(root, tmp_path):
    partial_of(root, tmp_path)
    outcome = place(root, "job-1", "a/b/take-01.mp4", VIDEO_CONTENT)
    assert (outcome, tree(tmp_path / "out")) == (Placed(), {"a/b/take-01.mp4": VIDEO})


def test_placing_again_finds_it_there_and_writes_nothing(root, tmp_path):
    partial_of(root, tmp_path)
    place(root, "job-1", "a.mp4", VIDEO_CONTENT)
    before = (tmp_path / "out/a.mp4").stat()
    outcome = place(root, "job-1", "a.mp4", VIDEO_CONTENT)
    assert (outcome, (tmp_path / "out/a.mp4").stat().st_mtime_ns) == (AlreadyThere(), before.st_mtime_ns)


def test_w28_a_file_with_the_same_content_is_adopted(root, tmp_path):
    partial_of(root, tmp_path)
    put(tmp_path, "a.mp4")
    outcome = place(root, "job-1", "a.mp4", VIDEO_CONTENT)
    assert (outcome, tree(tmp_path / "out")) == (AlreadyThere(), {"a.mp4": VIDEO})


def test_w29_another_file_is_neither_overwritten_nor_deleted(root, tmp_path):
    partial_of(root, tmp_path)
    put(tmp_path, "a.mp4", b"mine")
    outcome = place(root, "job-1", "a.mp4", VIDEO_CONTENT)
    assert (outcome, tree(tmp_path / "out")) == (
        Conflict("a.mp4 is taken by another file"),
        {"a.mp4": b"mine", ".partial/job-1": VIDEO},
    )


W30 = {
    "a directory": lambda path: path.mkdir(),
    "a symlink to nowhere": lambda path: path.symlink_to("nowhere"),
    "a symlink to a file": lambda path: path.symlink_to(__file__),
    "a FIFO": os.mkfifo,
    "an empty file": lambda path: path.touch(),
}


@pytest.mark.parametrize("name", W30)
def test_w30_whatever_has_the_name_stays(name, root, tmp_path):
    partial_of(root, tmp_path)
    W30[name](tmp_path / "out/a.mp4")
    before = (tmp_path / "out/a.mp4").lstat()
    outcome = place(root, "job-1", "a.mp4", VIDEO_CONTENT)
    after = (tmp_path / "out/a.mp4").lstat()
    assert (type(outcome), after.st_ino, after.st_mode) == (Conflict, before.st_ino, before.st_mode)
    assert (tmp_path / "out/.partial/job-1").read_bytes() == VIDEO


@pytest.mark.parametrize("level", ["a", "a/b", "a/b/c"])
def test_s15_a_symlinked_directory_is_never_entered(level, root, tmp_path):
    partial_of(root, tmp_path)
    outside = tmp_path / "outside"
    (outside / "b/c").mkdir(parents=True)
    link = tmp_path / "out" / level
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    outcome = place(root, "job-1", "a/b/c/x.mp4", VIDEO_CONTENT)
    assert (type(outcome), tree(outside)) == (Conflict, {})


def test_a_file_where_a_directory_should_be_is_a_conflict(root, tmp_path):
    partial_of(root, tmp_path)
    put(tmp_path, "a", b"mine")
    assert isinstance(place(root, "job-1", "a/b.mp4", VIDEO_CONTENT), Conflict)


def test_a_name_that_the_file_system_cannot_hold_is_a_conflict(root, tmp_path):
    partial_of(root, tmp_path)
    outcomes = [place(root, "job-1", path, VIDEO_CONTENT) for path in ("x" * 300, "x" * 300 + "/a.mp4")]
    assert [type(each) for each in outcomes] == [Conflict, Conflict]


@pytest.mark.parametrize(
    "path", ["", "/etc/x", "../x", "a/../../x", "a//b", "./a", "a/", "a/.", ".partial/x", ".partial", "a\0b"]
)
def test_s14_a_path_that_leaves_the_root_is_no_path(path, root, tmp_path):
    partial_of(root, tmp_path)
    with pytest.raises(ValueError, match="not a path below"):
        place(root, "job-1", path, VIDEO_CONTENT)


@pytest.mark.parametrize("body", [None, b"", OTHER, VIDEO[:-1]])
def test_a_partial_file_that_is_not_what_was_recorded_is_fetched_again(body, root, tmp_path):
    root.partials()
    if body is not None:
        partial_of(root, tmp_path, body)
    outcome = place(root, "job-1", "a/b.mp4", VIDEO_CONTENT)
    assert (type(outcome), (tmp_path / "out/a").exists()) == (Absent, False)


def test_a_partial_file_that_is_a_symlink_is_not_followed(root, tmp_path):
    root.partials()
    (tmp_path / "secret").write_bytes(VIDEO)
    (tmp_path / "out/.partial/job-1").symlink_to(tmp_path / "secret")
    assert isinstance(place(root, "job-1", "a.mp4", VIDEO_CONTENT), Absent)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
@pytest.mark.parametrize(("there", "kind"), [(None, Placed), (OTHER, Conflict), (VIDEO, AlreadyThere)])
def test_without_hard_links_a_name_is_not_clobbered_either(code, there, kind, tmp_path):
    def refuse(name, _count):
        if name == "link":
            raise OSError(code, "no links here")

    with OutputRoot(str(tmp_path / "out"), disk=FaultyDisk(refuse)) as root:
        partial_of(root, tmp_path)
        if there:
            put(tmp_path, "a.mp4", there)
        outcome = place(root, "job-1", "a.mp4", VIDEO_CONTENT)
    assert (type(outcome), (tmp_path / "out/a.mp4").read_bytes()) == (kind, there or VIDEO)


def test_the_order_is_link_sync_of_all_directories_on_the_way_unlink(tmp_path):
    disk = FaultyDisk()
    with OutputRoot(str(tmp_path / "out"), disk=disk) as root:
        partial_of(root, tmp_path)
        disk.calls.clear()
        place(root, "job-1", "a/b.mp4", VIDEO_CONTENT)
    steps = [each for each in disk.calls if each in {"make_directory", "sync", "link", "remove"}]
    assert steps[:5] == ["make_directory", "link", "sync", "sync", "remove"]


@pytest.mark.parametrize("partial_is_there", [True, False])
def test_what_a_dead_process_linked_is_told_once_all_directories_on_the_way_are_synced(
    partial_is_there, tmp_path
):
    disk = FaultyDisk()
    put(tmp_path, "a/b/c.mp4")
    with OutputRoot(str(tmp_path / "out"), disk=disk) as root:
        if partial_is_there:
            partial_of(root, tmp_path)
        disk.calls.clear()
        outcome = place(root, "job-1", "a/b/c.mp4", VIDEO_CONTENT)
    # the file, its directory, the two above it
    assert (outcome, disk.calls.count("sync")) == (AlreadyThere(), 4)


def test_a_file_is_moved_and_the_empty_directories_go(root, tmp_path):
    put(tmp_path, "old/deep/a.mp4")
    put(tmp_path, "old/kept.txt", b"mine")
    outcome = move(root, "old/deep/a.mp4", "new/a.mp4", VIDEO_CONTENT)
    assert (outcome, tree(tmp_path / "out"), (tmp_path / "out/old/deep").exists()) == (
        Placed(),
        {"new/a.mp4": VIDEO, "old/kept.txt": b"mine"},
        False,
    )


MOVES = {
    "done already": ({"new.mp4": VIDEO}, AlreadyThere, {"new.mp4": VIDEO}),
    "both there, both ours": ({"old.mp4": VIDEO, "new.mp4": VIDEO}, AlreadyThere, {"new.mp4": VIDEO}),
    "a person's file in the way": (
        {"old.mp4": VIDEO, "new.mp4": OTHER},
        Conflict,
        {"old.mp4": VIDEO, "new.mp4": OTHER},
    ),
    "the old one was changed": ({"old.mp4": OTHER}, Conflict, {"old.mp4": OTHER}),
    "the old one was changed, the new one is there": (
        {"old.mp4": OTHER, "new.mp4": VIDEO},
        AlreadyThere,
        {"old.mp4": OTHER, "new.mp4": VIDEO},
    ),
    "neither is there": ({}, Absent, {}),
    "only a person's file is there": ({"new.mp4": OTHER}, Absent, {"new.mp4": OTHER}),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_move_neither_loses_nor_overwrites_anything(name, root, tmp_path):
    before, kind, after = MOVES[name]
    for path, body in before.items():
        put(tmp_path, path, body)
    outcome = move(root, "old.mp4", "new.mp4", VIDEO_CONTENT)
    assert (type(outcome), tree(tmp_path / "out")) == (kind, after)


def test_a_move_to_its_own_name_keeps_the_file(root, tmp_path):
    put(tmp_path, "a.mp4")
    outcome = move(root, "a.mp4", "a.mp4", VIDEO_CONTENT)
    assert (outcome, tree(tmp_path / "out")) == (AlreadyThere(), {"a.mp4": VIDEO})


def crash_at(k):
    calls = iter(range(10**6))

    def on_call(name, _count):
        if name not in {"close", "open_root"} and next(calls) == k:
            raise CrashError

    return FaultyDisk(on_call)


def act_place(root):
    return place(root, "job-1", "a/b/c.mp4", VIDEO_CONTENT)


def act_move(root):
    return move(root, "old/x/c.mp4", "a/b/c.mp4", VIDEO_CONTENT)


@pytest.mark.parametrize(("act", "source"), [(act_place, ".partial/job-1"), (act_move, "old/x/c.mp4")])
def test_w35_a_crash_before_any_call_ends_in_the_same_tree_after_the_next_run(act, source, tmp_path):
    crashes = 0
    for k in range(200):
        base = tmp_path / str(k)
        put(base, source)
        try:
            with OutputRoot(str(base / "out"), disk=crash_at(k)) as root:
                act(root)
        except CrashError:
            crashes += 1
        else:
            break
        with OutputRoot(str(base / "out")) as root:
            outcome = act(root)
        assert isinstance(outcome, Placed | AlreadyThere), k
        assert tree(base / "out") == {"a/b/c.mp4": VIDEO}, k
    assert crashes > 10
