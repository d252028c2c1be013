"""The jobs of an expansion and where they stand, as two digests and, of not too many, as a list.

Jobs that are new and jobs that are pending count as one: nothing was sent for either, and both cost the same, so that a
run which was stopped between taking the manifest in and its first request has moved nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from runner.core.model import Job, JobState

LISTED_MAX = 10_000
"""Up to so many jobs each of them is listed."""

SUBMIT = "submit"
"""Stands in a list for a job that the call may submit."""

UNSENT = "unsent"
"""Stands for one that is new or pending and that the call leaves out."""


@dataclass(frozen=True, slots=True)
class JobsSeen:
    """The jobs of an expansion: SHA-256 of their ids in order, and of their ids with where they stand.

    ``listed`` has for each id where it stands and its path, ``None`` of more than ``LISTED_MAX`` jobs.
    """

    asked: str
    standing: str
    listed: Mapping[str, str] | None


class Watch:
    """Makes ``JobsSeen`` of the jobs of an expansion, as they come."""

    def __init__(self) -> None:
        self._asked = hashlib.sha256(b"jobs 1")
        self._standing = hashlib.sha256(b"states 1")
        self._listed: dict[str, str] | None = {}

    def add(self, job: Job, state: JobState | None, *, may_submit: bool) -> None:
        """Note a job that stands there (``None``: it is new)."""
        is_unsent = state is None or state is JobState.PENDING
        word = SUBMIT if may_submit else UNSENT if is_unsent else str(state)
        self._asked.update(job.job_id.encode())
        self._standing.update(f"{job.job_id} {word}\n".encode())
        if self._listed is not None:
            self._listed[job.job_id] = f"{word} {job.path}"
            if len(self._listed) > LISTED_MAX:
                self._listed = None

    def seen(self) -> JobsSeen:
        """What was noted so far."""
        return JobsSeen(self._asked.hexdigest(), self._standing.hexdigest(), self._listed)
