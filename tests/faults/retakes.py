"""SIGKILL right before a system call of what makes rejected jobs again, and of what deletes their files.

Four jobs are done, and a person said something about two of them. The command that acts upon it is killed, done again, and
followed by runs. Whatever was killed, there is one new take for each of the two at most, and nothing else is paid for.
"""

import contextlib
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from runner.core.choice import Field, checked
from runner.sandbox.videos import video_of
from runner.store import choices
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter
from tests.faults import checker, traced
from tests.faults.checker import Findings
from tests.faults.scene import BATCH, PRICE, Scene, scene_in
from tests.faults.trials import Verdict

NOW = "2026-01-02T03:04:05.000+00:00"
CHOSEN = {("one fox", "1:1"), ("one owl", "2:3")}
"""Prompt and ratio of the two jobs that a person said something about."""

_ATTEMPTS, _NEAR_THE_END = 4, 5
_RESUMED_CALLS = 60


@dataclass(frozen=True, slots=True)
class Story:
    """What a person chose for the two jobs, the command that acts upon it, and how many new takes come of it."""

    choice: dict[str, Field]
    words: tuple[str, ...]
    new_takes: int


STORIES = {
    "queue": Story({"again": True}, ("run", "batch.yaml"), 2),
    "retry": Story({"flag": "reject"}, ("retry", BATCH, "--rejected"), 2),
    "prune": Story({"flag": "reject"}, ("prune", BATCH, "--rejected", "--yes"), 0),
}


@dataclass(frozen=True, slots=True)
class Kill:
    """Before the ``number``-th call of the story's command; ``twice`` kills it once more when it is done again."""

    story: str
    number: int
    twice: bool


def every() -> list[Kill]:
    """All calls that change something, once and twice killed."""
    return [
        Kill(name, call.number, twice) for name in STORIES for call in _calls(name) for twice in (False, True)
    ]


def sampled(name: str, count: int, seed: int) -> list[Kill]:
    """``count`` of a story's, every other one killed once more."""
    calls = traced.sample(_calls(name), count, seed)
    return [Kill(name, call.number, at % 2 == 1) for at, call in enumerate(calls)]


def killed_at(case: Kill, place: Path) -> Verdict:
    """Kill before a call, do it again and run until nothing is left, and check after each step."""
    story = STORIES[case.story]
    with _struck(case, place) as (scene, killed):
        label = f"{case.story} killed at {killed.struck}"
        violations = during(scene, story)
        if case.twice:
            again = random.Random(case.number).randint(1, _RESUMED_CALLS)
            second = traced.run(replace(scene, words=story.words), at=again)
            label += f", then at {second.struck or f'#{again}, not reached'}"
            violations += during(scene, story)
        violations += at_the_end(scene, story)
        states = [job["state"] for job in scene.jobs()]
    return Verdict(label, tuple(violations), ("killed", *(f"jobs {state}" for state in states)))


def during(scene: Scene, story: Story) -> list[str]:
    """What must hold at every instant at which no process works on the batch."""
    findings, jobs, tasks = Findings(), scene.jobs(), scene.books().tasks()
    status = scene.status() or {}
    held = status["credits"]["spent"] + status["credits"]["reserved"]
    charged = sum(task.charged_credits for task in tasks)
    findings.expect(charged <= held <= scene.budget, f"charged {charged}, held {held} of {scene.budget}")
    paid = Counter((task.submission.prompt, task.submission.ratio) for task in tasks)
    most = {body: 1 + bool(story.new_takes and body in CHOSEN) for body in _bodies(scene)}
    findings.expect(all(paid[body] <= most[body] for body in most), f"paid for too often: {paid}")
    unknown = {(job["prompt"], job["ratio"]) for job in jobs if job["state"] == "unknown"}
    known = {one["task_id"] for job in jobs for one in job["tasks"]}
    for task in tasks:
        body = task.submission.prompt, task.submission.ratio
        findings.expect(task.task_id in known or body in unknown, f"{task.task_id} for {body} is lost")
    made = [row[0] for row in _rows(scene, "SELECT instead_of FROM job WHERE instead_of IS NOT NULL")]
    findings.expect(len(set(made)) == len(made) <= story.new_takes, f"made instead of {made}")
    originals = [job for job in jobs if job["take"] == 1]
    findings.expect({job["state"] for job in originals} == {"done"}, "a job that was done is so no more")
    return findings.found + _files(scene, story)


def at_the_end(scene: Scene, story: Story) -> list[str]:
    """Do the command again to its end, and run: then all that was wished is there, and nothing is left to do."""
    acted = replace(scene, words=story.words).resume()
    ran = scene.resume()
    findings, jobs = Findings(during(scene, story)), scene.jobs()
    unknown = [job for job in jobs if job["state"] == "unknown"]
    findings.expect(
        acted.code in {0, 4 if unknown else 0}, f"{story.words}: {acted.code}, {acted.err[-300:]}"
    )
    findings.expect(ran.code == (4 if unknown else 0), f"run: {ran.code}, {ran.err[-300:]}")
    findings.expect(
        sorted((job["prompt"], job["ratio"], job["take"]) for job in jobs) == _wished(scene, story),
        f"there are {[(job['prompt'], job['ratio'], job['take']) for job in jobs]}",
    )
    findings.expect({job["state"] for job in jobs} <= {"done", "unknown"}, f"they do not rest: {jobs}")
    tasks = len(scene.books().tasks())
    done = sum(job["state"] == "done" for job in jobs)
    findings.expect(
        done <= tasks <= len(jobs), f"{tasks} tasks were paid for, {done} of {len(jobs)} are done"
    )
    left = _rows(scene, "SELECT job FROM choice WHERE again = 1")
    findings.expect(not left, f"wishes are left: {left}")
    if not story.new_takes:
        gone = _rows(scene, "SELECT count(*) FROM choice WHERE pruned_at IS NOT NULL")
        there = {(job["prompt"], job["ratio"]) for job in jobs if job["files"]}
        findings.expect((gone, there) == ([(2,)], _bodies(scene) - CHOSEN), f"pruned {gone}, left {there}")
    tree, owned = set(checker.tree_of(scene)), {file["path"] for job in jobs for file in job["files"]}
    findings.expect(tree == owned, f"the tree is {sorted(tree)}, the state has {sorted(owned)}")
    requests = len(scene.books().requests())
    again = scene.resume()
    made = len(scene.books().requests()) - requests
    findings.expect((again.code, made) == (ran.code, 0), f"run again: {again.code}, {made} requests")
    verified = scene.ask("verify", BATCH)
    findings.expect(verified.code == 0, f"verify: {verified.out[-300:]}")
    return findings.found + checker.ended_well(ran)


def _calls(name: str) -> list[traced.Call]:
    """The calls of the story's command, undisturbed, after which the world may be another."""
    with tempfile.TemporaryDirectory(prefix="runner-fault-") as place, _scene(Path(place), name) as scene:
        clean = traced.run(replace(scene, words=STORIES[name].words))
        if violations := [*during(scene, STORIES[name]), *checker.ended_well(clean.done, codes={0})]:
            raise AssertionError(f"even an undisturbed {name} is wrong: {violations}")
        return [call for call in clean.calls if call.changes]


@contextlib.contextmanager
def _struck(case: Kill, place: Path) -> Iterator[tuple[Scene, traced.Traced]]:
    """A fresh scene whose command was struck; where it ended before, another one is struck near its end."""
    at = case.number
    for attempt in range(_ATTEMPTS):
        with _scene(place / str(attempt), case.story) as scene:
            killed = traced.run(replace(scene, words=STORIES[case.story].words), at=at)
            if killed.struck is not None:
                yield scene, killed
                return
        at = len(killed.calls) - _NEAR_THE_END
    raise AssertionError(f"{case.story} ended before call {at}, {_ATTEMPTS} times")


@contextlib.contextmanager
def _scene(place: Path, name: str) -> Iterator[Scene]:
    """Four done jobs, two of which were chosen; the budget is just enough for the new takes."""
    with scene_in(place) as small:
        scene = replace(small, budget=(4 + STORIES[name].new_takes) * PRICE)
        if (first := scene.resume()).code != 0:
            raise AssertionError(f"the batch was not made: {first.err}")
        with contextlib.closing(DirectWriter(open_for_writing(scene.state))) as writer:
            for job in scene.jobs():
                if (job["prompt"], job["ratio"]) in CHOSEN:
                    ((job_pk,),) = _rows(scene, "SELECT id FROM job WHERE job_id = ?", job["job_id"])
                    writer.write_now(choices.choose, job_pk, checked(STORIES[name].choice), NOW)
        yield scene


def _wished(scene: Scene, story: Story) -> list[tuple[str, str, int]]:
    again = sorted(CHOSEN) if story.new_takes else []
    return sorted([(*body, 1) for body in _bodies(scene)] + [(*body, 2) for body in again])


def _bodies(scene: Scene) -> set[tuple[str, str]]:
    return {(one.text, one.ratio) for one in scene.wanted}


def _files(scene: Scene, story: Story) -> list[str]:
    """Every file in the tree is whole and somebody's; none is gone but what was to be deleted."""
    findings, tree = Findings(), checker.tree_of(scene)
    owned = {}
    for job in scene.jobs():
        for number, file in enumerate(job["files"], start=1):
            video = video_of(job["task_id"], number, job["ratio"], scene.file_bytes)
            owned[file["path"]] = video.size_bytes
            is_doomed = not story.new_takes and (job["prompt"], job["ratio"]) in CHOSEN
            findings.expect(is_doomed or file["path"] in tree, f"{file['path']} is gone")
    strays = {name for name, content in tree.items() if owned.get(name) not in {None, content.size_bytes}}
    findings.expect(not strays, f"not whole: {strays}")
    return findings.found


def _rows(scene: Scene, sql: str, *parameters: str) -> list[tuple[int, ...]]:
    with contextlib.closing(sqlite3.connect(scene.state)) as connection:
        return connection.execute(sql, parameters).fetchall()
