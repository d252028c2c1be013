"""What must hold whatever happened: the program's state and tree against the books of the service.

The service's ledger is the truth about money, and since a file's bytes follow from its task, about content as well.
Each function returns the violations in words, none where all is well.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from runner.files.video import Video, check_video
from runner.sandbox import Task, TaskOutcome
from runner.sandbox.videos import video_of
from tests.faults.scene import PRICE, TOKEN, Done, Json, Scene

DECLARED = {0, 1, 2, 3, 4, 5, 74, 75, 129, 130, 143}
"""The exit codes of the contract, but for 70: an internal error is declared, and a bug all the same."""

_AT_REST = {"done", "failed", "unknown"}


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds."""

    size_bytes: int
    sha256: str


@dataclass(slots=True)
class Findings:
    """Violations, gathered."""

    found: list[str] = field(default_factory=list)

    def expect(self, holds: object, otherwise: str) -> None:
        """Note ``otherwise`` unless it holds."""
        if not holds:
            self.found.append(otherwise)


def during(scene: Scene) -> list[str]:
    """What must hold at every instant at which no process works on the batch."""
    findings = Findings()
    status, tasks = scene.status(), scene.books().tasks()
    if status is None:
        findings.expect(not tasks, f"{len(tasks)} tasks were accepted for a batch that no state knows")
        return findings.found
    jobs = scene.jobs()
    _money(findings, scene, status, tasks)
    _payments(findings, scene, jobs, tasks)
    _books(findings, status, jobs)
    _tree(findings, scene, jobs, tasks)
    findings.expect(status["running_pid"] is None, "a process that is gone holds the lock")
    findings.found += secrets(scene)
    return findings.found


def at_the_end(scene: Scene, last: Done) -> list[str]:
    """What must hold after a run that nothing disturbed; runs it once more to see that this does nothing."""
    findings = Findings(during(scene))
    status, jobs = scene.status(), scene.jobs()
    if status is None:
        return [*findings.found, "there is no state"]
    states = {job["state"] for job in jobs}
    findings.expect(states <= _AT_REST, f"jobs do not rest: {sorted(states - _AT_REST)}")
    findings.expect(len(jobs) == len(scene.wanted), f"{len(jobs)} jobs instead of {len(scene.wanted)}")
    code = 4 if "unknown" in states else 1 if "failed" in states else 0
    findings.expect(last.code == code, f"exit code {last.code} instead of {code}: {last.err[-400:]}")
    findings.found += ended_well(last)
    _settled(findings, scene, status, jobs)
    _whole_tree(findings, scene, jobs)
    _once_more(findings, scene, code)
    return findings.found


def ended_well(done: Done, *, codes: set[int] = DECLARED) -> list[str]:
    """The exit code is one of the contract's, and nobody was shown a traceback, or the token."""
    findings = Findings()
    findings.expect(
        done.code in codes, f"exit code {done.code} is not one of {sorted(codes)}: {done.err[-800:]}"
    )
    for sign in ("Traceback", "never retrieved", "never awaited", "ResourceWarning", TOKEN):
        said = done.out + done.err
        where = said.find(sign)
        findings.expect(where < 0, f"it said {sign!r}: {said[max(0, where - 200) : where + 600]}")
    return findings.found


def secrets(scene: Scene) -> list[str]:
    """The token stands in nothing that was written."""
    holding = [
        path for path in scene.root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]
    return [f"the token stands in {path}" for path in holding]


def tree_of(scene: Scene) -> dict[str, Content]:
    """Every file of the output tree by its relative path, but for what stands under ``.partial`` and what tells of it."""
    if not scene.output.exists():
        return {}
    found = (path for path in sorted(scene.output.rglob("*")) if path.is_file())
    named = {str(path.relative_to(scene.output)): path for path in found}
    return {
        name: _content(path)
        for name, path in named.items()
        if not name.startswith(".partial/") and name not in {"metadata.jsonl", "README.md", "index.html"}
    }


def expected_tree(scene: Scene, tasks: tuple[Task, ...] | list[Task]) -> dict[str, Content]:
    """The files that these tasks made, under the names that the manifest's layout gives them."""
    stems = {(one.text, one.ratio): one.stem for one in scene.wanted}
    expected = {}
    for task in tasks:
        stem = stems[task.submission.prompt, task.submission.ratio]
        for number in range(1, task.files + 1):
            video = video_of(task.task_id, number, task.submission.ratio, scene.file_bytes)
            name = f"{stem}-{number}.mp4" if task.files > 1 else f"{stem}.mp4"
            whole = video.part(0, video.size_bytes)
            expected[name] = Content(len(whole), hashlib.sha256(whole).hexdigest())
    return expected


def _money(findings: Findings, scene: Scene, status: Json, tasks: tuple[Task, ...]) -> None:
    possibly_spent = sum(max(task.price_credits, task.charged_credits) for task in tasks)
    books = status["credits"]
    held = books["spent"] + books["reserved"]
    findings.expect(
        possibly_spent <= scene.budget, f"{possibly_spent} credits of {scene.budget} may be spent"
    )
    findings.expect(held <= scene.budget, f"the books hold {held} of {scene.budget} credits")
    charged = sum(task.charged_credits for task in tasks)
    findings.expect(charged <= held, f"the service charges {charged} credits, the books hold {held}")
    findings.expect(0 <= books["unknown"] <= books["reserved"], f"the books are odd: {books}")


def _payments(findings: Findings, scene: Scene, jobs: list[Json], tasks: tuple[Task, ...]) -> None:
    by_body = {(job["prompt"], job["ratio"]): job for job in jobs}
    known = {one["task_id"]: job for job in jobs for one in job["tasks"] if one["task_id"]}
    seen: set[tuple[str, str]] = set()
    for task in tasks:
        body = (task.submission.prompt, task.submission.ratio)
        findings.expect(body not in seen, f"{body} was paid for twice")
        seen.add(body)
        job = by_body.get(body)
        is_known = task.task_id in known or (job is not None and job["state"] == "unknown")
        findings.expect(is_known, f"{task.task_id} was accepted for {body}, and the state says {job}")
        owner = known.get(task.task_id)
        findings.expect(
            owner is None or owner is job, f"{task.task_id} is that of {body}, the state says {owner}"
        )
    ghosts = known.keys() - {task.task_id for task in tasks}
    findings.expect(not ghosts, f"the state knows tasks that the service does not: {sorted(ghosts)}")


def _books(findings: Findings, status: Json, jobs: list[Json]) -> None:
    books, states = status["credits"], [job["state"] for job in jobs]
    held = sum(job["credits"] for job in jobs)
    findings.expect(
        held == books["spent"] + books["reserved"],
        f"the jobs hold {held} credits, the books say {books}",
    )
    unknown = sum(job["credits"] for job in jobs if job["state"] == "unknown")
    findings.expect(unknown == books["unknown"], f"unknown jobs hold {unknown} credits: {books}")
    findings.expect(
        {state: states.count(state) for state in set(states)}
        == {
            state: count
            for state, count in status["jobs"].items()
            if count and state not in ("total", "removed")
        },
        f"status counts {status['jobs']}, jobs are {states}",
    )


def _tree(findings: Findings, scene: Scene, jobs: list[Json], tasks: tuple[Task, ...]) -> None:
    tree, expected = tree_of(scene), expected_tree(scene, tasks)
    for name, content in tree.items():
        findings.expect(
            expected.get(name) == content, f"{name} is not whole, or nobody paid for it: {content}"
        )
    for name, recorded in _recorded(jobs):
        findings.expect(tree.get(name) == recorded, f"the state says {name} is {recorded}: {tree.get(name)}")
    for name in tree:
        content = (scene.output / name).read_bytes()
        verdict = check_video(_reader(content), len(content), length_proven=False)
        findings.expect(isinstance(verdict, Video), f"{name} is no whole video: {verdict}")


def _settled(findings: Findings, scene: Scene, status: Json, jobs: list[Json]) -> None:
    tasks = {task.task_id: task for task in scene.books().tasks()}
    known = [tasks[one["task_id"]] for job in jobs for one in job["tasks"] if one["task_id"] in tasks]
    spent = sum(task.charged_credits for task in known)
    unknown = sum(PRICE for job in jobs if job["state"] == "unknown")
    told = {name: status["credits"][name] for name in ("spent", "reserved", "unknown")}
    really = {"spent": spent, "reserved": unknown, "unknown": unknown}
    findings.expect(told == really, f"the books say {told}, the service {really}")
    for job in jobs:
        ends = [tasks[one["task_id"]].outcome for one in job["tasks"] if one["task_id"] in tasks]
        wanted = {TaskOutcome.COMPLETED: "done", TaskOutcome.FAILED: "failed"}
        findings.expect(
            not ends or job["state"] == wanted[ends[-1]],
            f"a task is {ends[-1:]}, its job {job['state']}: {job}",
        )


def _whole_tree(findings: Findings, scene: Scene, jobs: list[Json]) -> None:
    done = {one["task_id"] for job in jobs if job["state"] == "done" for one in job["tasks"]}
    expected = expected_tree(scene, [task for task in scene.books().tasks() if task.task_id in done])
    tree = tree_of(scene)
    findings.expect(tree == expected, f"the tree is {sorted(tree)}, expected is {sorted(expected)}")
    findings.expect(dict(_recorded(jobs)) == expected, "the state records another tree than was made")
    listed = _listed(scene.output / "metadata.jsonl")
    findings.expect(
        listed == expected, f"metadata.jsonl lists {sorted(listed)}, expected is {sorted(expected)}"
    )
    partial = scene.output / ".partial"
    left = sorted(path.name for path in partial.iterdir() if path.name != "lock") if partial.exists() else []
    findings.expect(not left, f"left under .partial: {left}")


def _once_more(findings: Findings, scene: Scene, code: int) -> None:
    requests, tree = len(scene.books().requests()), _stamps(scene.output)
    again = scene.resume()
    findings.found += ended_well(again)
    findings.expect(again.code == code, f"run again: exit code {again.code} instead of {code}: {again.err}")
    made = len(scene.books().requests()) - requests
    findings.expect(made == 0, f"run again, it made {made} requests")
    findings.expect(_stamps(scene.output) == tree, "run again, it wrote to the tree")


def _recorded(jobs: list[Json]) -> Iterator[tuple[str, Content]]:
    for job in jobs:
        for file in job["files"]:
            yield file["path"], Content(file["bytes"], file["sha256"])


def _listed(metadata: Path) -> dict[str, Content]:
    if not metadata.exists():
        return {}
    rows = [json.loads(line) for line in metadata.read_text(encoding="utf-8").splitlines()]
    return {row["file_name"]: Content(row["bytes"], row["sha256"]) for row in rows}


def _stamps(directory: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in directory.rglob("*") if path.is_file() and path.parent.name != ".partial")
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}


def _content(path: Path) -> Content:
    content = path.read_bytes()
    return Content(len(content), hashlib.sha256(content).hexdigest())


def _reader(content: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: content[offset : offset + size]
