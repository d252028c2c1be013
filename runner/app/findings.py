"""What the doctor says."""

from dataclasses import dataclass
from enum import StrEnum

from runner.core.setting import Setting


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what was found, and the way out, if one is needed.

    ``setting`` is the setting that a line of the settings is about.
    """

    name: str
    grade: Grade
    found: str
    hint: str | None = None
    setting: Setting | None = None

    @classmethod
    def of_setting(cls, setting: Setting) -> "Check":
        """A line of the settings: nothing is wrong with a setting for where it comes from."""
        value = "none" if setting.value is None else setting.value
        return cls("setting", Grade.OK, f"{setting.name} = {value}  [{setting.origin}]", None, setting)
