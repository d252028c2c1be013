import os
import stat
import subprocess
import sys

import pytest
from files_support import VIDEO, FaultyDisk, content_of

from runner.core.errors import BusyError, UsageError
from runner.files.outcomes import Damaged, Intact, Missing
from runner.files.root import OutputRoot
from runner.files.verify import check_file

HOLD = "import sys; from runner.files.root import OutputRoot; r = OutputRoot(sys.argv[1]); r.lock(); print(flush=True); sys.stdin.read()"


def test_a_second_runner_is_turned_away_with_the_path(root):
    root.lock()
    with OutputRoot(root.path) as second, pytest.raises(BusyError, match=root.path):
        second.lock()


def test_the_lock_is_free_after_close(root):
    root.lock()
    root.close()
    with OutputRoot(root.path) as second:
        second.lock()


def test_a_killed_process_loses_the_lock_at_once(root):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, root.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(BusyError):
            root.lock()
        holder.kill()
        holder.wait()
    root.lock()


def test_a_lock_file_that_was_deleted_while_it_was_taken_is_no_lock(tmp_path):
    deleted = []

    def delete_once(name, _count):
        if name == "lock" and not deleted:
            (tmp_path / "out/.partial/lock").unlink()
            deleted.append(name)

    with (
        OutputRoot(str(tmp_path / "out"), disk=FaultyDisk(delete_once)) as root,
        OutputRoot(root.path) as second,
    ):
        root.lock()
        with pytest.raises(BusyError):
            second.lock()


def test_the_partial_directory_is_closed_to_others(root, tmp_path):
    old = os.umask(0)
    try:
        root.partials()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out/.partial").stat().st_mode) == 0o700


def test_a_symlink_in_place_of_the_partial_directory_is_not_entered(root, tmp_path):
    (tmp_path / "out/.partial").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="cannot be locked"):
        root.lock()


def test_a_symlink_in_place_of_the_lock_is_not_opened(root, tmp_path):
    root.partials()
    (tmp_path / "victim").touch()
    (tmp_path / "out/.partial/lock").symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError, match="cannot be locked"):
        root.lock()


def test_an_output_directory_that_cannot_be_is_a_usage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be used as output directory"):
        OutputRoot(str(tmp_path / "file/out"))


def test_reading_makes_no_directory(tmp_path):
    with pytest.raises(UsageError):
        OutputRoot(str(tmp_path / "absent"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_root_behind_a_symlink_is_resolved_once(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with OutputRoot(str(tmp_path / "link")) as root:
        assert root.path == str(tmp_path / "real")


def test_looking_does_not_follow_symlinks(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.mp4").write_bytes(VIDEO)
    (tmp_path / "out/dir").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out/a.mp4").symlink_to(tmp_path / "elsewhere/a.mp4")
    found = [
        (root.hash_file(path), root.stat_size(path)) for path in ("dir/a.mp4", "a.mp4", "none/a.mp4", "none")
    ]
    assert found == [(None, None)] * 4


def test_a_file_is_measured_and_hashed(root, tmp_path):
    (tmp_path / "out/a.mp4").write_bytes(VIDEO)
    assert (root.hash_file("a.mp4"), root.stat_size("a.mp4")) == (content_of(VIDEO), len(VIDEO))


def test_removing_a_partial_file_twice_is_no_error(root, tmp_path):
    root.partials()
    for name in ("job-1", "job-1.json", "other"):
        (tmp_path / "out/.partial" / name).touch()
    root.remove_partial("job-1")
    root.remove_partial("job-1")
    assert [each.name for each in (tmp_path / "out/.partial").iterdir()] == ["other"]


CHECKS = {
    "the file": (lambda path: path.write_bytes(VIDEO), Intact()),
    "nothing": (lambda path: None, Missing()),
    "a shorter file": (
        lambda path: path.write_bytes(VIDEO[:-1]),
        Damaged(f"{len(VIDEO) - 1} bytes instead of {len(VIDEO)}"),
    ),
    "a directory": (lambda path: path.mkdir(), Damaged("not a regular file")),
    "a symlink": (lambda path: path.symlink_to("x"), Damaged("not a regular file")),
    "a FIFO": (os.mkfifo, Damaged("not a regular file")),
}


@pytest.mark.parametrize("name", CHECKS)
async def test_a_file_is_compared_with_the_state(name, root, tmp_path):
    prepare, expected = CHECKS[name]
    prepare(tmp_path / "out/a.mp4")
    assert await check_file(root, "a.mp4", content_of(VIDEO)) == expected


async def test_w34_a_changed_byte_is_damage(root, tmp_path):
    (tmp_path / "out/a.mp4").write_bytes(VIDEO[:-1] + b"\xff")
    outcome = await check_file(root, "a.mp4", content_of(VIDEO))
    assert isinstance(outcome, Damaged)
    assert outcome.reason.startswith("SHA-256 is")
