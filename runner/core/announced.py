"""Rate-limit and retry headers, read from whatever form they are in.

The reference names ``X-RateLimit-Remaining`` and ``X-RateLimit-Reset`` without a unit; the forms met in the wild are
epoch seconds (GitHub), delta seconds (IETF drafts), epoch milliseconds (Upstash), durations (OpenAI: ``6m0s``) and
dates. Nothing here raises, and nothing here looks at the local clock: epochs and dates count from the answer's own
``Date`` header, and say nothing where that is missing.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from runner.core.outcomes import Announcement

LONGEST_S = 900.0
"""No announced wait is believed beyond this many seconds: a Reset in the year 2100 must not end a run."""

_REMAINING_MAX = 1_000_000_000
_TEXT_MAX = 200
_UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_UNITS = "ms|us|µs|ns|d|h|m|s"
_DURATION = re.compile(rf"(?:[0-9]+(?:\.[0-9]+)?(?:{_UNITS}))+")
_DURATION_PART = re.compile(rf"([0-9]+(?:\.[0-9]+)?)({_UNITS})")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def parse_announcement(headers: Mapping[str, str]) -> Announcement:
    """What ``headers`` (names in any case) announce; an unreadable value counts as not said.

    ``RateLimit-*`` (IETF) goes before ``X-RateLimit-*``.
    """
    lowered = _lowered(headers)
    remaining = _first(_remaining(lowered[name]) for name in _named("remaining", lowered))
    served_at = epoch_of(lowered.get("date", ""))
    reset = _first(_wait(lowered[name], served_at) for name in _named("reset", lowered))
    return Announcement(remaining=None if remaining is None else int(remaining), reset_after_s=reset)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that ``Retry-After`` asks for, 0 to 900; ``None`` where it is missing or unreadable."""
    lowered = _lowered(headers)
    return _wait(lowered.get("retry-after", ""), epoch_of(lowered.get("date", "")))


@lru_cache(maxsize=256)  # every answer of one second carries the same ``Date``
def epoch_of(text: str) -> float | None:
    """Epoch seconds of an HTTP date (RFC 9110, 5.6.7) or an ISO 8601 one; without a zone it is UTC."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, LookupError):
            continue
    return None


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        lowered.setdefault(name.lower(), value[:_TEXT_MAX])
    return lowered


def _named(what: str, lowered: Mapping[str, str]) -> list[str]:
    return [name for name in (f"ratelimit-{what}", f"x-ratelimit-{what}") if name in lowered]


def _first(values: Iterable[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)


def _item(text: str) -> str:
    return re.split("[,;]", text, maxsplit=1)[0].strip().strip("\"'").strip()


def _remaining(text: str) -> float | None:
    item = _item(text)
    if not _NUMBER.fullmatch(item):
        return None
    number = math.floor(min(max(float(item), -_REMAINING_MAX), _REMAINING_MAX))
    # -1 is how several gateways write "no limit"; taken as exhausted it would stop a run for nothing.
    return None if number == -1 else max(0, number)


def _wait(text: str, served_at: float | None) -> float | None:
    seconds = _seconds(text, served_at)
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_S)


def _seconds(text: str, served_at: float | None) -> float | None:
    item = _item(text)
    if _DURATION.fullmatch(item):
        return sum(float(number) * _UNIT_S[unit] for number, unit in _DURATION_PART.findall(item))
    if not _NUMBER.fullmatch(item):
        # The whole text, not the first item: an HTTP date has a comma of its own.
        return _since(epoch_of(text.strip().strip("\"'")), served_at)
    number = float(item)
    if number >= 1e11:
        return _since(number / 1000, served_at)
    if number >= 1e9:
        return _since(number, served_at)
    return number


def _since(moment: float | None, served_at: float | None) -> float | None:
    return None if moment is None or served_at is None else moment - served_at
