import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from . import situations
from .long_run import explore
from .mix import mix_of
from .shared import SharedRuns
from .world import ViolationError, simulate

ROOT = Path(__file__).resolve().parents[2]
QUICK, MANY, PIECE = 100, 2000, 50


@pytest.mark.parametrize("first", range(0, QUICK, PIECE))
def test_no_seed_breaks_a_promise(first, shared_runs):
    _, broken = shared_runs.piece(first, first + PIECE)
    assert broken == []


@pytest.mark.faults
@pytest.mark.parametrize("first", range(QUICK, MANY, PIECE))
def test_no_seed_of_many_breaks_a_promise(first, shared_runs):
    _, broken = shared_runs.piece(first, first + PIECE)
    assert broken == []


@pytest.mark.faults
def test_every_rare_situation_comes_up_within_that_many_seeds(shared_runs):
    """From the last piece to the first, so that it meets the runs of the test above in the middle, and shares them."""
    seen = Counter()
    for first in reversed(range(0, MANY, PIECE)):
        found, _ = shared_runs.piece(first, first + PIECE)
        seen += found
        if not situations.missing(seen):
            break
    assert situations.missing(seen) == []


def test_a_situation_that_never_came_up_is_named():
    assert situations.missing(situations.EVERY - {"a power cut"}) == ["a power cut"]


def test_seeds_that_were_run_are_not_run_again(tmp_path):
    first = SharedRuns(tmp_path).piece(0, 2)
    kept = tmp_path / "seeds-0-2.json"
    kept.write_text(kept.read_text().replace("[]]", '["marked"]]'))
    assert first == explore(0, 2)
    assert SharedRuns(tmp_path).piece(0, 2) == (first[0], ["marked"])


@pytest.mark.parametrize("seed", [1, 7, 20])
def test_the_same_seed_gives_the_same_log_to_the_byte(seed, state_file):
    first, again = (simulate(mix_of(seed), state_file).text() for _ in range(2))
    assert again == first
    assert len(first) > 1000


def test_the_log_depends_on_nothing_but_the_seed(state_file):
    """Another process, another order of every set of strings, other addresses, and the state as a file of its own."""
    replay = [sys.executable, "-m", "tests.simulation", "7"]
    shown = subprocess.run(
        replay, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    ).stdout
    here = simulate(mix_of(7), state_file).text()
    assert hashlib.sha256(here.encode()).hexdigest() in shown


def test_a_seed_that_breaks_a_promise_is_shown_with_its_log(state_file):
    mix = mix_of(1)
    world = simulate(mix, state_file)
    world.violate("the sky is green")
    with pytest.raises(ViolationError, match="the sky is green"):
        world.raise_if_wrong()
    assert "VIOLATION the sky is green" in world.text()
