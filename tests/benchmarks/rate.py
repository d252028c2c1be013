"""Rate-bound: how many requests a job costs, and how much of the account's rate becomes jobs.

A job needs a submission and a status, so the bound is half the rate. The service counts in fixed windows and announces
them; a window begins with the first request after the last one, or by the clock (``clock_windows``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.contest import Contestant, Round, rounds, runner, script
from tests.benchmarks.tables import median, spread, table

AT_ONCE = 30
FORMS = ("epoch", "delta", "epoch_ms")


@dataclass(frozen=True, slots=True)
class Setting:
    """The account: ``window_requests`` in ``window_s``; tasks take ``latency_s``, lognormal with this spread."""

    jobs: int = 200
    window_requests: int = 30
    window_s: float = 2.0
    latency_s: float = 1.0
    spread: float = 0.35

    def options(self, form: str, number: int, *, by_clock: bool) -> list[str]:
        return [
            f"window_requests={self.window_requests}",
            f"window_s={self.window_s}",
            f"latency={self.latency_s}",
            f"spread={self.spread}",
            f"reset_form={form}",
            f"clock_windows={'yes' if by_clock else 'no'}",
            f"seed={number}",
            "in_flight=none",
            "two_files=0",
        ]

    @property
    def per_minute(self) -> float:
        return self.window_requests / self.window_s * 60

    @property
    def bound(self) -> float:
        """Jobs a second at half the rate."""
        return self.window_requests / self.window_s / 2


SMALL = Setting(jobs=40)


def measure(work: Path, runs: int, *, small: bool) -> str:
    """A table with a line for each contestant, form of the reset, and kind of window."""
    setting = SMALL if small else Setting()
    rows = []
    for by_clock in (False, True):
        for form in FORMS:
            contestants = _contestants(setting, with_bare=form == FORMS[0])
            name = f"{form}, {'by the clock' if by_clock else 'from the first request'}"
            options = setting.options(form, 1, by_clock=by_clock)
            found = rounds(work / f"{form}-{by_clock}", options, contestants, runs)
            rows += [_row(setting, who, name, one) for who, one in found.items()]
    about = (
        f"{setting.jobs} jobs, {setting.window_requests} requests in {setting.window_s:g} s, tasks lognormal around "
        f"{setting.latency_s:g} s (spread {setting.spread:g}), {AT_ONCE} in flight. Share: jobs / (first to last "
        f"request of the API) / ({setting.bound:g} jobs/s, half the rate)."
    )
    head = ("contestant", "reset, window", "requests a job", "share of R/2", "refused (429)", "whole process")
    return f"{about}\n\n{table(head, rows)}"


def _contestants(setting: Setting, *, with_bare: bool) -> dict[str, Contestant]:
    limits = {"in_flight": AT_ONCE}
    found = {
        "runner, rate configured": runner(setting.jobs, **limits, requests_per_minute=setting.per_minute),
        "runner, rate from headers": runner(setting.jobs, **limits, requests_per_minute=60_000),
    }
    if with_bare:
        every_s = setting.latency_s / 10
        polls = script("bare", setting.jobs, str(AT_ONCE), str(every_s), "{}")
        found[f"bare script, poll every {every_s:g} s"] = polls
    return found


def _row(setting: Setting, who: str, name: str, found: Sequence[Round]) -> tuple[str, ...]:
    asked = [one.asked for one in found]
    return (
        who,
        name,
        spread([one.requests / one.jobs for one in asked], ".2f"),
        spread([one.jobs / one.span_s / setting.bound for one in asked], ".1%"),
        spread([one.refused / one.requests for one in asked], ".1%"),
        f"{median([one.usage.wall_s for one in found]):.1f} s",
    )
