"""Runs under the tracer: which calls there are, and a run that ends, or errs, at one of them."""

import contextlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults import tracer
from tests.faults.scene import Done, Scene, scene_in

_ATTEMPTS, _NEAR_THE_END = 4, 5


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a run; ``number`` is its place among all of them, ``about`` a path below the root or a socket.

    ``began`` and ``ended`` are places in the tracer's report, ``ended`` ``None`` where the run ended first;
    ``note`` is the beginning of what is sent or written.
    """

    number: int
    thread: int
    name: str
    about: str
    note: str
    began: int
    ended: int | None = None
    returned: int | None = None

    @property
    def kind(self) -> str:
        """Its name with the kind of thing that it is about: calls of one kind mean the same to the program."""
        return f"{self.name} {_kind_of(self.about)}"

    @property
    def changes(self) -> bool:
        """Whether something outside the program may be another after it."""
        return self.note != "reads" and self.name != "socket"

    def __str__(self) -> str:
        return f"#{self.number} {self.name} {self.about}"


@dataclass(frozen=True, slots=True)
class Traced:
    """How a traced run ended, and its calls in order; ``struck`` is the one that was chosen, if it came to that."""

    done: Done
    calls: list[Call]
    struck: Call | None


def run(scene: Scene, *more: str, at: int = 0, action: str = "kill", match: str = "") -> Traced:
    """The main job under the tracer, to its end; ``at`` 0 disturbs nothing, ``match`` says which calls it counts."""
    report = scene.aside / "trace.log"
    with scene.start(*more, program=tracer.Traced(report, scene.root, at, action, match)) as process:
        done = process.end()
    calls, struck = _calls(report)
    report.unlink()
    return Traced(done, calls, struck)


@contextlib.contextmanager
def disturbed(place: Path, at: int, action: str = "kill") -> Iterator[tuple[Scene, Traced]]:
    """A fresh scene and a run of it that was struck at its ``at``-th call.

    A run makes some calls more or less each time: where it ended before, another one is struck near its end.
    """
    for attempt in range(_ATTEMPTS):
        with scene_in(place / str(attempt)) as scene:
            traced = run(scene, at=at, action=action)
            if traced.struck is not None:
                yield scene, traced
                return
        at = len(traced.calls) - _NEAR_THE_END
    raise AssertionError(f"the run ended before call {at}, {_ATTEMPTS} times")


def sample(calls: list[Call], count: int, seed: int) -> list[Call]:
    """``count`` of the calls: each kind in turn, so that the rare ones are not drowned by the pages of the state."""
    draw = random.Random(seed)
    by_kind: dict[str, list[Call]] = defaultdict(list)
    for call in draw.sample(calls, len(calls)):
        by_kind[call.kind].append(call)
    kinds = sorted(by_kind)
    chosen: list[Call] = []
    while len(chosen) < min(count, len(calls)):
        chosen += [by_kind[kind].pop() for kind in kinds if by_kind[kind]]
    return chosen[:count]


def _calls(report: Path) -> tuple[list[Call], Call | None]:
    calls: list[Call] = []
    ends: dict[int, tuple[int, int]] = {}
    struck = 0
    for place, line in enumerate(report.read_text(encoding="utf-8").splitlines()):
        what, number, *rest = json.loads(line)
        if what == "in":
            calls.append(Call(number, *rest, began=place))
        elif what == "out":
            ends[number] = (place, rest[0])
        else:
            struck = number
    whole = [replace(call, **_end_of(ends.get(call.number))) for call in calls]
    return whole, whole[struck - 1] if struck else None


def _end_of(end: tuple[int, int] | None) -> dict[str, int]:
    return {} if end is None else {"ended": end[0], "returned": end[1]}


def _kind_of(about: str) -> str:
    if about.startswith("socket:"):
        return "socket"
    if about.startswith("state/"):
        return about.removeprefix("state/").partition("/")[0]
    if "/.partial" in about:
        return "partial"
    return "output" if about.startswith("outputs") else about
