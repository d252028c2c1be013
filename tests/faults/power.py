"""The power fails during a run: only what was synced is on the disk, and the service's books stand elsewhere.

The run's directory is on an ext4 image. Its bytes are copied at a random instant (the program stopped) or right
before a system call (the program killed), and the copy is mounted in its place. What was written and not synced is
gone with the system's memory; a disk that reorders what it was told to sync is not simulated.
"""

import random
import signal
import time
from pathlib import Path

from tests.faults import checker, traced
from tests.faults.mounts import Disk, disk
from tests.faults.scene import Scene, served
from tests.faults.trials import Verdict

NEEDS = ("root", "tracing", "mkfs.ext4", "mount")
_CALLS = 420
_FIRST_S, _LAST_S = 0.5, 2.6


def cut(number: int, place: Path) -> Verdict:
    """One power cut, drawn from ``number``; then the power comes back and the batch is finished."""
    drawn = random.Random(number)
    ledger = place / "service" / "ledger.db"
    with disk(place / "disk") as one, served(ledger, answer_delay_s=0.15) as base_url:
        scene = Scene(place / "disk" / "work", base_url, ledger)
        one.settle()
        label = _cut_between(scene, one, drawn) if drawn.random() < 0.5 else _cut_at_call(scene, one, drawn)
        violations = checker.during(scene)
        violations += checker.at_the_end(scene, scene.resume())
        states = [job["state"] for job in scene.jobs()]
    return Verdict(
        f"power cut {number} {label}", tuple(violations), tuple(f"jobs {state}" for state in states)
    )


def _cut_between(scene: Scene, one: Disk, drawn: random.Random) -> str:
    after_s = drawn.uniform(_FIRST_S, _LAST_S)
    with scene.start() as process:
        time.sleep(after_s)
        process.signal(signal.SIGSTOP)
        copy = one.copy()
        process.kill()
    one.replace_by(copy)
    return f"after {after_s:.3f} s"


def _cut_at_call(scene: Scene, one: Disk, drawn: random.Random) -> str:
    killed = traced.run(scene, at=drawn.randint(1, _CALLS))
    one.replace_by(one.copy())
    return f"at {killed.struck or 'the end'}"
