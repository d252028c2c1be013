"""Every message is as it was when somebody last read it, and none of them is a traceback."""

from pathlib import Path

import pytest

from tests.faults.needs import missing
from tests.gallery import disk
from tests.gallery.snapshots import AREAS, kept, played
from tests.gallery.stage import TOKEN
from tests.no_traceback import refuse_traceback

SITUATIONS = [(area, name) for area, situations in AREAS.items() for name in situations]
ONLY_ROOT = missing("root", "mount")


@pytest.mark.parametrize(("area", "name"), SITUATIONS)
def test_a_message_is_as_it_was_when_somebody_last_read_it(area, name):
    if name in disk.NEEDS_MOUNTS and ONLY_ROOT:
        pytest.skip(ONLY_ROOT)
    if name in disk.NEEDS_FULL and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    transcript, errors = played(area, name)
    refuse_traceback(*errors)
    assert [text for text in errors if TOKEN in text] == []
    assert transcript == kept(area)[name]


@pytest.mark.parametrize("area", AREAS)
def test_what_is_written_down_is_what_there_is(area):
    assert list(kept(area)) == list(AREAS[area])


def test_there_are_at_least_sixty_situations():
    assert len(SITUATIONS) >= 60
