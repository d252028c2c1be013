"""The command line of the simulation; see the package."""

import argparse
import hashlib
import sys
import time
from collections import Counter

from . import points, situations
from .long_run import PIECE, enumerate_points, explore, spread
from .mix import mix_of
from .state import temporary_state
from .world import ViolationError, simulate


def main():
    """Exit code 1 if a promise was broken, or if one of the rare situations never came up in 2,000 seeds or more."""
    words = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    words.add_argument("seed", nargs="?", help="replay this seed, and show its event log")
    words.add_argument("--seeds", metavar="FROM:TO", help="run all these seeds")
    words.add_argument("--points", type=int, metavar="SCHEDULE", help="crash at every point of this schedule")
    words.add_argument("--pairs", type=int, metavar="SCHEDULE", nargs="?", const=points.PAIRS)
    words.add_argument(
        "--crash", metavar="P,P", help="with --points: only this crash, or these two, with the event log"
    )
    words.add_argument("--power", action="store_true", help="with --crash: lose power instead of the process")
    words.add_argument("--workers", type=int, default=1)
    given = words.parse_args()
    if given.seeds:
        return _many(*map(int, given.seeds.split(":")), given.workers)
    if given.pairs is not None:
        return _all_points(given.pairs, given.workers, pairs=True)
    if given.points is not None and given.crash:
        crashes = [points.crash(int(point), power=given.power) for point in given.crash.split(",")]
        return _one(points.schedule(given.points), crashes)
    if given.points is not None:
        return _all_points(given.points, given.workers, pairs=False)
    if given.seed is None:
        words.error("give a seed, --seeds, --points or --pairs")
    return _one(mix_of(given.seed), None)


def _one(mix, crashes):
    with temporary_state() as file:
        try:
            world, code = simulate(mix, file, crashes), 0
        except ViolationError as error:
            world, code = error.world, 1
    _say(mix)
    _say(world.text())
    _say("sha256 of this log:", hashlib.sha256(world.text().encode()).hexdigest())
    _say("; ".join(world.violations) or "every promise was kept")
    return code


def _many(first, last, workers):
    began, seen, failures = time.monotonic(), Counter(), []
    pieces = [(start, min(start + PIECE, last)) for start in range(first, last, PIECE)]
    for done, (_, (found, wrong)) in enumerate(spread(explore, pieces, workers), start=1):
        seen += found
        failures += wrong
        for line in wrong:
            _say(line)
        if done % 50 == 0:
            _tell(done * PIECE, began, failures)
    _tell(last - first, began, failures)
    for situation, count in sorted(seen.items()):
        _say(f"{count:10d} {situation}")
    missing = situations.missing(seen) if last - first >= 2000 else []
    if missing:
        _say("never happened:", *missing, sep="\n    ")
    return int(bool(failures or missing))


def _all_points(number, workers, *, pairs):
    began, total, failures = time.monotonic(), 0, []
    with temporary_state() as file:
        singles = points.singles(points.schedule(number), file)
    for _, (runs, wrong) in spread(enumerate_points, [(number, point, pairs) for point in singles], workers):
        total += runs
        failures += wrong
        for line in wrong:
            _say(line)
    _tell(total, began, failures)
    return int(bool(failures))


def _tell(runs, began, failures):
    took_s = time.monotonic() - began
    _say(f"{runs} runs in {took_s:.0f} s ({runs / took_s:.1f} a second), {len(failures)} violations")


def _say(*words, sep=" "):
    sys.stdout.write(sep.join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
