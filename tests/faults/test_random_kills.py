"""SIGKILL at random moments, against a service with faults of its own, and against the one inside the program."""

import random
import time

import pytest

from tests.faults import checker, random_kills
from tests.faults.scene import Scene
from tests.faults.trials import carry_out, draw

pytestmark = pytest.mark.faults

SEED = 7


def test_ten_kills_at_random_moments_leave_the_tree_of_an_undisturbed_run():
    figures = carry_out(random_kills.killed, draw(SEED, 2))
    assert figures.tags["kill"] > 10
    assert figures.violations == []


def test_a_service_that_dies_with_the_program_is_asked_again_after_the_resume(tmp_path):
    # The embedded service keeps its own books, and has another port after each start.
    draw = random.Random(SEED)
    root = tmp_path / "work"
    scene = Scene(root, "http://127.0.0.1:9", root / "state" / "sandbox-service.db", embedded=True)
    for _ in range(4):
        with scene.start() as process:
            time.sleep(draw.uniform(0.5, 1.7))
            process.kill()
        assert checker.during(scene) == []
    assert checker.at_the_end(scene, scene.resume()) == []
