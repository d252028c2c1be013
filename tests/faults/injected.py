"""One system call of a run fails: the run ends with a declared code, and a clean one afterwards finishes the batch.

python -m tests.faults.injected --all
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults import boundaries, checker, traced
from tests.faults.scene import Scene, scene_in
from tests.faults.trials import Figures, Verdict, carry_out, told

_FILE = ("EIO", "ENOSPC")
_ERRORS = {
    "openat": ("EMFILE", "EROFS", "EIO"),
    "mkdir": ("ENOSPC", "EROFS"),
    "mkdirat": ("ENOSPC", "EROFS"),
    "pwrite64": ("EIO", "ENOSPC", "EDQUOT"),
    "write": _FILE,
    "writev": _FILE,
    "fsync": _FILE,
    "fdatasync": _FILE,
    "ftruncate": ("EIO",),
    "flock": ("ENOLCK",),
    "linkat": ("EPERM", "EMLINK", "ENOSPC", "EIO"),
    "rename": _FILE,
    "renameat": _FILE,
    "unlink": ("EIO", "EROFS"),
    "unlinkat": ("EIO", "EROFS"),
    "socket": ("EMFILE", "ENFILE"),
    "connect": ("ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT"),
    "sendto": ("ECONNRESET", "EPIPE", "ETIMEDOUT"),
    "recvfrom": ("ECONNRESET", "ETIMEDOUT"),
}


@dataclass(frozen=True, slots=True)
class Injected:
    """What is to fail: the ``number``-th call of the run, with this error."""

    number: int
    error: str


def failing(case: Injected, place: Path) -> Verdict:
    """Let one call fail, check, run again undisturbed, check."""
    with scene_in(place) as scene:
        failed = traced.run(scene, at=case.number, action=case.error)
        label = f"{case.error} at {failed.struck or f'#{case.number}, not reached'}: exit {failed.done.code}"
        violations = [*checker.ended_well(failed.done), *checker.during(scene), *fail_stop(scene, failed)]
        violations += checker.at_the_end(scene, scene.run())
        states = [job["state"] for job in scene.jobs()]
    return Verdict(
        label, tuple(violations), (f"exit {failed.done.code}", *(f"jobs {state}" for state in states))
    )


def fail_stop(scene: Scene, failed: traced.Traced) -> list[str]:
    """After a failed commit its thread writes no more, and every id that is paid for and not recorded is printed."""
    if failed.done.code != 74 or failed.struck is None:
        return []
    struck, findings = failed.struck, checker.Findings()
    if struck.about == "state/runner.db-wal" and struck.thread != failed.calls[0].thread:
        later = [call for call in failed.calls if call.began > struck.began and call.thread == struck.thread]
        written = [str(call) for call in later if call.about == struck.about and call.changes]
        findings.expect(not written, f"after a failed commit it went on writing: {written}")
    recorded = {one["task_id"] for job in scene.jobs() for one in job["tasks"]} if scene.status() else set()
    lost = {task.task_id for task in scene.books().tasks()} - recorded
    findings.expect(
        all(task_id in failed.done.err for task_id in lost), f"{lost} are paid for, and nobody was told"
    )
    return findings.found


def cases(calls: list[traced.Call]) -> list[Injected]:
    """Every call with every error that befalls its kind."""
    return [Injected(call.number, error) for call in calls for error in _ERRORS.get(call.name, ())]


def sweep(count: int | None, seed: int, workers: int) -> tuple[int, Figures]:
    """How many cases there are, and the trials of ``count`` of them (``None``: of all)."""
    calls = boundaries.clean_calls()
    every = cases(calls)
    if count is None:
        return len(every), carry_out(failing, every, workers)
    chosen = traced.sample([call for call in calls if call.name in _ERRORS], count, seed)
    errors = (_ERRORS[call.name] for call in chosen)
    drawn = [
        Injected(call.number, error[(seed + at) % len(error)])
        for at, (call, error) in enumerate(zip(chosen, errors, strict=True))
    ]
    return len(every), carry_out(failing, drawn, workers)


def main() -> int:
    """Print figures; the exit code says whether anything was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.injected", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every call with every error instead of a sample")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args()
    known, figures = sweep(None if given.all else given.count, given.seed, given.workers)
    return told(f"failing system calls, {known} cases", figures)


if __name__ == "__main__":
    sys.exit(main())
