import errno

import pytest

from runner.files.disk import Access, Entry

from .disk import ROOT, SimulatedDisk


@pytest.fixture
def disk():
    return SimulatedDisk()


@pytest.fixture
def root(disk):
    return disk.open_root(ROOT, create=True)


def written(disk, entry, content, *, synced=True):
    handle = disk.open_file(entry, Access.CREATE)
    disk.write(handle, content, 0)
    if synced:
        disk.sync(handle)
    return handle


def after_power_cut(disk, survives=lambda: False):
    disk.cut_power(survives)
    return disk.files(durable=False)


def test_what_was_synced_with_its_name_survives(disk, root):
    written(disk, Entry(root, "a"), b"whole")
    disk.sync(root)
    assert after_power_cut(disk) == {"a": b"whole"}


def test_a_name_that_was_not_synced_is_gone_with_its_file(disk, root):
    written(disk, Entry(root, "a"), b"whole")
    assert after_power_cut(disk) == {}


def test_a_name_that_was_synced_before_its_bytes_stands_for_an_empty_file(disk, root):
    written(disk, Entry(root, "a"), b"whole", synced=False)
    disk.sync(root)
    assert after_power_cut(disk) == {"a": b""}


def test_what_was_written_after_the_sync_is_lost(disk, root):
    handle = written(disk, Entry(root, "a"), b"first")
    disk.sync(root)
    disk.write(handle, b"later", 0)
    assert after_power_cut(disk) == {"a": b"first"}


def test_a_name_that_was_taken_away_without_a_sync_is_back(disk, root):
    written(disk, Entry(root, "a"), b"whole")
    disk.sync(root)
    disk.remove(Entry(root, "a"))
    assert after_power_cut(disk) == {"a": b"whole"}


def test_a_directory_that_was_not_synced_above_takes_everything_with_it(disk, root):
    disk.make_directory(Entry(root, "d"), 0o777)
    inside = disk.open_directory(Entry(root, "d"))
    written(disk, Entry(inside, "a"), b"whole")
    disk.sync(inside)
    assert after_power_cut(disk) == {}


def test_what_was_not_synced_may_survive_as_well(disk, root):
    written(disk, Entry(root, "a"), b"whole", synced=False)
    assert after_power_cut(disk, lambda: True) == {"a": b"whole"}


def test_bytes_that_were_not_synced_may_survive_by_half(disk, root):
    written(disk, Entry(root, "a"), b"whole!", synced=False)
    draws = iter([True, False, True])
    assert after_power_cut(disk, lambda: next(draws)) == {"a": b"who"}


def test_a_link_is_a_second_name_for_the_same_file_and_refuses_one_that_is_taken(disk, root):
    written(disk, Entry(root, "a"), b"whole")
    disk.link(Entry(root, "a"), Entry(root, "b"))
    found = disk.stat(Entry(root, "b"))
    assert (found.links, found.identity) == (2, disk.stat(Entry(root, "a")).identity)
    with pytest.raises(FileExistsError):
        disk.link(Entry(root, "a"), Entry(root, "b"))


def test_a_process_that_is_gone_holds_no_lock(disk, root):
    handle = disk.open_file(Entry(root, "lock"), Access.KEEP)
    assert disk.lock(handle)
    other = disk.open_file(Entry(root, "lock"), Access.KEEP)
    assert not disk.lock(other)
    disk.end_process()
    assert disk.lock(disk.open_file(Entry(disk.open_root(ROOT, create=True), "lock"), Access.KEEP))


def test_a_full_disk_takes_no_more_and_keeps_what_it_has(disk, root):
    disk.capacity_bytes = 4
    handle = disk.open_file(Entry(root, "a"), Access.CREATE)
    disk.write(handle, b"four", 0)
    with pytest.raises(OSError) as raised:
        disk.write(handle, b"more", 4)
    assert (raised.value.errno, disk.files(durable=False)) == (errno.ENOSPC, {"a": b"four"})


def test_what_somebody_else_puts_there_makes_nothing_else_durable(disk, root):
    written(disk, Entry(root, "a"), b"whole")
    disk.plant("d/b", b"theirs")
    assert after_power_cut(disk) == {"d/b": b"theirs"}
