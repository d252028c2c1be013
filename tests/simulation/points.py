"""Crash points, enumerated: a small batch, killed at every point where it could die, and at every pair of points.

A point stands before and after each commit that changes something, around each request and each download, and before
each call that changes the disk. The second crash of a pair usually lands in the recovery from the first.
"""

from dataclasses import replace

from runner.core.model import Limits, OnUnknown, Retries

from .death import Crash
from .mix import PRICE, Mix, make_jobs
from .world import ViolationError, simulate

_RESUBMIT = Retries(on_unknown=OnUnknown.RESUBMIT)
_SCHEDULES = (
    {"limits": Limits(in_flight=2)},
    {"limits": Limits(in_flight=1), "fsync_s": 0.02},
    {"limits": Limits(in_flight=3), "fsync_s": 0.001},
    {"rates": {"two files": 0.6}},
    {"rates": {"failures": 0.5}, "retries": Retries(regenerate_failed=1)},
    {"rates": {"lost answers": 0.4}},
    {"rates": {"lost answers": 0.4}, "retries": _RESUBMIT},
    {"rates": {"expiring urls": 1.0}},
    {"rates": {"broken downloads": 0.4}},
    {"rates": {"throttled": 0.2}, "fsync_s": 0.02},
    {"budget": 2 * PRICE, "fit": True},
    {"rates": {"candidates": 0.5, "odd charges": 0.5}, "retries": _RESUBMIT},
)

SCHEDULES = len(_SCHEDULES)
PAIRS = SCHEDULES
"""The schedule whose pairs are enumerated: two jobs side by side, which is the least that can get in each other's way."""


def schedule(number):
    """A small batch; ``PAIRS`` is the smallest."""
    base = Mix(seed=f"schedule {number}", jobs=(), network_s=0.05, task_s=2.0, limits=Limits(in_flight=2))
    given = {} if number == PAIRS else _SCHEDULES[number]
    return replace(base, jobs=make_jobs(base.random("jobs"), 2 if number == PAIRS else 3), **given)


def count_points(mix, file, *crashes):
    """How many points the process has that starts after these crashes, until it ends by itself."""
    return crashed_at(mix, file, *crashes).processes[len(crashes)].points


def singles(mix, file):
    """Every point of the first process, as its number."""
    return range(1, count_points(mix, file) + 1)


def crashed_at(mix, file, *crashes):
    """One run with these crashes, each in a process of its own; gives its world. Raises ``ViolationError``."""
    try:
        lives = max(1, len(crashes))
        # To run it once more as well would cost a fifth of the time, and what it finds does not depend on the crash.
        return simulate(replace(mix, lives=lives), file, crashes, once_more=lives < 2)
    except ViolationError as error:
        error.add_note(f"with {crashes}")
        raise


def crash(point, *, power):
    """Dies at that point; without power, nothing survives that was not synced."""
    return Crash(at_point=point, power=power, survives=0.0)
