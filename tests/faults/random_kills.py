"""SIGKILL at random moments, up to ten times, against a service with faults of its own."""

import random
import time
from pathlib import Path

from tests.faults import checker
from tests.faults.scene import PATIENCE_S, Done, Scene, scene_in
from tests.faults.trials import Verdict

_KILLS = 10
_PROMPTS = ("ant", "bee", "cat", "dog", "elk", "fox")
_RESUMES = 8
_TASK_S = 2.0
_SETTINGS = "limits: {requests_per_minute: 6000, in_flight: 4}\n"
"""Three rounds of tasks of two seconds: a batch that ends sooner is not there to be killed ten times."""

_FAULTS = (
    "post_dropped_after",
    "post_500_after_accept",
    "post_malformed",
    "post_429",
    "status_dropped",
    "status_500",
    "task_fails",
    "download_dropped",
    "download_short",
    "url_expires_early",
)


def killed(number: int, place: Path, kills: int = _KILLS) -> Verdict:
    """Kill a run of twelve jobs again and again, at moments drawn from ``number``, then let it finish."""
    drawn = random.Random(number)
    faults = dict.fromkeys(_FAULTS, 0.03)
    with scene_in(
        place,
        settings=_SETTINGS,
        prompts=_PROMPTS,
        seed=number,
        latency_median_s=_TASK_S,
        answer_delay_s=0.03,
        **faults,
    ) as scene:
        violations: list[str] = []
        times = 0
        for _ in range(kills):
            with scene.start() as process:
                time.sleep(drawn.uniform(0.15, 0.9))
                times += process.kill().code < 0
            violations += checker.during(scene)
        violations += checker.at_the_end(scene, _finished(scene))
        states = [job["state"] for job in scene.jobs()]
    tags = (*(["kill"] * times), *(f"jobs {state}" for state in states))
    return Verdict(f"killed at random moments, {number}", tuple(violations), tags)


def _finished(scene: Scene) -> Done:
    """Run until no job is left pending: three unknown outcomes in a row end a run before its time."""
    give_up_at = time.monotonic() + PATIENCE_S
    for _ in range(_RESUMES):
        done = scene.run()
        if done.code != 5 or time.monotonic() > give_up_at:
            break
    return done
