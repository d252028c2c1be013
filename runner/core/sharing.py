"""What is whose where several runs pay with one account at one service: its rate, and the tasks that it lets run at once.

Each run tells about once a second what it is and what it could use (``Standing``), reads what the others told, and finds
its own part in that (``share_of``). All do the same sum over the same rows, so nobody has to give anything out:

* What is shared is the largest number that one of their manifests allows; nobody gets more than its own manifest allows.
* Whoever needs less than an equal part gets that, and the others divide the rest; what nobody needs is divided as well.
* A part that grows is taken up a beat later, when the others have seen why theirs shrinks (``Others.sure``).
* A cap on running tasks that one of them has learned holds for all, and of what others have taken nothing is given away.
* Where the service sent one away for a time, all wait.

Who is alive is a matter of the reader's own clock: a row that did not change for ``FORGET_AFTER_S`` of its seconds is that
of a dead process. So clocks of different machines are never compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

BEAT_S = 1.0
"""How often a run tells and looks."""

FORGET_AFTER_S = 5.0
"""A run that told nothing new for so many seconds is dead, suspended or cut off: its part goes to the others."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one run tells of itself. Rates are as in its limits; ``wanted_per_minute`` requests are what it could use now.

    ``taken`` slots are in use and ``wanted_slots`` could be; ``cap`` is how many tasks the account was seen to let run at
    once, ``None`` if nothing was refused. For ``blocked_s`` more seconds the service wants no request.
    """

    batch: int
    requests_per_minute: float
    submissions_per_hour: float | None
    in_flight: int
    wanted_per_minute: float
    wanted_slots: int
    taken: int = 0
    cap: int | None = None
    blocked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """A standing as it was read: with the number of its beat, and ``age_s`` seconds after it was told."""

    beat: int
    age_s: float
    standing: Standing


@dataclass(frozen=True, slots=True)
class Share:
    """A run's part. ``fraction`` is that of all requests; of the account's tasks, ``most`` at once, others run ``elsewhere``."""

    requests_per_minute: float
    submissions_per_hour: float | None
    slots: int
    fraction: float = 1.0
    most: int = 0
    elsewhere: int = 0

    def no_more_than(self, other: "Share") -> "Share":
        """The smaller part of the two in each respect."""
        hourly = self.submissions_per_hour
        if hourly is not None and other.submissions_per_hour is not None:
            hourly = min(hourly, other.submissions_per_hour)
        return replace(
            self,
            requests_per_minute=min(self.requests_per_minute, other.requests_per_minute),
            submissions_per_hour=hourly,
            slots=min(self.slots, other.slots),
            fraction=min(self.fraction, other.fraction),
        )


class Others:
    """The other runs of the account, as one run sees them. Moments are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self.gone: dict[int, int] = {}
        """The last beat of those that are dead, by batch: their rows may be taken away."""

        self._last: dict[int, tuple[int, float]] = {}
        self._before: Share | None = None

    def alive(self, now: float, rows: Iterable[Told]) -> list[Standing]:
        """Those of the rows that are not those of dead runs, with what is left of the time for which they are blocked."""
        told = {row.standing.batch: row for row in rows}
        for batch, row in told.items():
            if batch not in self._last or self._last[batch][0] != row.beat:
                self._last[batch] = row.beat, now
        self._last = {batch: seen for batch, seen in self._last.items() if batch in told}
        dead = {batch for batch, (_, since) in self._last.items() if now - since >= FORGET_AFTER_S}
        self.gone = {batch: self._last[batch][0] for batch in dead}
        return [
            replace(row.standing, blocked_s=_left(row, now - self._last[batch][1]))
            for batch, row in sorted(told.items())
            if batch not in dead
        ]

    def sure(self, share: Share) -> Share:
        """The part that the others know of: no more than it was a beat ago."""
        known = share if self._before is None else share.no_more_than(self._before)
        self._before = share
        return known

    def left_alone(self) -> None:
        """Nobody is there any more: whoever comes next sees this run before it takes anything."""
        self._before = None


def share_of(own: Standing, others: Sequence[Standing]) -> Share:
    """The part of one run; the parts of all together are never more than the whole."""
    everybody = sorted((own, *others), key=lambda each: each.batch)
    at = everybody.index(own)
    whole = max(each.requests_per_minute for each in everybody)
    wishes = [min(each.wanted_per_minute, each.requests_per_minute) for each in everybody]
    fraction = divided(whole, wishes)[at] / whole
    elsewhere = sum(each.taken for each in others)
    most = max(each.in_flight for each in everybody)
    shown = min([most, *(each.cap for each in everybody if each.cap is not None)])
    slots = divided_whole(shown, [min(each.wanted_slots, each.in_flight) for each in everybody])[at]
    return Share(
        min(own.requests_per_minute, fraction * whole),
        _hourly(own, everybody, fraction),
        max(0, min(own.in_flight, slots, shown - elsewhere)),
        fraction,
        most,
        elsewhere,
    )


def divided(whole: float, wishes: Sequence[float]) -> list[float]:
    """Parts of ``whole``: nobody who wishes more gets less than another; what is left over is divided equally."""
    parts = [0.0] * len(wishes)
    left = whole
    for waiting, at in enumerate(sorted(range(len(wishes)), key=wishes.__getitem__)):
        parts[at] = min(wishes[at], left / (len(wishes) - waiting))
        left -= parts[at]
    return [part + max(0.0, left) / len(parts) for part in parts]


def divided_whole(whole: int, wishes: Sequence[int]) -> list[int]:
    """The same in whole numbers; what does not divide goes to those that come first among those that wish more."""
    parts = [int(part + _ROUNDING) for part in divided(whole, wishes)]
    wishing = [at for at, wish in enumerate(wishes) if wish > parts[at]]
    for at in wishing[: whole - sum(parts)]:
        parts[at] += 1
    return parts


_ROUNDING = 1e-9


def _left(row: Told, unheard_s: float) -> float:
    # The age is a difference of two readings of the state's clock, which may be set meanwhile.
    return max(0.0, row.standing.blocked_s - min(max(row.age_s, unheard_s, 0.0), FORGET_AFTER_S))


def _hourly(own: Standing, everybody: Sequence[Standing], fraction: float) -> float | None:
    if own.submissions_per_hour is None:
        return None
    whole = max(each.submissions_per_hour or 0.0 for each in everybody)
    return min(own.submissions_per_hour, fraction * whole)
