"""SIGKILL right before a system call of a run: at each, or at a sample; half of the time the recovery dies as well."""

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.faults import checker, traced
from tests.faults.scene import scene_in
from tests.faults.trials import Verdict

RESUMED_CALLS = 200
"""About as many calls as a resumed run makes; the second kill is drawn from them."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Before the ``number``-th call of the run; ``twice`` kills the recovery too."""

    number: int
    twice: bool


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


def killed_at(case: Kill, place: Path) -> Verdict:
    """Kill before a call, resume, and check after each step."""
    again = random.Random(case.number).randint(1, RESUMED_CALLS) if case.twice else 0
    with traced.disturbed(place, case.number) as (scene, killed):
        label = f"killed at {killed.struck}"
        violations = checker.during(scene)
        if again:
            second = traced.run(scene, at=again)
            label += f", then at {second.struck or f'#{again}, not reached'}"
            violations += checker.during(scene)
        violations += checker.at_the_end(scene, scene.resume())
        states = [job["state"] for job in scene.jobs()]
    tags = ("killed", "killed in recovery") if again else ("killed",)
    return Verdict(label, tuple(violations), (*tags, *(f"jobs {state}" for state in states)))


def every() -> list[Kill]:
    """All boundaries, once and twice killed."""
    return [Kill(call.number, twice) for call in boundaries() for twice in (False, True)]


def sampled(count: int, seed: int) -> list[Kill]:
    """``count`` of them, every other one killed in its recovery as well."""
    calls = traced.sample(boundaries(), count, seed)
    return [Kill(call.number, at % 2 == 1) for at, call in enumerate(calls)]
