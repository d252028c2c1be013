"""The canaries: the first jobs of each kind, which go alone; what one of them comes to decides what follows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import StoredJob

CANARY_FROM = 20
"""A batch of more jobs than this begins with canaries, unless it says otherwise."""

LOST_MAX = 3
"""So many canaries of one kind in a row that came to nothing end submission."""

_HOPELESS = frozenset({ErrorClass.AUTH, ErrorClass.CREDIT, ErrorClass.VALIDATION})


@dataclass(frozen=True, slots=True)
class Kind:
    """What jobs have in common that can be wrong with all of them: the mode, and whether there are images."""

    mode: str
    with_images: bool

    def __str__(self) -> str:
        return f"{self.mode}, {'with' if self.with_images else 'without'} images"


def kind_of(job: StoredJob) -> Kind:
    """The kind of a job."""
    return Kind(job.mode, bool(job.images))


@dataclass(frozen=True, slots=True)
class Loss:
    """A canary that came to nothing in this run: it failed, or rests (or is overdue) without its file."""

    pk: int
    kind: Kind
    state: JobState
    error_class: ErrorClass | None = None

    @property
    def is_hopeless(self) -> bool:
        """Whether the next job of the kind would most likely meet the same."""
        return self.state is JobState.FAILED and self.error_class in _HOPELESS


def loss_of(job: StoredJob) -> Loss | None:
    """What a job that rests is as a canary; ``None`` where it has its file, which is what a canary is for."""
    if job.state is JobState.DONE:
        return None
    return Loss(job.pk, kind_of(job), job.state, job.error_class)


class Verdict(StrEnum):
    """What follows the canaries of a kind."""

    PROVEN = "proven"  # one has its file: the others may go
    NEXT = "next"  # the next job of the kind is the canary
    STOP = "stop"  # nothing more is submitted


def verdict(losses: Sequence[Loss], failed: int, *, has_file: bool) -> Verdict:
    """What follows, once no canary is at work.

    ``losses`` are those of this run and kind; ``failed`` is how many jobs of the kind have failed in all, and
    ``has_file`` whether one is done. What failed in earlier runs counts, so that a run that is begun again and again
    does not lose three canaries each time; but one of the three is always a new one, or nobody could go on.
    """
    if has_file:
        return Verdict.PROVEN
    if any(loss.is_hopeless for loss in losses):
        return Verdict.STOP
    before = max(0, failed - sum(loss.state is JobState.FAILED for loss in losses))
    in_a_row = min(before, LOST_MAX - 1) + len(losses)
    return Verdict.STOP if in_a_row >= LOST_MAX else Verdict.NEXT


def decisive(losses: Sequence[Loss]) -> Loss:
    """The loss that ended submission: the first hopeless one, else the last; there must be one."""
    return next((loss for loss in losses if loss.is_hopeless), losses[-1])


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """What the state says of a canary that ends a run. ``task_made``: the service had accepted it; ``credits`` are booked."""

    job_id: str
    state: JobState
    error: str | None
    error_class: ErrorClass | None
    task_made: bool
    credits: int


def reason_of(report: CanaryReport, loss: Loss, lost: int) -> str:
    """Why submission ends with this canary: what names the job, its kind, what it cost, its class and what was said.

    ``lost`` is how many canaries of the kind came to nothing in this run.
    """
    said = f": {report.error}" if report.error else ""
    ended = f"canary {report.job_id[:12]} ({loss.kind}) {_end_of(report)}{said}"
    if loss.is_hopeless:
        return f"the {ended}"
    row = f"{lost} canaries of one kind in a row" if lost > 1 else "after earlier failures, one canary more"
    return f"{row} came to nothing; the last, {ended}"


def _end_of(report: CanaryReport) -> str:
    of_class = f" ({report.error_class})" if report.error_class else ""
    if report.state is not JobState.FAILED:
        return f"is {report.state} without a file{of_class}"
    if not report.task_made:
        return f"was refused, free of charge{of_class}"
    cost = f"at a cost of {report.credits} credits" if report.credits else "free of charge"
    return f"was accepted and then failed, {cost}{of_class}"
