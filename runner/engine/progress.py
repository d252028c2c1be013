"""How far a run is, counted as it happens: looking at it costs the same for ten jobs and for a million."""

from collections import deque

from runner.core.events import EventName, RunEvent
from runner.core.glance import Failure
from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Counts, StoredJob

_FAILURES = 5
_AT_REST = frozenset({JobState.DONE, JobState.FAILED, JobState.UNKNOWN})
_FAILURE_EVENTS = frozenset({EventName.FAILED, EventName.REFUSED, EventName.UNKNOWN})


class Progress:
    """Counts of this run's batch, right as of ``begin``; ``failures`` are the newest ones, the last of them last.

    ``to_submit`` are pending jobs that this run may still submit, ``finished`` is how many it brought to rest.
    """

    def __init__(self) -> None:
        self.by_state = dict.fromkeys(JobState, 0)
        self.removed = 0
        self.to_submit = 0
        self.finished = 0
        self.files = 0
        self.bytes = 0
        self.failures: deque[Failure] = deque(maxlen=_FAILURES)

    def begin(self, counts: Counts, to_submit: int) -> None:
        """Count from here on, before any job moves."""
        self.by_state = dict(counts.by_state)
        self.removed = counts.removed
        self.to_submit = to_submit

    def moved(self, job: StoredJob, state: JobState) -> None:
        """A job, as it was before, has come to ``state``. The manifest's jobs are counted, not those removed from it."""
        if job.removed or job.state is state:
            return
        self.by_state[job.state] -= 1
        self.by_state[state] += 1
        self.finished += (state in _AT_REST) - (job.state in _AT_REST)
        self.to_submit = max(
            0, self.to_submit + (state is JobState.PENDING) - (job.state is JobState.PENDING)
        )

    def happened(self, event: RunEvent) -> None:
        """An event was told."""
        if event.name is EventName.FILE:
            size_bytes = event.details.get("bytes")
            self.files += 1
            self.bytes += size_bytes if isinstance(size_bytes, int) else 0
        elif event.name in _FAILURE_EVENTS and event.job_id is not None:
            kind = event.details.get("error_class")
            error_class = kind if isinstance(kind, ErrorClass) else None
            self.troubled(event.job_id, str(event.details.get("error", "")), error_class)

    def troubled(self, job_id: str, error: str, error_class: ErrorClass | None) -> None:
        """A job failed, or something keeps it from its end."""
        self.failures.append(Failure(job_id, error, error_class))
