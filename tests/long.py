"""The long run of the simulation, by parts, with its figures as rows for docs/reliability.md.

    python -m tests.long                                       everything, some hours
    python -m tests.long --seeds 0:100000 --minutes 60         seeds, for an hour; says how to go on
    python -m tests.long --points 0,1,2                        every crash point of these schedules
    python -m tests.long --pairs 12,0,1:40                     every pair of points; of schedule 1 those from point 40 on

Parts that are named run, and only they. The parts with the real program are ``python -m tests.faults.long``.
"""

import argparse
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation import points, situations
from tests.simulation.long_run import PIECE, enumerate_points, explore, spread
from tests.simulation.state import temporary_state

SEEDS = (0, 100_000)
PAIRS = (points.PAIRS, 0, 1, 3, 4, 6)
"""Six schedules: the smallest, two in flight, one after the other, two files, failures paid again, lost answers paid again."""


@dataclass
class Part:
    """What one part found: ``rest`` is what is left of it, as words of the command line, where the time was up."""

    name: str
    runs: int = 0
    broken: list = field(default_factory=list)
    rest: str = ""
    began: float = field(default_factory=time.monotonic)
    took_s: float = 0.0

    def add(self, runs, broken):
        self.runs += runs
        self.broken += broken
        self.took_s = time.monotonic() - self.began
        for line in broken:
            say(line)

    def row(self):
        """A row of the table."""
        rest = f"the rest: `python -m tests.long {self.rest}`" if self.rest else "complete"
        return f"| {self.name} | {self.runs:,} | {len(self.broken)} | {self.took_s / 60:.1f} min | {rest} |"


def seeds(first, last, workers, until):
    """The seeds from ``first`` to before ``last``; of 2,000 and more, each rare situation must have come up."""
    part, seen, done = Part(f"simulated seeds {first} to {last - 1}"), Counter(), first
    pieces = [(start, min(start + PIECE, last)) for start in range(first, last, PIECE)]
    for (_, end), (found, broken) in spread(explore, pieces, workers, until):
        seen += found
        part.add(end - done, broken)
        done = end
    if done < last:
        part.rest = f"--seeds {done}:{last}"
    never = situations.missing(seen) if done - first >= 2000 else []
    part.broken += [f"never happened: {situation}" for situation in never]
    say(*(f"{count:12,} {situation}" for situation, count in sorted(seen.items())), sep="\n")
    return part


def crashes(number, first_point, workers, until, *, pairs):
    """A crash at every point of a schedule, as a process and with the power, or at every pair of points with the power."""
    word = "pairs" if pairs else "points"
    with temporary_state() as file:
        last = len(points.singles(points.schedule(number), file))
    part, done = Part(f"crash {word} of schedule {number}, {first_point} to {last}"), first_point - 1
    pieces = [(number, point, pairs) for point in range(first_point, last + 1)]
    for (_, done, _), (runs, broken) in spread(enumerate_points, pieces, workers, until):  # noqa: B007 - the last counts
        part.add(runs, broken)
    if done < last:
        part.rest = f"--{word} {number}:{done + 1}"
    return part


def main():
    """Exit code 1 if a promise was broken."""
    given = _words().parse_args()
    until = time.monotonic() + given.minutes * 60
    is_all = not (given.seeds or given.points or given.pairs)
    rows = []

    def tell(part):
        rows.append(part)
        say(part.row())

    if given.seeds or is_all:
        first, last = map(int, given.seeds.split(":")) if given.seeds else SEEDS
        tell(seeds(first, last, given.workers, until))
    for word, usual in (("points", range(points.SCHEDULES)), ("pairs", PAIRS)):
        for number, first_point in _schedules(getattr(given, word), usual if is_all else ()):
            tell(crashes(number, first_point, given.workers, until, pairs=word == "pairs"))
    say(
        "",
        "| part | runs | violations | took | |",
        "|---|---|---|---|---|",
        *(part.row() for part in rows),
        sep="\n",
    )
    return int(any(part.broken for part in rows))


def _words():
    words = argparse.ArgumentParser(prog="python -m tests.long", description=__doc__.partition("\n")[0])
    words.add_argument("--seeds", metavar="FROM:TO")
    words.add_argument("--points", metavar="SCHEDULE[:POINT],...")
    words.add_argument("--pairs", metavar="SCHEDULE[:POINT],...")
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--minutes", type=float, default=math.inf, help="begin nothing new after so many")
    return words


def _schedules(text, usual):
    """Each schedule with the point to begin at."""
    named = text.split(",") if text else map(str, usual)
    return [(int(number), int(point or 1)) for number, _, point in (each.partition(":") for each in named)]


def say(*words, sep=" "):
    """Print, at once."""
    sys.stdout.write(sep.join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
