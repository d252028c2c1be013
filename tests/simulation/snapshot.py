"""The durable state as the checker sees it: plain rows, read with plain SQL and none of the store's code."""

from typing import NamedTuple

LIVE = frozenset({"submitting", "running", "unknown"})


class JobRow(NamedTuple):
    pk: int
    job_id: str
    state: str
    removed: int
    overdue: int
    error_class: str | None
    path: str


class AttemptRow(NamedTuple):
    pk: int
    job: int
    outcome: str
    credits: int
    task_id: str | None
    candidate: str | None
    trusted: int

    @property
    def is_live(self):
        return self.outcome in LIVE


class FileRow(NamedTuple):
    pk: int
    job: int
    attempt: int
    position: int
    state: str
    path: str | None
    bytes: int | None
    sha256: str | None


class BatchRow(NamedTuple):
    spent: int
    reserved: int
    unknown: int
    budget: int | None
    price: int
    highest: int

    @property
    def reservation_price(self):
        return max(self.price, self.highest)


class Snapshot:
    """Everything at one moment; jobs, attempts and files by their row."""

    def __init__(self, raw):
        def rows(kind, sql):
            return [kind(*row) for row in raw.execute(sql)]

        batch = rows(
            BatchRow, "SELECT spent, reserved, unknown, budget, price_credits, highest_charge FROM batch"
        )
        self.batch = batch[0] if batch else BatchRow(0, 0, 0, None, 0, 0)
        self.jobs = {
            row.pk: row
            for row in rows(JobRow, "SELECT id, job_id, state, removed, overdue, error_class, path FROM job")
        }
        self.attempts = {
            row.pk: row
            for row in rows(
                AttemptRow, "SELECT id, job, outcome, credits, task_id, candidate, trusted FROM attempt"
            )
        }
        self.files = {
            row.pk: row
            for row in rows(
                FileRow, "SELECT id, job, attempt, position, state, path, bytes, sha256 FROM file"
            )
        }

    def attempts_of(self, job):
        """The attempts of a job, oldest first."""
        return [each for each in self.attempts.values() if each.job == job]

    def states(self):
        """How many jobs of the manifest stand in each state."""
        found = {}
        for each in self.jobs.values():
            if not each.removed:
                found[each.state] = found.get(each.state, 0) + 1
        return found
