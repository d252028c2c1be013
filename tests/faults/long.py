"""The long run of the real program under fire, with its figures; each part, or a piece of one, can be run by itself.

python -m tests.faults.long [--part NAME]... [--skip N] [--count N] [--seed N] [--workers N]
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import boundaries, herd, injected, power, processing, random_kills, retakes
from tests.faults.needs import missing
from tests.faults.trials import Verdict, carry_out, draw

_TOLD_EVERY = 25
_SHOWN_CHARS = 600


@dataclass(frozen=True, slots=True)
class Part:
    """Trials of one kind; ``cases`` are made from the seed, always in the same order, so that a piece can be left out."""

    title: str
    needs: tuple[str, ...]
    trial: Callable[[Any, Path], Verdict]
    cases: Callable[[int], Iterable[Any]]


PARTS = {
    "calls": Part(
        "SIGKILL at every system call, once and twice",
        ("tracing",),
        boundaries.killed_at,
        lambda _: boundaries.every(),
    ),
    "retakes": Part(
        "SIGKILL at every system call of what makes again and deletes",
        ("tracing",),
        retakes.killed_at,
        lambda _: retakes.every(),
    ),
    "steps": Part(
        "SIGKILL at every system call of a run that carries out processing steps",
        ("tracing",),
        processing.killed_at,
        lambda _: processing.every(),
    ),
    "power": Part("power cuts (ext4)", power.NEEDS, power.cut, lambda seed: draw(seed, 100)),
    "processes": Part("four processes at once", (), herd.at_once, lambda seed: draw(seed, 200)),
    "kills": Part("SIGKILL at random moments", (), random_kills.killed, lambda seed: draw(seed, 50)),
    "errors": Part(
        "every system call fails in every way", ("tracing",), injected.failing, lambda _: injected.every()
    ),
}


def main() -> int:
    """Print figures as they come; the exit code says whether anything was broken, or skipped."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.long", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; may be given again")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first cases of each part")
    parser.add_argument("--count", type=int, help="at most so many cases of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    until = None if given.count is None else given.skip + given.count
    piece = slice(given.skip, until)
    codes = [_part(PARTS[name], piece, given.seed, given.workers) for name in given.part or PARTS]
    return max(codes)


def _part(part: Part, piece: slice, seed: int, workers: int) -> int:
    if reason := missing(*part.needs):
        _say(f"{part.title}: skipped, {reason}")
        return 1
    cases = list(part.cases(seed))
    chosen = cases[piece]
    numbers = itertools.count(1)

    def heard(verdict: Verdict) -> None:
        for violation in verdict.violations:
            _say(f"  {verdict.label}: {violation}"[:_SHOWN_CHARS])
        if (number := next(numbers)) % _TOLD_EVERY == 0:
            _say(f"  {number} of {len(chosen)}")

    figures = carry_out(part.trial, chosen, workers, heard)
    _say(f"{part.title}, {len(chosen)} of {len(cases)} cases from {piece.start}: {figures}")
    return bool(figures.violations)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - figures are what it is for


if __name__ == "__main__":
    sys.exit(main())
