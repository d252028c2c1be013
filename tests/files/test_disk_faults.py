import errno
import os
import resource
import shutil
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
from files_support import (
    ETAG,
    LOOPBACK,
    VIDEO,
    FaultyDisk,
    content_of,
    failing,
    fetched,
    mp4,
    part,
    reply,
    serving,
)

from runner.files.download import fetch
from runner.files.folder import Folder
from runner.files.outcomes import Broken, DiskFailed, DiskFull, Fetched
from runner.files.partial import Partial
from runner.files.place import place
from runner.files.root import OutputRoot
from runner.files.tree import Tree

BIG = mp4(b"frames" * 100_000)


async def outcome_on(disk, tmp_path, session, body=BIG):
    with OutputRoot(str(tmp_path / "out"), disk=disk) as root:
        async with serving(reply(body, headers=ETAG)) as server:
            return await fetch(session, root, server.request())


FAULTS = [
    ("write", errno.ENOSPC, DiskFull),
    ("write", errno.EDQUOT, DiskFull),
    ("write", errno.EFBIG, DiskFull),
    ("write", errno.EIO, DiskFailed),
    ("write", errno.EROFS, DiskFailed),
    ("sync", errno.ENOSPC, DiskFull),
    ("sync", errno.EIO, DiskFailed),
    ("open_file", errno.EACCES, DiskFailed),
    ("open_file", errno.ENOSPC, DiskFull),
    ("open_file", errno.EMFILE, Broken),
    ("make_directory", errno.EROFS, DiskFailed),
    ("read", errno.EIO, DiskFailed),
]


@pytest.mark.parametrize(("call", "code", "kind"), FAULTS)
async def test_a_failing_disk_has_its_own_outcome(call, code, kind, tmp_path, session):
    outcome = await outcome_on(failing(call, code), tmp_path, session)
    assert type(outcome) is kind


async def test_a_full_disk_says_where_and_how_much_is_missing(tmp_path, session):
    outcome = await outcome_on(failing("write", errno.ENOSPC), tmp_path, session)
    assert outcome == DiskFull(f"{tmp_path}/out/.partial/job-1", len(BIG))


async def test_after_a_failed_sync_the_file_is_gone(tmp_path, session):
    await outcome_on(failing("sync", errno.EIO), tmp_path, session)
    assert list((tmp_path / "out/.partial").iterdir()) == []


async def test_a_note_that_cannot_be_written_stops_nothing(tmp_path, session):
    def fail_notes(name, count):
        opened = disk.calls.count("open_file")
        if (
            name == "write" and opened == 2 and "failed note" not in disk.calls
        ):  # the partial file's, and the note's
            disk.calls.append("failed note")
            raise OSError(errno.EIO, "injected")

    disk, large = FaultyDisk(fail_notes), mp4(bytes(6 * 2**20))
    outcome = await outcome_on(disk, tmp_path, session, large)
    assert (outcome, disk.calls.count("failed note")) == (fetched(large), 1)


async def test_what_is_kept_after_a_disk_was_full_for_a_moment_is_gone_on_with(tmp_path, session):
    def full_once(name, count):
        if name == "write" and count == 2:  # the first chunk is written, the second is not
            raise OSError(errno.ENOSPC, "injected")

    large = mp4(bytes(6 * 2**20))
    with OutputRoot(str(tmp_path / "out"), disk=FaultyDisk(full_once)) as root:
        async with serving(
            reply(large, headers=ETAG), lambda asked: part(large, offset_in(asked), ETAG)
        ) as server:
            full = await fetch(session, root, server.request())
            whole = await fetch(session, root, server.request())
            assert (type(full), whole, server.header("Range")[1] is None) == (DiskFull, fetched(large), False)


def test_a_drip_of_bytes_goes_to_the_disk_before_it_becomes_a_million_objects(tmp_path):
    disk, drip = FaultyDisk(), mp4(b"frames" * 300)
    with OutputRoot(str(tmp_path / "out"), disk=disk) as root, closing(Partial(root, "job-1")) as partial:
        partial.restart(None, None)
        for byte in drip:
            partial.write(bytes([byte]))
        written = disk.calls.count("open_file")
        outcome = partial.hand_over().run(length_proven=True)
    assert (written, outcome) == (1, fetched(drip))


@pytest.mark.parametrize(("at_once", "is_held"), [(16, True), (17, False)])
async def test_what_all_downloads_hold_together_is_bounded(at_once, is_held, tmp_path, session):
    writers = set()
    disk = FaultyDisk(lambda name, _count: writers.add(threading.get_ident()) if name == "write" else None)
    large = mp4(bytes(4 * 2**20 - 200))
    with Folder(str(tmp_path / "out"), disk=disk) as root:
        async with serving(reply(large, headers=ETAG)) as server:
            outcome = await Tree(root, session, LOOPBACK, at_once).fetch(server.url(), "job-1")
    assert (outcome, threading.get_ident() not in writers) == (fetched(large), is_held)


async def test_the_file_is_synced_after_the_last_write_and_before_its_outcome(tmp_path, session):
    disk = FaultyDisk()
    await outcome_on(disk, tmp_path, session)
    assert disk.calls.count("sync") == 1
    assert "write" not in disk.calls[disk.calls.index("sync") :]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MiB: more than what is held in memory."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small file system can only be mounted by root")
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], check=False)
    if made.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_really_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room(small_disk, session):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(6 * 2**20))
    body = mp4(b"frames" * 1_500_000)
    with OutputRoot(str(small_disk / "out")) as root:
        async with serving(
            reply(body, headers=ETAG), lambda asked: part(body, offset_in(asked), ETAG)
        ) as server:
            full = await fetch(session, root, server.request())
            ballast.unlink()
            whole = await fetch(session, root, server.request())
            assert (type(full), whole, server.header("Range")[1] is None) == (DiskFull, fetched(body), False)


def offset_in(asked):
    return int(asked.split(b"bytes=")[1].split(b"-")[0])


async def test_a_limit_on_file_sizes_counts_as_a_full_disk(tmp_path, session):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        outcome = await outcome_on(FaultyDisk(), tmp_path, session)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(outcome, DiskFull)


@pytest.mark.parametrize(
    ("call", "code", "kind"),
    [
        ("link", errno.ENOSPC, DiskFull),
        ("link", errno.EIO, DiskFailed),
        ("link", errno.EXDEV, DiskFailed),
        ("sync", errno.EIO, DiskFailed),
        ("make_directory", errno.ENOSPC, DiskFull),
        ("make_directory", errno.EACCES, DiskFailed),
        ("open_directory", errno.EMFILE, Broken),
        ("remove", errno.EIO, DiskFailed),
    ],
)
def test_placing_on_a_failing_disk_has_its_own_outcome(call, code, kind, tmp_path):
    disk = FaultyDisk()
    with OutputRoot(str(tmp_path / "out"), disk=disk) as root:
        root.partials()
        (tmp_path / "out/.partial/job-1").write_bytes(VIDEO)
        disk.on_call = failing(call, code).on_call
        disk.calls.clear()
        assert type(place(root, "job-1", "a/b.mp4", content_of(VIDEO))) is kind


def open_descriptors():
    return len(list(Path("/dev/fd").iterdir()))


async def test_no_descriptor_stays_open_after_anything(tmp_path, session):
    before = open_descriptors()
    for call, code, _ in FAULTS:
        await outcome_on(failing(call, code), tmp_path, session)
    assert isinstance(await outcome_on(FaultyDisk(), tmp_path, session), Fetched)
    await session.close()
    assert open_descriptors() <= before


def test_another_file_system_below_the_output_directory_is_named_as_such(tmp_path):
    with OutputRoot(str(tmp_path / "out"), disk=failing("link", errno.EXDEV)) as root:
        root.partials()
        (tmp_path / "out/.partial/job-1").write_bytes(VIDEO)
        outcome = place(root, "job-1", "a.mp4", content_of(VIDEO))
    assert isinstance(outcome, DiskFailed)
    assert "on another file system" in outcome.reason
