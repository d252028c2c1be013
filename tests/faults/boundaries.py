"""SIGKILL right before a system call of a run: at each, or at a sample; half of the time the recovery dies as well.

python -m tests.faults.boundaries --all
"""

import argparse
import random
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.faults import checker, traced
from tests.faults.scene import scene_in
from tests.faults.trials import Figures, Verdict, carry_out, told

RESUMED_CALLS = 200
"""About as many calls as a resumed run makes; the second kill is drawn from them."""


def boundaries() -> list[traced.Call]:
    """The calls of an undisturbed run after which the world may be another."""
    return [call for call in clean_calls() if call.changes]


def clean_calls() -> list[traced.Call]:
    """All calls of an undisturbed run."""
    with tempfile.TemporaryDirectory(prefix="runner-fault-") as place, scene_in(Path(place)) as scene:
        clean = traced.run(scene)
        if violations := checker.at_the_end(scene, clean.done):
            raise AssertionError(f"even an undisturbed run is wrong: {violations}")
        return clean.calls


def killed_at(number: int, place: Path, *, twice: bool | None = None) -> Verdict:
    """Kill before the ``number``-th call, resume, and check after each step; ``twice`` kills the recovery too."""
    draw = random.Random(number)
    again = draw.randint(1, RESUMED_CALLS) if (draw.random() < 0.5 if twice is None else twice) else 0
    with scene_in(place) as scene:
        killed = traced.run(scene, at=number)
        label = f"killed at {killed.struck or f'#{number}, not reached'}"
        violations = checker.during(scene)
        if again:
            second = traced.run(scene, at=again)
            label += f", then at {second.struck or f'#{again}, not reached'}"
            violations += checker.during(scene)
        violations += checker.at_the_end(scene, scene.run())
        states = [job["state"] for job in scene.jobs()]
    tags = ["killed" if killed.struck else "not reached", *(["killed in recovery"] if again else [])]
    return Verdict(label, tuple(violations), (*tags, *(f"jobs {state}" for state in states)))


def sweep(count: int | None, seed: int, workers: int) -> tuple[list[traced.Call], Figures]:
    """The boundaries that there are, and the trials of ``count`` of them (``None``: of all, once and twice killed)."""
    calls = boundaries()
    if count is not None:
        numbers = [call.number for call in traced.sample(calls, count, seed)]
        return calls, carry_out(killed_at, numbers, workers)
    numbers = [call.number for call in calls]
    once = carry_out(partial(killed_at, twice=False), numbers, workers)
    twice = carry_out(partial(killed_at, twice=True), numbers, workers)
    return calls, Figures(once.verdicts + twice.verdicts, once.seconds + twice.seconds)


def main() -> int:
    """Print figures; the exit code says whether anything was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.boundaries", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every boundary instead of a sample")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args()
    calls, figures = sweep(None if given.all else given.count, given.seed, given.workers)
    return told(f"SIGKILL at system calls, {len(calls)} boundaries in a clean run", figures)


if __name__ == "__main__":
    sys.exit(main())
