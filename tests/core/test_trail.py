"""How fast a total has grown of late."""

from runner.core.trail import Trail


def test_the_first_look_shows_no_growth():
    assert Trail(10.0).growth(5.0, 100) == (0, 0.0)


def test_growth_is_measured_from_the_first_look():
    trail = Trail(10.0)
    assert [trail.growth(now, 3 * int(now)) for now in (0.0, 1.0, 4.0)] == [(0, 0.0), (3, 1.0), (12, 4.0)]


def test_what_is_older_than_the_window_does_not_count():
    trail = Trail(10.0)
    seen = [trail.growth(float(now), 0 if now < 100 else now - 100) for now in range(200)]
    assert (seen[99], seen[199]) == ((0, 10.0), (10, 10.0))


def test_a_long_silence_is_part_of_the_window():
    trail = Trail(10.0)
    trail.growth(0.0, 0)
    assert trail.growth(60.0, 30) == (30, 60.0)


def test_looking_often_keeps_few_samples():
    trail = Trail(10.0)
    for step in range(100_000):
        trail.growth(step / 1000, step)
    assert len(trail._samples) < 70
