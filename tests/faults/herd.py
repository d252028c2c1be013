"""Several processes on one batch that start in the same millisecond: one works, the others are told and leave.

The program is imported once, in a process that then forks: its children begin together, which starts of the
interpreter would not. This module run as a program is that process: it reads a JSON line a round (``{"cwd", "words", "count",
"said"}``) and answers with the children's exit codes.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import checker
from tests.faults.scene import TOKEN, Done, Json, Scene, scene_in
from tests.faults.trials import Verdict
from tests.no_traceback import refuse_traceback

_WORKS_S = 0.4
"""How long a task takes, so that the one that works is still there when the last of the others asks."""


@dataclass(frozen=True, slots=True)
class Herd:
    """The process that forks."""

    popen: "subprocess.Popen[str]"

    def round(self, scene: Scene, count: int) -> list[Done]:
        """Start ``count`` processes at once, and wait for all."""
        said = scene.aside / "herd"
        order = {"cwd": str(scene.root), "words": scene.command()[3:], "count": count, "said": str(said)}
        if self.popen.stdin is None or self.popen.stdout is None:
            raise AssertionError("a herd has pipes")
        print(json.dumps(order), file=self.popen.stdin, flush=True)
        codes: list[int] = json.loads(self.popen.stdout.readline())
        ends = [Done(code, "", Path(f"{said}-{at}").read_text("utf-8")) for at, code in enumerate(codes)]
        refuse_traceback(*(end.err for end in ends))
        return ends


@contextlib.contextmanager
def herd() -> Iterator[Herd]:
    """A herd, ended with the ``with``."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "GROKIMAGINE_API_TOKEN": TOKEN, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.herd"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as popen:
        yield Herd(popen)
        if popen.stdin is not None:
            popen.stdin.close()


def at_once(number: int, place: Path, count: int = 4) -> Verdict:
    """One round of ``count`` processes."""
    with herd() as one:
        return a_round(one, number, place, count)


def a_round(one: Herd, number: int, place: Path, count: int = 4) -> Verdict:
    """The same in a herd that is there."""
    with scene_in(place, latency_median_s=_WORKS_S) as scene:
        ends = one.round(scene, count)
        codes = sorted(end.code for end in ends)
        winner = next((end for end in ends if end.code == 0), ends[0])
        findings = checker.Findings([found for end in ends for found in checker.ended_well(end)])
        findings.expect(codes == [0] + [75] * (count - 1), f"the exit codes are {codes}")
        findings.found += checker.at_the_end(scene, winner)
    return Verdict(f"round {number}", tuple(findings.found), (f"codes {codes}",))


def _serve() -> None:
    """Be the process that forks; everything that a run imports is there before the first child."""
    import runner.app.running
    import runner.files.tree
    import runner.providers.grokimagine.client  # noqa: F401 - imported before the processes are made, so that they need not

    for line in sys.stdin:
        order: Json = json.loads(line)
        children = [_child(order, at) for at in range(order["count"])]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)  # noqa: T201 - its answer


def _child(order: dict[str, Any], at: int) -> int:
    from runner.cli import edge

    child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.chdir(order["cwd"])
        said = os.open(f"{order['said']}-{at}", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        code = edge.run(order["words"])
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
