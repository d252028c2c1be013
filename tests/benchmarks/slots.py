"""Slot-bound: with requests plentiful, how much of (slots / mean task time) becomes jobs.

Once the cap is in the manifest, once it is the service's own secret: a submission above it is refused with 429, with
or without ``Retry-After``, while the manifest allows more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.contest import Contestant, Round, rounds, runner, script
from tests.benchmarks.tables import median, spread, table


@dataclass(frozen=True, slots=True)
class Setting:
    """``slots`` tasks at once at the service; ``allowed`` in the manifest where the cap is hidden."""

    jobs: int = 300
    slots: int = 10
    allowed: int = 40
    latency_s: float = 1.0
    spread: float = 0.35

    def options(self, *, retry_after: bool) -> list[str]:
        return [
            f"in_flight={self.slots}",
            f"latency={self.latency_s}",
            f"spread={self.spread}",
            f"retry_after={'yes' if retry_after else 'no'}",
            "window_requests=1000000",
            "two_files=0",
        ]


SMALL = Setting(jobs=50)


def measure(work: Path, runs: int, *, small: bool) -> str:
    """A table with a line for each contestant and kind of cap."""
    setting = SMALL if small else Setting()
    rows = []
    for cap, allowed, retry_after in (
        ("known", setting.slots, True),
        ("hidden, 429 with Retry-After", setting.allowed, True),
        ("hidden, 429 without a hint", setting.allowed, False),
    ):
        options = setting.options(retry_after=retry_after)
        found = rounds(work / f"{allowed}-{retry_after}", options, _contestants(setting, allowed), runs)
        rows += [_row(setting, who, cap, one) for who, one in found.items()]
    about = (
        f"{setting.jobs} jobs, {setting.slots} tasks at once at the service, tasks lognormal around "
        f"{setting.latency_s:g} s (spread {setting.spread:g}); where the cap is hidden, {setting.allowed} are allowed by "
        "the client's settings. Share: jobs / (first to last request of the API) / (slots / mean task time)."
    )
    head = ("contestant", "cap", "share of the slots", "requests a job", "refused (429)", "whole process")
    return f"{about}\n\n{table(head, rows)}"


def _contestants(setting: Setting, allowed: int) -> dict[str, Contestant]:
    every_s = setting.latency_s / 20
    return {
        "runner": runner(setting.jobs, in_flight=allowed, requests_per_minute=100_000),
        f"bare script, poll every {every_s:g} s": script(
            "bare", setting.jobs, str(allowed), str(every_s), "{}"
        ),
    }


def _row(setting: Setting, who: str, cap: str, found: Sequence[Round]) -> tuple[str, ...]:
    asked = [one.asked for one in found]
    return (
        who,
        cap,
        spread([one.tasks_s / one.span_s / setting.slots for one in asked], ".1%"),
        spread([one.requests / one.jobs for one in asked], ".2f"),
        spread([one.refused / one.requests for one in asked], ".1%"),
        f"{median([one.usage.wall_s for one in found]):.1f} s",
    )
