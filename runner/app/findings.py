"""What the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what was found, and the way out, if one is needed."""

    name: str
    grade: Grade
    found: str
    hint: str | None = None
