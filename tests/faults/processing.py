"""SIGKILL right before a system call of a run that has nothing to pay for and processing steps to carry out.

Four jobs are done; then steps are written into the manifest, and the run that carries them out is killed, and resumed. Whatever
was killed, no credit and no job changes, every file under a final name is whole and known, and the end is the same.
"""

import contextlib
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults import checker, traced
from tests.faults.checker import Content, Findings
from tests.faults.injected import Injected, cases
from tests.faults.scene import BATCH, PRICE, Scene, scene_in
from tests.faults.trials import Verdict

STEPS = "steps: [probe, thumbnail, {frames: {every: 500ms}}, {transcode: {height: 64, fps: 12}}]\n"
FILES = 1 + 2 + 1
"""What these steps make of a video of a second."""

_ATTEMPTS, _NEAR_THE_END = 4, 5
_RESUMED_CALLS = 150


@dataclass(frozen=True, slots=True)
class Kill:
    """Before the ``number``-th call of the run; ``twice`` kills the next one as well."""

    number: int
    twice: bool


def every() -> list[Kill]:
    """All calls that change something, once and twice killed."""
    return [Kill(call.number, twice) for call in _calls() for twice in (False, True)]


def sampled(count: int, seed: int) -> list[Kill]:
    """``count`` of them, every other one killed once more."""
    calls = traced.sample(_of_steps(_calls()), count, seed)
    return [Kill(call.number, at % 2 == 1) for at, call in enumerate(calls)]


def failures(count: int, seed: int) -> list[Injected]:
    """``count`` calls, each with one of the errors that befall its kind."""
    return random.Random(seed).sample(cases(_all_calls()), count)


def failing(case: Injected, place: Path) -> Verdict:
    """Let one call fail, check, run again undisturbed, check."""
    with _struck(Kill(case.number, twice=False), place, case.error) as (scene, failed):
        label = f"{case.error} at {failed.struck}: exit {failed.done.code}"
        violations = [*checker.ended_well(failed.done), *during(scene), *at_the_end(scene)]
    return Verdict(label, tuple(violations), (f"exit {failed.done.code}",))


def killed_at(case: Kill, place: Path) -> Verdict:
    """Kill before a call, resume, and check after each step."""
    with _struck(case, place) as (scene, killed):
        label = f"killed at {killed.struck}"
        violations = during(scene)
        if case.twice:
            again = random.Random(case.number).randint(1, _RESUMED_CALLS)
            second = traced.run(scene, at=again)
            label += f", then at {second.struck or f'#{again}, not reached'}"
            violations += during(scene)
        violations += at_the_end(scene)
    return Verdict(label, tuple(violations), ("killed",))


def during(scene: Scene) -> list[str]:
    """What must hold at every instant at which no process works on the batch."""
    findings, status = Findings(), scene.status() or {}
    held = status["credits"]["spent"], status["credits"]["reserved"]
    findings.expect(held == (4 * PRICE, 0), f"the books hold {held}")
    findings.expect(len(scene.books().tasks()) == 4, "something was paid for")
    findings.expect(status["jobs"]["done"] == 4, f"jobs are {status['jobs']}")
    known, tree = _known(scene), _derived(scene)
    strange = {path for path, content in tree.items() if known.get(path) != content}
    findings.expect(not strange, f"not whole, or not known: {strange}")
    missing = set(_known(scene, "made")) - set(tree)
    findings.expect(not missing, f"the state has made what is not there: {missing}")
    return findings.found


def at_the_end(scene: Scene) -> list[str]:
    """Resume to the end: then all steps are carried out, and nothing is left to do."""
    ran = scene.resume()
    findings = Findings(during(scene))
    findings.expect(ran.code == 0, f"run: {ran.code}, {ran.err[-300:]}")
    tree = _derived(scene)
    findings.expect(tree == _known(scene, "made"), f"there is {sorted(tree)}")
    videos = sum(len(job["files"]) for job in scene.jobs())
    findings.expect(len(tree) == FILES * videos, f"{len(tree)} files were made of {videos}")
    left = [path.name for path in (scene.output / ".partial").iterdir()]
    findings.expect(left == ["lock"], f"under .partial there is {left}")
    before = _times(scene)
    again = scene.resume()
    findings.expect((again.code, _times(scene)) == (0, before), f"run again: {again.code}, it made something")
    verified = scene.ask("verify", BATCH)
    findings.expect(verified.code == 0, f"verify: {verified.out[-300:]}")
    return findings.found + checker.ended_well(ran)


def _calls() -> list[traced.Call]:
    """Those after which the world may be another."""
    return [call for call in _all_calls() if call.changes]


def _of_steps(calls: list[traced.Call]) -> list[traced.Call]:
    """From the first that is about what a step makes to the last one."""
    about = [at for at, call in enumerate(calls) if "/derived" in call.about or "/step-" in call.about]
    return calls[about[0] : about[-1] + 1]


def _all_calls() -> list[traced.Call]:
    """The calls of an undisturbed run of the steps."""
    with tempfile.TemporaryDirectory(prefix="runner-fault-") as place, _scene(Path(place)) as scene:
        clean = traced.run(scene)
        if violations := [*during(scene), *checker.ended_well(clean.done, codes={0})]:
            raise AssertionError(f"even undisturbed steps are wrong: {violations}")
        return clean.calls


@contextlib.contextmanager
def _struck(case: Kill, place: Path, action: str = "kill") -> Iterator[tuple[Scene, traced.Traced]]:
    """A fresh scene whose run was struck; where it ended before, another one is struck near its end."""
    at = case.number
    for attempt in range(_ATTEMPTS):
        with _scene(place / str(attempt)) as scene:
            killed = traced.run(scene, at=at, action=action)
            if killed.struck is not None:
                yield scene, killed
                return
        at = len(killed.calls) - _NEAR_THE_END
    raise AssertionError(f"the run ended before call {at}, {_ATTEMPTS} times")


@contextlib.contextmanager
def _scene(place: Path) -> Iterator[Scene]:
    """Four done jobs, and a manifest that has steps since."""
    with scene_in(place) as scene:
        if (first := scene.resume()).code != 0:
            raise AssertionError(f"the batch was not made: {first.err}")
        yield replace(scene, settings=scene.settings + STEPS)


def _derived(scene: Scene) -> dict[str, Content]:
    found = checker.tree_of(scene)
    return {name: content for name, content in found.items() if name.startswith("derived/")}


def _known(scene: Scene, *states: str) -> dict[str, Content]:
    """What the state says of files that steps made, in these states of their making or in any."""
    sql = "SELECT path, bytes, derived.sha256, state FROM derived JOIN making ON making.id = derived.making"
    with contextlib.closing(sqlite3.connect(scene.state)) as connection:
        try:
            rows = connection.execute(sql).fetchall()
        except sqlite3.OperationalError:  # the state is not of this version yet
            return {}
    return {path: Content(size, sha256) for path, size, sha256, state in rows if state in (states or {state})}


def _times(scene: Scene) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in (scene.output / "derived").rglob("*")}
