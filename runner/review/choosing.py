"""Choices as a page sends them: several jobs at once, all or none, written while a run goes on."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runner.core.choice import Field, checked
from runner.core.errors import RunnerError, StateError, UsageError
from runner.core.model import JobId, JobState
from runner.core.records import StoredJob
from runner.review.subject import Subject
from runner.store import choices, reads, records
from runner.store.database import exists, open_for_writing
from runner.store.records import Selection
from runner.store.writer import Connection, DirectWriter

MOST_JOBS = 1000
"""Jobs in one request, at most: the run waits while they are written."""

_PAGE = 500
_SHOWN = 5
_ID_CHARS = 40


class RefusedError(RunnerError):
    """What was asked for is not done, and nothing is changed; ``status`` is that of the answer."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Wish:
    """Jobs, and the fields of their choices that are set."""

    jobs: tuple[JobId, ...]
    fields: Mapping[str, Field]

    @classmethod
    def read(cls, body: bytes) -> "Wish":
        """The wish that a body of JSON holds; raises ``RefusedError``."""
        try:
            sent = json.loads(body, object_pairs_hook=_once, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, "the body is no JSON") from error
        if not isinstance(sent, dict) or set(sent) != {"jobs", "set"}:
            raise RefusedError(422, 'a choice is {"jobs": [ids], "set": {field: value}}')
        jobs, fields = sent["jobs"], sent["set"]
        if not isinstance(jobs, list) or not jobs or not all(isinstance(one, str) for one in jobs):
            raise RefusedError(422, "jobs: it must be a list of ids of jobs, with one at least")
        if len(jobs) > MOST_JOBS:
            raise RefusedError(422, f"jobs: {len(jobs)} at once; send at most {MOST_JOBS} in one request")
        if not isinstance(fields, dict):
            raise RefusedError(422, "set: it must be an object of fields")
        try:
            return cls(tuple(JobId(one) for one in dict.fromkeys(jobs)), checked(fields))
        except UsageError as error:
            raise RefusedError(422, str(error)) from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number of JSON")


class Chooser:
    """Writes choices in one thread of its own; no lock of the batch is taken, and no event loop waits."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="review-choices")
        self._writer: DirectWriter | None = None

    async def choose(self, wish: Wish) -> list[int]:
        """Do as is wished, durably, in one transaction; returns the rows of the jobs.

        Raises ``RefusedError``, and ``StateError`` where the state cannot be written; then the next try opens it anew.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, wish)

    def close(self) -> None:
        """Finish what was asked for and let go of the state."""
        self._thread.submit(self._let_go)
        self._thread.shutdown()

    def _write(self, wish: Wish) -> list[int]:
        try:
            return self._open().write_now(_chosen, self._subject, wish)
        except StateError:
            # A writer that failed writes nothing more; room on the disk may be made meanwhile, and a choice costs nothing.
            self._let_go()
            raise

    def _open(self) -> DirectWriter:
        if self._writer is None:
            state = self._subject.state
            if not exists(state):  # to open it for writing would make an empty one
                raise StateError(f"the state {state} is gone; put it back, or end the review")
            self._writer = DirectWriter(open_for_writing(state))
        return self._writer

    def _let_go(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _chosen(connection: Connection, subject: Subject, wish: Wish) -> list[int]:
    found: list[StoredJob] = []
    for start in range(0, len(wish.jobs), _PAGE):
        # An id that is not ASCII is none, and may hold half a surrogate pair, which no database takes.
        named = [one for one in wish.jobs[start : start + _PAGE] if one.isascii()]
        found += reads.jobs_named(connection, subject.batch_pk, named)
    missing = sorted(set(wish.jobs).difference(job.job_id for job in found))
    if missing:
        shown = ", ".join(one[:_ID_CHARS] for one in missing[:_SHOWN]) + (", ..." if missing[_SHOWN:] else "")
        raise RefusedError(404, f"the batch has no job {shown}")
    if wish.fields.get("again"):
        _refuse_again(connection, subject, found)
    now = subject.now()
    for job in found:
        choices.choose(connection, job.pk, wish.fields, now)
    return [job.pk for job in found]


def _refuse_again(connection: Connection, subject: Subject, jobs: Sequence[StoredJob]) -> None:
    """Another take is made of what is done; raises ``RefusedError`` for a job of which none can be made."""
    for job in jobs:
        if job.removed:
            raise RefusedError(
                409, f"{job.job_id} was removed from the manifest: put it back there to make more of it"
            )
        if job.state is JobState.FAILED:
            command = subject.call.of_batch("retry", "--job", job.job_id)
            raise RefusedError(
                409, f"{job.job_id} has failed: `{command}` has it tried again at the next run"
            )
        if job.state is not JobState.DONE:
            raise RefusedError(409, f"{job.job_id} is {job.state.value}: only what is done can be made again")
    remade = records.records(connection, subject.batch_pk, Selection(pks=tuple(job.pk for job in jobs)))
    for record in remade:
        if record.is_remade:
            raise RefusedError(
                409, f"another take was made instead of {record.job.job_id} already: choose that one"
            )
