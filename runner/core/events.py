"""What a run tells while it goes on; ``run --json`` writes these, the progress lines are made from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EventName(StrEnum):
    """The words of ``run --json``."""

    STARTED = "started"
    SUBMITTED = "submitted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    FILE = "file"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPING = "stopping"
    PROCESSING = "processing"
    STEP = "step"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One thing that happened; ``details`` holds what else is known (JSON values)."""

    name: EventName
    job_id: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
