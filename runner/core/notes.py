"""What is found wrong while a manifest is expanded."""

from collections.abc import Iterable

from runner.core.errors import ManifestError, Problem

SHOWN_MAX = 50
"""How many problems, and how many warnings, are shown at once."""


class Notes:
    """Problems and warnings in the order in which they are found; a problem that is noted twice counts once."""

    def __init__(self) -> None:
        self.problems: dict[Problem, None] = {}
        self.warnings_left_out = 0
        self._warnings: list[Problem] = []

    def problem(self, problem: Problem) -> None:
        """Note something that has to be mended; raises ``ManifestError`` with all of them once there are 50."""
        self.problems[problem] = None
        if len(self.problems) >= SHOWN_MAX:
            self.raise_problems()

    def warn(self, warning: Problem) -> None:
        """Note something that is allowed and may be a mistake; those above 50 are only counted."""
        if len(self._warnings) < SHOWN_MAX:
            self._warnings.append(warning)
        else:
            self.warnings_left_out += 1

    def warnings(self) -> tuple[Problem, ...]:
        """The warnings that were kept, sorted by place."""
        return _by_place(self._warnings)

    def raise_problems(self) -> None:
        """Raise ``ManifestError`` with the problems, sorted by place; nothing happens without any."""
        if self.problems:
            raise ManifestError(_by_place(self.problems))


def _by_place(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.place, problem.path, problem.message)))
