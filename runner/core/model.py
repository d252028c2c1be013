"""The values that the layers hand to one another: a manifest, the jobs it asks for, and the words of their life."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from runner.core.errors import Place
from runner.core.money import Budget, Price
from runner.core.processing import ProcessingStep

JobId = NewType("JobId", str)
"""24 lower-case hex digits: the hash of what a job asks for (see ``expansion.job_id_of``)."""

Scalar = str | int | float | bool | None
"""What a ``meta`` value may be after reading; nested ones stand as JSON text."""


class Order(StrEnum):
    """In which order jobs are submitted."""

    MANIFEST = "manifest"
    BREADTH = "breadth"
    SHUFFLE = "shuffle"


class OnUnknown(StrEnum):
    """What to do by policy with a submission whose outcome is unknown."""

    HOLD = "hold"
    RESUBMIT = "resubmit"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider takes and what it documents; the loader checks manifests against it."""

    name: str
    base_url: str
    token_env: str
    price: Price
    modes: tuple[str, ...]
    ratios: tuple[str, ...]
    prompt_chars_max: int
    prompt_chars_advised: int
    modes_refused_with_images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, for the answer to a submission, and for the answer to a status question."""

    connect_s: float = 10.0
    submit_s: float = 120.0
    status_s: float = 30.0


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How to reach the service. The token itself is never in here, only the name of its variable."""

    name: str
    base_url: str
    token_env: str
    price: Price
    timeouts: Timeouts = Timeouts()
    proxy: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class FailureCap:
    """At how many failed jobs submission stops: a number, or a share (0 to 1) of all jobs; exactly one is set."""

    count: int | None = None
    share: float | None = None

    def in_jobs(self, total: int) -> int:
        """The number of failed jobs, at least 1, at which a batch of ``total`` jobs stops."""
        if self.count is not None:
            return self.count
        return max(1, int(round((self.share or 0.0) * total, 6)))  # 0.29 * 100 is a little less than 29


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard the service may be asked; the fields are those of the manifest's ``limits``."""

    in_flight: int = 10
    requests_per_minute: float = 120.0
    submissions_per_hour: float | None = None
    downloads: int = 8
    task_deadline_s: float = 2700.0
    canary: bool = True
    max_failures: FailureCap | None = None


@dataclass(frozen=True, slots=True)
class Transfers:
    """Who downloads: the workers of ``engine`` (see ``engine_address``), or this process (``None``)."""

    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """What may be tried again; the fields are those of the manifest's ``retries``."""

    attempts: int = 3
    regenerate_failed: int = 0
    on_unknown: OnUnknown = OnUnknown.HOLD


class Occasion(StrEnum):
    """What a notification may be about; the words of the manifest's ``notify.on``."""

    DONE = "done"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told of a run's end: the address itself, which is a secret, or the variable that holds it; exactly one is set."""

    url: str | None = field(default=None, repr=False)
    url_env: str | None = None
    on: tuple[Occasion, ...] = tuple(Occasion)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt as written, before substitution.

    ``ratios``, ``modes`` and ``takes`` are ``None`` where the manifest's own hold; ``columns`` are the values of a
    CSV row, which win over the manifest's variables of the same name.
    """

    text: str
    place: Place
    path: str
    prompt_id: str | None = None
    images: tuple[str, ...] = ()
    ratios: tuple[str, ...] | None = None
    modes: tuple[str, ...] | None = None
    takes: int | None = None
    meta: Mapping[str, Scalar] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Combination:
    """An ``exclude`` or ``include`` entry: the keys it gives, as text (``take`` too), and where it stands."""

    keys: Mapping[str, str]
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read and checked.

    ``prompts`` starts a fresh stream of the prompts each time it is called, in manifest order; prompt files are read
    while it is consumed, so it raises ``ManifestError`` where one of them is wrong. ``prompt_files`` are their paths.
    """

    path: str
    name: str
    provider: ProviderSettings
    capabilities: Capabilities
    prompts: Callable[[], Iterator[Prompt]]
    output_dir: str
    layout: str
    budget: Budget | None = None
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ratios: tuple[str, ...] = ("1:1",)
    modes: tuple[str, ...] = ("normal",)
    takes: int = 1
    exclude: tuple[Combination, ...] = ()
    include: tuple[Combination, ...] = ()
    order: Order = Order.MANIFEST
    limits: Limits = Limits()
    retries: Retries = Retries()
    notify: Notify | None = None
    steps: tuple[ProcessingStep, ...] = ()
    transfers: Transfers = Transfers()
    prompt_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One generation that should exist.

    ``path`` is the safe, relative path of its file without ``-N`` and extension; ``rank`` is its place in the order
    of submission (smaller first, unique within an expansion but for ``shuffle``, where ties are broken by ``job_id``).
    ``instead_of`` is the row of the job that this one is a new take of, because a person asked for it.
    """

    job_id: JobId
    prompt_id: str
    prompt: str
    mode: str
    ratio: str
    take: int
    path: str
    rank: int
    place: Place
    images: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, Scalar] = field(default_factory=dict)
    instead_of: int | None = None


class JobState(StrEnum):
    """Where a job stands; stored as these words."""

    PENDING = "pending"
    SUBMITTING = "submitting"
    RUNNING = "running"
    FETCHING = "fetching"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


IN_FLIGHT = frozenset({JobState.SUBMITTING, JobState.RUNNING, JobState.FETCHING})


class AttemptOutcome(StrEnum):
    """Where one POST stands; stored as these words. The first three are live: at most one a job."""

    SUBMITTING = "submitting"
    RUNNING = "running"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"


LIVE = frozenset({AttemptOutcome.SUBMITTING, AttemptOutcome.RUNNING, AttemptOutcome.UNKNOWN})
"""The outcomes of which a job has at most one, and whose credits count as reserved."""
