"""What the state holds of a batch, a job, a POST and a file, as the values that the store reads and others show."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runner.core.choice import NO_CHOICE, Choice
from runner.core.model import AttemptOutcome, JobId, JobState, Scalar
from runner.core.money import Credits, Price
from runner.core.outcomes import ErrorClass, TaskId


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of ``batch``. ``budget`` is in credits; ``None`` where no cap is in force.

    ``manifest_budget`` is the manifest's own cap, as text, when ``budget`` was last taken from it or replaced by a
    person: a person's cap holds until the manifest says something else. ``fingerprint`` tells which texts the jobs
    were enrolled from. ``tree_stale`` is true while ``metadata.jsonl`` may not list what the tree holds.
    """

    pk: int
    name: str
    manifest: str
    provider: str
    output_dir: str
    api_origin: str | None
    price: Price
    highest_charge: Credits
    budget: Credits | None
    manifest_budget: str | None
    spent: Credits
    reserved: Credits
    unknown: Credits
    generation: int
    fingerprint: str | None
    tree_stale: bool
    updated_at: str

    @property
    def was_begun(self) -> bool:
        """Whether its jobs were all taken in once, or some were paid for while the others came."""
        return bool(self.generation or self.spent or self.reserved or self.unknown)

    @property
    def reservation_price(self) -> Credits:
        """What one more reservation holds: the highest of the quoted price and of any charge seen."""
        return max(self.price.credits, self.highest_charge)

    @property
    def left(self) -> int | None:
        """Credits that may still be reserved; negative after an overcharge or a lowered cap, ``None`` without a cap."""
        return None if self.budget is None else self.budget - self.spent - self.reserved


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as the engine works it: ``pk`` is its row; ``attempt`` is its newest one, with its task id if it has one.

    ``prompt_pk`` is the row of its text and images, ``prompt_id`` the name that the manifest gives its prompt.
    """

    pk: int
    job_id: JobId
    state: JobState
    prompt: str
    images: tuple[str, ...]
    mode: str
    ratio: str
    path: str
    rank: int
    removed: bool
    attempt: int | None = None
    task_id: TaskId | None = None
    candidate: TaskId | None = None
    trusted: bool = False
    submitted_at: str | None = None
    error_class: ErrorClass | None = None
    prompt_pk: int = 0
    prompt_id: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """So many jobs stand in ``state`` with a failure or a trouble of this class (``None``: late, or of no class).

    ``why`` is the message of one of them.
    """

    state: JobState
    error_class: ErrorClass | None
    jobs: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """One POST and what became of it; ``credits`` are held while it is live and spent once it is settled."""

    outcome: AttemptOutcome
    credits: int
    task_id: TaskId | None
    submitted_at: str


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task that was booked as failed: its attempt, and whether a person said that it is its job's own."""

    attempt: int
    task_id: TaskId
    trusted: bool


@dataclass(frozen=True, slots=True)
class ClaimedFile:
    """A file that a tree's metadata names: ``path`` is relative to the output directory, ``bytes`` is its size."""

    path: str
    bytes: int
    sha256: str
    url: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a tree's metadata says of one job: the task that was paid for it, at which charge, and its files in order."""

    job_id: JobId
    task_id: TaskId
    credits: Credits
    files: tuple[ClaimedFile, ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a job; ``path`` and ``target`` are relative to the output directory, ``bytes`` is its size."""

    pk: int
    job: int
    attempt: int
    position: int
    url: str
    state: str
    path: str | None
    target: str | None
    bytes: int | None
    sha256: str | None

    def partial_of(self, job_id: str) -> str:
        """The name that it has until it is placed; ``job_id`` is that of its job."""
        return f"{job_id}-{self.attempt}-{self.position}"


@dataclass(frozen=True, slots=True)
class Media:
    """What was found in a video: its picture in pixels, its length in seconds, frames a second, and the codec's name."""

    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    fps: float | None = None
    codec: str | None = None


@dataclass(frozen=True, slots=True)
class StepCount:
    """What a processing step came to: of so many files it is made, of so many it could not be made, and the others wait."""

    label: str
    made: int
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True)
class JobRecord:
    """Everything that is shown of a job.

    ``media`` is what was found in its files, by their rows; files that nobody has looked into are left out. ``is_remade``:
    there is a take that a person asked for instead of this one.
    """

    job: StoredJob
    prompt_id: str
    take: int
    variables: Mapping[str, str]
    meta: Mapping[str, Scalar]
    overdue: bool
    error: str | None
    error_class: ErrorClass | None
    completed_at: str | None
    attempts: tuple[StoredAttempt, ...] = ()
    files: tuple[StoredFile, ...] = ()
    choice: Choice = NO_CHOICE
    media: Mapping[int, Media] = field(default_factory=dict)
    is_remade: bool = False

    def as_unknown(self) -> "JobRecord":
        """The same job as it will stand once somebody starts after the process that was submitting it died."""
        error = "the process ended while the submission was under way"
        job = replace(self.job, state=JobState.UNKNOWN, error_class=ErrorClass.UNKNOWN)
        return replace(self, job=job, error=error, error_class=ErrorClass.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs of the manifest by state, and how many more were removed from it."""

    by_state: Mapping[JobState, int]
    removed: int
    overdue: int

    @property
    def total(self) -> int:
        """The jobs that the manifest names."""
        return sum(self.by_state.values())
