"""One system call of a run fails: the run ends with a declared code, and a clean one afterwards finishes the batch."""

from dataclasses import dataclass
from pathlib import Path

from tests.faults import boundaries, checker, traced
from tests.faults.scene import Scene
from tests.faults.trials import Verdict

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
    with traced.disturbed(place, case.number, case.error) as (scene, failed):
        label = f"{case.error} at {failed.struck}: exit {failed.done.code}"
        violations = [*checker.ended_well(failed.done), *checker.during(scene), *fail_stop(scene, failed)]
        violations += checker.at_the_end(scene, scene.resume())
        states = [job["state"] for job in scene.jobs()]
    tags = (f"exit {failed.done.code}", *(f"jobs {state}" for state in states))
    return Verdict(label, tuple(violations), tags)


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
    """Every call of the program with every error that befalls its kind."""
    return [Injected(call.number, error) for call in _own(calls) for error in _ERRORS[call.name]]


def every() -> list[Injected]:
    """All of an undisturbed run."""
    return cases(boundaries.clean_calls())


def sampled(count: int, seed: int) -> list[Injected]:
    """``count`` of them: each kind of call in turn, with one of its errors."""
    chosen = enumerate(traced.sample(_own(boundaries.clean_calls()), count, seed))
    errors = ((call.number, _ERRORS[call.name], seed + at) for at, call in chosen)
    return [Injected(number, error[at % len(error)]) for number, error, at in errors]


def _own(calls: list[traced.Call]) -> list[traced.Call]:
    """Those that can fail, from the first that is the program's; before, the interpreter looks for modules to import."""
    begins = next(at for at, call in enumerate(calls) if call.about == "batch.yaml")
    return [call for call in calls[begins:] if call.name in _ERRORS]
