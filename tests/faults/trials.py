"""Many trials side by side: each is a function of a case and an empty directory, and ends with a verdict."""

import multiprocessing
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``label`` says what was done, ``violations`` what was broken by it; ``tags`` are counted into the figures."""

    label: str
    violations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of many trials."""

    verdicts: tuple[Verdict, ...]
    seconds: float

    @property
    def violations(self) -> list[str]:
        """Every violation with the trial that found it."""
        return [f"{one.label}: {violation}" for one in self.verdicts for violation in one.violations]

    @property
    def tags(self) -> Counter[str]:
        """How often each tag was given."""
        return Counter(tag for one in self.verdicts for tag in one.tags)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {tag}" for tag, count in sorted(self.tags.items()))
        broken = sum(bool(one.violations) for one in self.verdicts)
        return f"{len(self.verdicts)} trials, {broken} with violations, {self.seconds:.0f} s ({told})"


def carry_out(
    trial: "Callable[[Case, Path], Verdict]",
    cases: Iterable[Case],
    workers: int = 2,
    heard: Callable[[Verdict], object] = lambda _: None,
) -> Figures:
    """The trial of every case, in processes of their own; one that raises is a violation. ``heard`` gets each verdict."""
    began = time.monotonic()
    # Spawned: a fork would inherit the threads and locks of whatever the caller runs.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running = [pool.submit(_one, trial, case) for case in cases]
        verdicts = []
        for each in as_completed(running):
            verdicts.append(each.result())
            heard(verdicts[-1])
    return Figures(tuple(sorted(verdicts, key=lambda one: one.label)), time.monotonic() - began)


def draw(seed: int, count: int) -> list[int]:
    """``count`` different numbers that follow from ``seed``."""
    return random.Random(seed).sample(range(1_000_000), count)


def _one(trial: "Callable[[Case, Path], Verdict]", case: Case) -> Verdict:
    place = Path(tempfile.mkdtemp(prefix="runner-fault-"))
    try:
        return trial(case, place)
    except Exception as error:  # noqa: BLE001 - the others go on, and this one is told
        return Verdict(f"{trial} of {case}", (f"{type(error).__name__}: {error}",))
    finally:
        shutil.rmtree(place, ignore_errors=True)
