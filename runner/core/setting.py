"""Where a setting comes from. One rule for all of them: flag > environment > .env > manifest > default."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Who said it, in words for people; the first one of these that says something holds."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    ENV_FILE = ".env"
    MANIFEST = "manifest"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name as the manifest or the command line has it, what holds, and who said so.

    ``value`` is for people, ``None`` where there is none; it never is a secret. ``given_in`` says more about the source
    (a variable, a file), if there is more to say.
    """

    name: str
    value: str | None
    source: Source
    given_in: str | None = None

    @property
    def origin(self) -> str:
        """The source in words: ``environment (RUNNER_STATE)``."""
        return self.source.value + (f" ({self.given_in})" if self.given_in else "")
