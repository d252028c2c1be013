"""Tar shards: the same bytes for the same samples, and a form that every reader knows."""

import io
import tarfile

import pytest

from runner.files.shard import Shard

MEMBERS = {
    "k-1.mp4": b"v" * 1000,
    "k-1.json": b"{}\n",
    "k-1.txt": "a fox à l'aube 🦊".encode(),
    "k-2.mp4": b"x" * 512,
    "e.txt": b"",
}


def written(members=MEMBERS) -> bytes:
    out = io.BytesIO()
    shard = Shard(out)
    for name, content in members.items():
        shard.add(name, len(content), [content[:7], content[7:]])
    shard.end()
    return out.getvalue()


def test_a_reader_finds_every_member_in_its_order():
    with tarfile.open(fileobj=io.BytesIO(written())) as archive:
        found = {one.name: archive.extractfile(one).read() for one in archive}
    assert list(found.items()) == list(MEMBERS.items())


def test_it_holds_no_time_and_no_owner():
    with tarfile.open(fileobj=io.BytesIO(written())) as archive:
        kept = {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode, one.type) for one in archive}
    assert kept == {(0, 0, 0, "", "", 0o644, tarfile.REGTYPE)}


def test_it_is_what_the_standard_library_writes():
    theirs = io.BytesIO()
    with tarfile.open(fileobj=theirs, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert written() == theirs.getvalue()


def test_a_member_too_large_for_the_form_is_refused():
    with pytest.raises(ValueError, match="overflow"):
        Shard(io.BytesIO()).add("k.mp4", 8**11, [])
