"""Problems gathered while reading, so that a person sees all of them at once."""

from runner.core.errors import ManifestError, Place, Problem

PER_FILE_MAX = 50
"""How many problems of one prompt file are gathered before its reading stops: a file in the wrong format has millions."""


PER_MANIFEST_MAX = 500
"""The same for a manifest; each with its hint, 100 000 of them would take minutes and nobody would read them."""


class FullError(Exception):
    """There are as many problems as were asked for."""


class Findings:
    """What is wrong (``problems``) and what is only unwise (``warnings``), in the order of finding.

    The problem that makes ``problems_max`` raises ``FullError`` after it was noted.
    """

    def __init__(self, problems_max: int | None = None) -> None:
        self._problems_max = problems_max
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def add(self, place: Place, path: str, message: str, hint: str | None = None) -> None:
        """Note a problem."""
        self.problems.append(Problem(place, path, message, hint))
        if self._problems_max is not None and len(self.problems) >= self._problems_max:
            raise FullError

    def warn(self, place: Place, path: str, message: str, hint: str | None = None) -> None:
        """Note a warning."""
        self.warnings.append(Problem(place, path, message, hint))

    def error(self) -> ManifestError:
        """All problems as one error, in the order of their places, each once (an alias shows its problems twice)."""
        return ManifestError(
            sorted(dict.fromkeys(self.problems), key=lambda problem: (problem.place, problem.path))
        )

    def raise_if_any(self) -> None:
        """``ManifestError`` if there is a problem."""
        if self.problems:
            raise self.error()
