"""A working directory with a real state, a real tree and a real service beside it, and jobs brought to any state at once.

Jobs go by their place in the manifest, from 0. Their tasks stand in the service's ledger, as if they had been accepted;
what the service says of them can be changed at any time.
"""

import contextlib
import hashlib
import io
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.app import enrolling, planning
from runner.app.comparison import Wishes, fingerprint
from runner.app.workplace import Workplace, load_manifest
from runner.cli.edge import run
from runner.core.choice import checked
from runner.core.model import Manifest
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.records import Batch, StoredJob
from runner.sandbox import Ledger, Submission, Task, TaskOutcome
from runner.sandbox.videos import video_of
from runner.store import attempts, batches, choices, outputs, reads
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter
from tests.no_traceback import refuse_traceback

NAME = "demo"
TOKEN = "token-of-the-bench"
NOW = "2026-01-02T03:04:05.000+00:00"
PROMPTS = ("a red fox", "a grey owl", "a brown bear")


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        """What ``--json`` wrote."""
        return [json.loads(line) for line in self.out.splitlines()]

    def states(self) -> list[str]:
        """The states of the lines of ``--json``, without the sum at the end."""
        return [one["state"] for one in self.objects()[:-1]]


@dataclass
class Bench:
    """The working directory is the process's own while it lasts."""

    root: Path
    base_url: str
    ledger: Path

    def manifest(self, *prompts: str, **keys: Any) -> str:
        """Write the manifest; gives its path from the root."""
        whole = {
            "version": 1,
            "name": NAME,
            "provider": {"base_url": self.base_url},
            "budget": {"credits": 4000},
            "prompts": [{"id": f"p{place}", "text": text} for place, text in enumerate(prompts or PROMPTS)],
            "limits": {"requests_per_minute": 6000},
            "output": {"layout": "{prompt_id}/take-{take:02d}"},
        } | keys
        (self.root / "demo.yaml").write_text(json.dumps(whole), encoding="utf-8")
        return "demo.yaml"

    def run(self, *arguments: str) -> Done:
        """Run a command to its end, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
        refuse_traceback(out.getvalue(), err.getvalue())
        return Done(code, out.getvalue(), err.getvalue())

    def enrol(self) -> None:
        """Take the manifest into the state, every new job pending."""
        for _ in self._enrolling():
            pass

    def enrol_in_part(self) -> None:
        """Take its first page in, as a run does that is killed then."""
        next(self._enrolling())

    def _enrolling(self) -> Iterator[None]:
        loaded, workplace = self._loaded(), self._workplace()
        with workplace.reading() as connection:
            plan = planning.plan_with(connection, workplace, loaded, Wishes(examples=0))
        with self.writer() as writer:
            batch = enrolling.open_batch(writer, loaded, plan, workplace.output_dir(loaded))
            yield from enrolling.enrol(writer, loaded, batch, plan.diff.retakes, fingerprint(loaded))

    @contextlib.contextmanager
    def writer(self) -> Iterator[DirectWriter]:
        writer = DirectWriter(open_for_writing(self.state))
        try:
            yield writer
        finally:
            writer.close()

    @property
    def state(self) -> Path:
        return self.root / "state" / "runner.db"

    @property
    def tree(self) -> Path:
        return self.root / "outputs" / NAME

    def batch(self) -> Batch:
        with self.writer() as writer:
            return writer.write_now(batches.by_name, NAME)

    def books(self) -> tuple[int, int, int]:
        """Spent, reserved and unknown."""
        batch = self.batch()
        return batch.spent, batch.reserved, batch.unknown

    def job(self, place: int) -> StoredJob:
        with self.writer() as writer:
            return self._job(writer, place)

    def states(self) -> list[str]:
        """The state of every job, in the manifest's order."""
        return [row[0] for row in self.rows("SELECT state FROM job ORDER BY removed, rank, job_id")]

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.state)) as connection:
            return connection.execute(sql, parameters).fetchall()

    # Jobs and their tasks

    def submitting(self, place: int) -> int:
        """A process died while it submitted the job; returns the attempt."""
        with self.writer() as writer:
            return self._reserved(writer, place)

    def unknown(self, place: int, *, candidate: str | None = None) -> None:
        """Nobody knows what became of the submission."""
        with self.writer() as writer:
            attempt = self._reserved(writer, place)
            writer.write_now(attempts.lose_sight, attempt, "cut off", candidate)

    def refused(self, place: int) -> None:
        """The service would not take the job."""
        with self.writer() as writer:
            attempt = self._reserved(writer, place)
            writer.write_now(attempts.reject, attempt, "no such mode", ErrorClass.VALIDATION, NOW)

    def running(self, place: int, task: str = "") -> str:
        """The service took the job and works on it; returns the task."""
        with self.writer() as writer:
            return self._accepted(writer, place, task)[1]

    def failed(self, place: int, task: str = "", *, error_class: ErrorClass = ErrorClass.SERVICE) -> str:
        """The service failed the job and gave the credits back."""
        with self.writer() as writer:
            attempt, name = self._accepted(writer, place, task)
            writer.write_now(attempts.fail, attempt, 0, "no luck", error_class, NOW)
        self.service_says(name, "failed")
        return name

    def done(self, place: int, task: str = "", *, files: int = 1) -> list[Path]:
        """The job is finished, and its files stand in the tree; returns their paths."""
        with self.writer() as writer:
            attempt, name = self._accepted(writer, place, task)
            self.service_says(name, "completed", files=files)
            job = self._job(writer, place)
            urls = [f"{self.base_url}/files/{name}/{number}.mp4?expired" for number in range(1, files + 1)]
            writer.write_now(attempts.complete, attempt, None, urls, NOW)
            paths = [
                self._placed(writer, job, name, one) for one in writer.write_now(reads.files_of, attempt)
            ]
            writer.write_now(outputs.finish, job.pk, NOW)
        return paths

    def list_tree(self) -> None:
        """Write the list of the tree, as a run does at its end."""
        assert self.run("verify", NAME, "--repair").code == 0

    def lose_state(self) -> None:
        shutil.rmtree(self.root / "state")

    def choose(self, place: int, **fields: Any) -> None:
        """What a person thinks of the job's videos, as the review writes it."""
        with self.writer() as writer:
            writer.write_now(choices.choose, self._job(writer, place).pk, checked(fields), NOW)

    # The service

    def service_says(self, task: str, outcome: str, *, files: int = 1, charged: int | None = None) -> None:
        """What the service answers about a task from now on: ``completed``, ``failed``, ``running`` or ``gone``."""
        if outcome == "gone":
            self._change("DELETE FROM tasks WHERE task_id = ?", task)
            return
        ready = time.time() + (3600 if outcome == "running" else -60)
        end = "failed" if outcome == "failed" else "completed"
        cost = charged if charged is not None else (0 if end == "failed" else 40)
        self._change(
            "UPDATE tasks SET outcome = ?, ready_at_s = ?, files = ?, charged_credits = ?, error_message = ? "
            "WHERE task_id = ?",
            *(end, ready, files, cost, "no luck" if end == "failed" else None, task),
        )

    def service_echoes(self, task: str, prompt: str) -> None:
        """The service shows another prompt for the task."""
        body = {"prompt": prompt, "mode": "normal", "ratio": "1:1"}
        self._change("UPDATE tasks SET body = ? WHERE task_id = ?", json.dumps(body), task)

    def asked(self, kind: str = "status") -> list[str]:
        """What the service was asked for, in order: tasks (``status``), submissions (``generate``) ..."""
        time.sleep(0.05)  # it commits its notes within 0.02 s
        ledger = Ledger(self.ledger)
        try:
            return [one.key for one in ledger.requests(kind)]
        finally:
            ledger.close()

    def accept(self, task: str, prompt: str) -> None:
        """Let the service have a task."""
        ledger = Ledger(self.ledger)
        try:
            submission, now = Submission(prompt, "normal", "1:1"), time.time()
            ledger.accept(
                Task(task, submission, "0" * 16, now, now + 3600, TaskOutcome.COMPLETED, None, 1, 40, 40)
            )
        finally:
            ledger.close()

    def _change(self, sql: str, *parameters: Any) -> None:
        with contextlib.closing(sqlite3.connect(self.ledger, timeout=10, isolation_level=None)) as connection:
            connection.execute(sql, parameters)

    def _loaded(self) -> Manifest:
        return load_manifest("demo.yaml").manifest

    def _workplace(self) -> Workplace:
        return Workplace.at(None, sandbox=False)

    def _job(self, writer: DirectWriter, place: int) -> StoredJob:
        pk = self.rows("SELECT id FROM job ORDER BY removed, rank, job_id")[place][0]
        return writer.write_now(reads.stored_job, pk)

    def _reserved(self, writer: DirectWriter, place: int) -> int:
        batch = writer.write_now(batches.by_name, NAME)
        return writer.write_now(attempts.reserve, batch.pk, self._job(writer, place).pk, NOW).attempt

    def _accepted(self, writer: DirectWriter, place: int, task: str) -> tuple[int, str]:
        attempt = self._reserved(writer, place)
        name = task or f"task_{place:x}{attempt:x}"
        self.accept(name, self._job(writer, place).prompt)
        writer.write_now(attempts.accept, attempt, TaskId(name))
        return attempt, name

    def _placed(self, writer: DirectWriter, job: StoredJob, task: str, file: Any) -> Path:
        video = video_of(task, file.position, job.ratio)
        content = video.part(0, video.size_bytes)
        siblings = len(writer.write_now(reads.files_of, file.attempt))
        path = f"{job.path}.mp4" if siblings == 1 else f"{job.path}-{file.position}.mp4"
        sha256 = hashlib.sha256(content).hexdigest()
        writer.write_now(outputs.verified, file.pk, path, len(content), sha256)
        (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (self.tree / path).write_bytes(content)
        writer.write_now(outputs.placed, file.pk)
        return self.tree / path
