"""What a person thinks of a job's videos: to keep or to reject them, how good they are, and a note."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runner.core.errors import UsageError

LOWEST_RATING = 1
HIGHEST_RATING = 5
NOTE_CHARS_MAX = 2000

Field = str | int | bool | None


class Flag(StrEnum):
    """Whether the videos are wanted; stored as these words."""

    KEEP = "keep"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a job, when (ISO 8601), and as which change of the state (``revision`` only grows).

    ``rating`` is 1 to 5 stars. ``again``: the next run makes another take of the job. ``pruned_at`` is when its files were
    deleted because they had been rejected; ``None`` while they stand.
    """

    flag: Flag | None = None
    rating: int | None = None
    note: str | None = None
    again: bool = False
    chosen_at: str = ""
    pruned_at: str | None = None
    revision: int = 0


NO_CHOICE = Choice()
"""What stands for a job that nobody has chosen anything for."""


def checked(fields: Mapping[str, object]) -> dict[str, Field]:
    """Fields of a choice as somebody sent them, fit to be stored: ``flag``, ``rating``, ``note``, ``again``.

    An empty note is none. Raises ``UsageError`` for what is no such field or no value of it.
    """
    unknown = [name for name in fields if name not in _CHECKS]
    if unknown or not fields:
        raise UsageError(
            f"a choice has {', '.join(_CHECKS)}, not {', '.join(map(repr, unknown)) or 'nothing'}"
        )
    return {name: _CHECKS[name](value) for name, value in fields.items()}


def _flag(value: object) -> Flag | None:
    if value is None:
        return None
    if isinstance(value, str) and value in set(Flag):
        return Flag(value)
    raise UsageError(f"flag: {value!r} is not one of keep, reject and null")


def _rating(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and value is not True and LOWEST_RATING <= value <= HIGHEST_RATING:
        return value
    raise UsageError(f"rating: {value!r} is not a number from {LOWEST_RATING} to {HIGHEST_RATING}, nor null")


def _note(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UsageError(f"note: {value!r} is no text")
    if len(value) > NOTE_CHARS_MAX:
        raise UsageError(f"note: {len(value)} characters; at most {NOTE_CHARS_MAX} are allowed")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError("note: it holds half a surrogate pair, which is no text") from error
    return value.strip() or None


def _again(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError(f"again: {value!r} is neither true nor false")


_CHECKS = {"flag": _flag, "rating": _rating, "note": _note, "again": _again}
