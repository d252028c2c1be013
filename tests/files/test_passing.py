"""The directory of files that only pass through a machine."""

import os
import tempfile
from pathlib import Path

import pytest

from runner.files.passing import passing_spool


@pytest.fixture
def above(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(folder):
    os.utime(folder, (0, 0))
    return folder


def test_it_goes_with_whoever_made_it(above):
    with passing_spool() as spool:
        inside = Path(spool.path).parent
        there = list(above.iterdir())
    assert (inside, len(there), list(above.iterdir())) == (above, 1, [])


def test_that_of_a_killed_process_is_deleted_and_one_in_use_is_not(above):
    (above / "runner-passing-killed" / ".partial").mkdir(parents=True)
    aged(above / "runner-passing-killed")
    (above / "theirs").mkdir()
    with passing_spool() as used, passing_spool():
        aged(Path(used.path))
        with passing_spool():
            left = {path.name for path in above.iterdir()}
        assert (Path(used.path).name in left, "runner-passing-killed" in left, len(left)) == (True, False, 4)
    assert [path.name for path in above.iterdir()] == ["theirs"]


def test_a_young_one_may_not_have_its_lock_yet(above):
    (above / "runner-passing-begun").mkdir()
    with passing_spool():
        pass
    assert [path.name for path in above.iterdir()] == ["runner-passing-begun"]
