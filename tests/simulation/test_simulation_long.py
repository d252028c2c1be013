"""The long run tells its figures, and how to go on where the time was up."""

import math
import subprocess
import sys
from pathlib import Path

from tests.long import crashes, seeds

from . import points
from .long_run import spread

ROOT = Path(__file__).resolve().parents[2]
NO_TIME, NO_END = -math.inf, math.inf


def test_results_come_in_the_order_of_the_pieces():
    pieces = [(number, 2) for number in range(9)]
    assert list(spread(pow, pieces, 2)) == [((number, 2), number**2) for number in range(9)]


def test_nothing_new_is_begun_when_the_time_is_up():
    assert list(spread(pow, [(2, 2)], 1, until=NO_TIME)) == []


def test_seeds_that_were_not_reached_are_named_as_words_of_the_command_line():
    part = seeds(40, 80, 1, NO_TIME)
    assert (part.runs, part.broken, part.rest) == (0, [], "--seeds 40:80")


def test_points_that_were_not_reached_are_named_as_words_of_the_command_line():
    part = crashes(points.PAIRS, 7, 1, NO_TIME, pairs=True)
    assert (part.runs, part.broken, part.rest) == (0, [], f"--pairs {points.PAIRS}:7")


def test_from_its_last_point_on_a_schedule_is_soon_complete(state_file):
    last = len(points.singles(points.schedule(points.PAIRS), state_file))
    part = crashes(points.PAIRS, last, 1, NO_END, pairs=False)
    assert (part.runs, part.broken, part.rest) == (2, [], "")


def test_the_command_ends_with_rows_for_a_table():
    ran = subprocess.run(
        [sys.executable, "-m", "tests.long", "--seeds", "0:3", "--workers", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    head, rule, row = ran.stdout.splitlines()[-3:]
    assert head.startswith("| part | runs | violations |")
    assert rule.count("---") == head.count("|") - 1
    assert row.startswith("| simulated seeds 0 to 2 | 3 | 0 | ")
