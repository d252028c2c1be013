"""A month of a batch of ten million jobs, on paper: a model in steps of one minute, not the program.

What goes in are figures that were measured (requests a job, the time to go on after an interruption) or are assumed and said
so; what comes out is which bound is felt when. The service is away for hours, the machine is lost for a day, and each night
it is restarted.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

from tests.benchmarks.tables import table

MINUTES_A_DAY = 24 * 60
DAYS = 31
REQUESTS_A_JOB = 2.03  # measured where the rate binds, see docs/performance.md
QUANTILES = 40


@dataclass(frozen=True, slots=True)
class Month:
    """``outages`` of the service and ``absences`` of the machine are (first minute, minutes).

    A task takes ``task_s`` on the median, lognormal with ``spread``; a file has ``file_mb``, and ``network_mb_s`` of them come in
    at most. A share of ``failing`` tasks fails free of charge, and ``retried`` says that they are made again.
    """

    jobs: int = 10_000_000
    requests_a_minute: float = 600.0
    in_flight: int = 2_000
    task_s: float = 90.0
    spread: float = 0.35
    file_mb: float = 2.0
    network_mb_s: float = 25.0
    failing: float = 0.02
    outages: Sequence[tuple[int, int]] = ()
    absences: Sequence[tuple[int, int]] = ()


@dataclass(slots=True)
class Day:
    """What happened in one."""

    done: int = 0
    requests: float = 0.0
    files_tb: float = 0.0
    running_most: int = 0
    unseen_most: int = 0
    unfetched_most_gb: float = 0.0


def played(month: Month) -> list[Day]:
    """The days of the batch up to its end, ``DAYS`` at most."""
    ends = _Ends(month)
    days = [Day()]
    pending, running, unseen, unfetched = month.jobs, 0, 0, 0.0
    for minute in range(DAYS * MINUTES_A_DAY):
        if minute and minute % MINUTES_A_DAY == 0:
            days.append(Day())
        day = days[-1]
        ended = ends.of_next_minute()
        running, unseen = running - ended, unseen + ended
        if not _within(minute, month.absences):
            fetched = min(unfetched, month.network_mb_s * 60)
            unfetched -= fetched
            files = fetched / month.file_mb
            day.files_tb += fetched / 1e6
            day.done += round(files)
            if not _within(minute, month.outages):
                requests = month.requests_a_minute
                seen = min(unseen, int(requests / (REQUESTS_A_JOB - 1)))
                requests -= seen * (REQUESTS_A_JOB - 1)
                unseen -= seen
                failed = round(seen * month.failing)
                pending += failed
                unfetched += (seen - failed) * month.file_mb
                # No more is begun while more waits for its download than a run lets wait.
                is_behind = unfetched / month.file_mb > month.in_flight
                free = month.in_flight - running - unseen
                sent = 0 if is_behind else max(0, min(pending, free, int(requests)))
                pending, running = pending - sent, running + sent
                ends.begin(sent)
                day.requests += month.requests_a_minute - requests + sent
        day.running_most = max(day.running_most, running)
        day.unseen_most = max(day.unseen_most, unseen)
        day.unfetched_most_gb = max(day.unfetched_most_gb, unfetched / 1e3)
        if not pending and not running and not unseen and unfetched < month.file_mb:
            break
    return days


class _Ends:
    """How many of the tasks that were begun end in which minute."""

    def __init__(self, month: Month) -> None:
        middles = [(number + 0.5) / QUANTILES for number in range(QUANTILES)]
        self._after = [
            max(1, math.ceil(month.task_s * math.exp(month.spread * NormalDist().inv_cdf(middle)) / 60))
            for middle in middles
        ]
        self._coming: deque[int] = deque([0] * (max(self._after) + 1))
        self._next = 0

    def begin(self, tasks: int) -> None:
        """Some tasks begin in this minute."""
        each, rest = divmod(tasks, QUANTILES)
        for number, after in enumerate(self._after):
            self._coming[after - 1] += each + (((number + self._next) % QUANTILES) < rest)
        self._next = (self._next + rest) % QUANTILES

    def of_next_minute(self) -> int:
        """Tasks that end in the minute that begins now."""
        self._coming.append(0)
        return self._coming.popleft()


def _within(minute: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first <= minute < first + length for first, length in spans)


def eventful(month: Month) -> Month:
    """The same with nights, an outage a week and a lost machine."""
    nights = [(day * MINUTES_A_DAY + 180, 1) for day in range(1, DAYS)]
    lost = [(9 * MINUTES_A_DAY + 600, MINUTES_A_DAY)]
    outages = [(day * MINUTES_A_DAY + 840, 120) for day in (3, 10, 17, 24)]
    return replace(month, outages=outages, absences=[*nights, *lost])


def measure(work: Path, runs: int, *, small: bool) -> str:
    """A table of the month; nothing is timed, so that ``work`` and ``runs`` do not matter."""
    del work, runs
    month = eventful(Month(jobs=100_000)) if small else eventful(Month())
    rows = []
    days = played(month)
    for first in range(0, len(days), 7):
        week = days[first : first + 7]
        done = sum(day.done for day in week)
        rows.append(
            (
                f"{first + 1} to {first + len(week)}",
                f"{done:,}",
                f"{sum(day.requests for day in week) / max(1, done):.2f}",
                f"{sum(day.files_tb for day in week):.2f} TB",
                f"{max(day.running_most for day in week):,}",
                f"{max(day.unseen_most for day in week):,}",
                f"{max(day.unfetched_most_gb for day in week):.1f} GB",
            )
        )
    head = (
        "days",
        "jobs done",
        "requests a job",
        "fetched",
        "running, most",
        "ended and unseen, most",
        "to fetch, most",
    )
    return table(head, rows)
