"""Processor-bound: the service answers at once, so that what is left is what a client costs.

The service is the same for all, in a process of its own; on two cores it has one of them to itself. What it costs a
job stands in the table too: where it is more than the client's, it is the service that is measured.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.contest import Contestant, Round, rounds, runner, script
from tests.benchmarks.environments import python_with
from tests.benchmarks.tables import median, millions, spread, table

AT_ONCE = 64
FILE_BYTES = 20_000
OPTIONS = (
    "latency=0",
    "two_files=0",
    "in_flight=none",
    "window_requests=1000000000",
    f"file_size={FILE_BYTES}",
)
BARE = "bare script (no state, no sync)"
ABL_PACKAGES = ("async-batch-llm==0.28.0", "aiohttp")


def measure(work: Path, runs: int, cache: Path, *, small: bool) -> str:
    """A table with a line for each contestant."""
    jobs = 200 if small else 2000
    found = rounds(work, OPTIONS, contestants(jobs, cache), runs)
    bare_s = [one.usage.wall_s for one in found[BARE]]
    rows = [_row(jobs, who, one, bare_s) for who, one in found.items()]
    about = (
        f"{jobs:,} jobs, no latency, {AT_ONCE} in flight, 1 file of {FILE_BYTES:,} bytes a job. Times are those of whole "
        "processes, with their start; the ratio is taken within each repetition."
    )
    head = (
        "contestant",
        "time",
        "x bare script",
        "jobs/s",
        "CPU a job",
        "peak memory",
        "service's CPU a job",
        "requests a job",
    )
    return f"{about}\n\n{table(head, rows)}"


def contestants(jobs: int, cache: Path) -> Mapping[str, Contestant]:
    """All who do the same jobs at the same service."""
    limits = {"in_flight": AT_ONCE, "downloads": AT_ONCE, "requests_per_minute": 100_000}
    simple = (str(AT_ONCE), "0.05", "{}")
    python = python_with(cache, *ABL_PACKAGES)
    return {
        BARE: script("bare", jobs, *simple),
        "the least that is durable (see floor.py)": script("floor", jobs, *simple),
        "runner (full durability, files synced)": runner(jobs, **limits),
        "async-batch-llm, SQLite store, full": script("abl", jobs, *simple, "full", python=python),
        "async-batch-llm, SQLite store, balanced": script("abl", jobs, *simple, "balanced", python=python),
    }


def _row(jobs: int, who: str, found: Sequence[Round], bare_s: Sequence[float]) -> tuple[str, ...]:
    walls = [one.usage.wall_s for one in found]
    return (
        who,
        f"{median(walls):.2f} s",
        spread([wall / bare for wall, bare in zip(walls, bare_s, strict=True)], ".2f"),
        f"{jobs / median(walls):,.0f}",
        f"{median([one.usage.cpu_s for one in found]) / jobs * 1e3:.2f} ms",
        millions(median([one.usage.peak_bytes for one in found])),
        f"{median([one.service.cpu_s for one in found]) / jobs * 1e3:.2f} ms",
        f"{median([one.asked.requests / one.asked.jobs for one in found]):.2f}",
    )
