"""What is said of a file of a tree that is not as it is recorded."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What is said of a file."""

    MISSING = "missing"
    DAMAGED = "damaged"
    REPAIRED = "repaired"
    UNREPAIRED = "unrepaired"


@dataclass(frozen=True, slots=True)
class Finding:
    """One file: ``path`` is relative to the output directory."""

    path: str
    job_id: str
    state: State
    reason: str
