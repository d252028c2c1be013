import pytest

from . import points
from .long_run import enumerate_points, failure_of

PIECES = 16
"""Into how many tests the pairs are cut, so that several processes can share them out."""


def broken(number, file, *, power):
    """The points of a schedule at which a crash breaks a promise, each as the command that replays it."""
    mix, found = points.schedule(number), []
    for point in points.singles(mix, file):
        found += failure_of(number, mix, file, [points.crash(point, power=power)])
    return found


@pytest.mark.parametrize(("number", "power"), [(points.PAIRS, True), (10, False)])
def test_a_small_batch_survives_a_crash_at_every_point(number, power, state_file):
    assert broken(number, state_file, power=power) == []


@pytest.mark.faults
@pytest.mark.parametrize("power", [False, True], ids=["process", "power"])
@pytest.mark.parametrize("number", range(points.SCHEDULES))
def test_every_schedule_survives_a_crash_at_every_point(number, power, state_file):
    assert broken(number, state_file, power=power) == []


@pytest.mark.faults
@pytest.mark.parametrize("piece", range(PIECES))
def test_a_small_batch_survives_a_crash_at_every_pair_of_points(piece, state_file):
    firsts = points.singles(points.schedule(points.PAIRS), state_file)[piece::PIECES]
    found = [enumerate_points(points.PAIRS, first, pairs=True) for first in firsts]
    assert sum(runs for runs, _ in found) > len(firsts)
    assert [line for _, wrong in found for line in wrong] == []


def test_the_points_are_around_every_commit_request_download_and_step_on_the_disk(state_file):
    mix = points.schedule(points.PAIRS)
    names = set()
    for point in points.singles(mix, state_file):
        world = points.crashed_at(mix, state_file, points.crash(point, power=False))
        names |= {name for name in world.situations if name.startswith("a crash at")}
    around = ("commit", "committed", "post leaves", "post answered", "status asked", "status answered")
    steps = ("mkdir", "create", "write", "sync", "link", "remove")
    expected = {*around, "download asked", "place asked", *(f"disk {step}" for step in steps)}
    assert names == {f"a crash at: {name}" for name in expected}
