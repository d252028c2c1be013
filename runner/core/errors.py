"""What can go wrong, and the exit code each kind ends with.

    RunnerError                 70  an internal error, unless a subclass says better
    ├── UsageError               2  wrong words, settings or surroundings; nothing was sent
    │   └── ManifestError        2  a manifest with problems, each with its place
    ├── BudgetError              3  the budget does not allow what was asked
    ├── ServiceError             5  the account or the service stops the run
    ├── StateError              74  the state cannot be read or written
    └── BusyError               75  another process runs this batch

What a provider may legitimately answer is no exception: see ``outcomes``.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a text file: ``line`` and ``column`` count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a manifest.

    ``path`` is the place in the document (``prompts[3].ratios[0]``), empty for the document itself;
    ``message`` says what was found and what is allowed; ``hint`` is the way out, if one is known.
    """

    place: Place
    path: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: {self.path}: " if self.path else f"{self.place}: "
        return where + self.message + (f" - {self.hint}" if self.hint else "")


class RunnerError(Exception):
    """The root of the tree; ``exit_code`` is what the command line ends with."""

    exit_code = 70


class UsageError(RunnerError):
    """Wrong usage, configuration or surroundings; nothing was sent."""

    exit_code = 2


class ManifestError(UsageError):
    """A manifest that cannot be used; ``problems`` holds every problem found, in the order of their places."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BudgetError(RunnerError):
    """The budget does not allow what was asked; nothing was sent."""

    exit_code = 3


class ServiceError(RunnerError):
    """The account or the service refuses to go on."""

    exit_code = 5


class StateError(RunnerError):
    """The state cannot be read or written; after one of these nothing more may be submitted."""

    exit_code = 74


class BusyError(RunnerError):
    """Another process holds the batch."""

    exit_code = 75
