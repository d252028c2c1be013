"""From a thousand jobs to a million: whether time and memory a job stay what they are.

Every job has a prompt of its own, from a text file. A run is interrupted once the service has accepted some hundred
jobs, so that what is measured is what grows with the batch, and not the batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from signal import SIGINT

from tests.benchmarks.desk import NAME, Desk
from tests.benchmarks.measured import run_until
from tests.benchmarks.plot import Line, plotted
from tests.benchmarks.service import Service, served
from tests.benchmarks.tables import median, millions, table

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SMALL_SIZES = (900, 3_000)
ENOUGH = 200
OPTIONS = ("latency=1", "two_files=0", "in_flight=none", "window_requests=1000000000")
LIMITS = {"in_flight": 64, "requests_per_minute": 100_000}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one size, once. ``first_s``, ``early_s``, ``resume_s``: from the start of the process to the first request.

    ``early_s`` is that of a run after one that was interrupted while its jobs were being taken into the state, ``resume_s``
    that of one after they all were; ``run_bytes`` is of the run that took in the last of them.
    """

    plan_s: float
    plan_bytes: float
    first_s: float
    early_s: float
    run_bytes: float
    resume_s: float
    resume_bytes: float
    status_s: float
    jobs_s: float
    jobs_bytes: float
    state_bytes: float


def measure(
    work: Path, runs: int, plot: Path | None, *, small: bool, sizes: Sequence[int] | None = None
) -> str:
    """Two tables, of time and of memory, with a line for each size; the plot is written where one is wanted."""
    sizes = sizes or (SMALL_SIZES if small else SIZES)
    found = {jobs: [_figures(work / f"{jobs}-{number}", jobs) for number in range(runs)] for jobs in sizes}
    middle = {jobs: _medians(figures) for jobs, figures in found.items()}
    if plot is not None:
        plot.write_text(_plot(middle), encoding="utf-8")
    about = (
        f"One job a prompt; runs are interrupted after {ENOUGH} accepted jobs. Times are those of whole processes; first "
        "request and resume are the times from the start of the process to the first request that arrives (early: after a "
        "run that was interrupted before all its jobs were in the state)."
    )
    times = (
        "jobs",
        "plan",
        "first request",
        "resume early",
        "resume",
        "status",
        "jobs listing",
        "plan a job",
        "first request a job",
    )
    memory = ("jobs", "plan", "first run", "resumed run", "jobs listing", "state", "state a job")
    return "\n\n".join(
        [
            about,
            table(times, _times(middle)),
            "Peak memory, and the state's files after the runs:",
            table(memory, [_memory(jobs, one) for jobs, one in middle.items()]),
        ]
    )


def _figures(folder: Path, jobs: int) -> Figures:
    desk = Desk(folder / "desk", jobs)
    with served(folder / "service", OPTIONS) as service:
        desk.manifest(service.base_url, **LIMITS)
        plan = desk.run("plan", "bench.yaml")
        first_s, _ = _interrupted(desk, service)
        early_s, run_bytes = _interrupted(desk, service, is_enough=desk.is_enrolled)
        resume_s, resume_bytes = _interrupted(desk, service)
        status = desk.run("status", NAME)
        listing = desk.run("jobs", NAME, "--json")
    figures = Figures(
        plan.wall_s,
        plan.peak_bytes,
        first_s,
        early_s,
        run_bytes,
        resume_s,
        resume_bytes,
        status.wall_s,
        listing.wall_s,
        listing.peak_bytes,
        desk.state_bytes(),
    )
    rmtree(folder)
    return figures


def _interrupted(
    desk: Desk, service: Service, is_enough: Callable[[], bool] = lambda: True
) -> tuple[float, float]:
    """A run up to ``ENOUGH`` more jobs, fewer of a small batch: seconds to its first request, and its peak memory."""
    wanted = service.accepted() + min(ENOUGH, desk.jobs // 6)
    command = desk.command("run", "bench.yaml")

    def is_over() -> bool:
        return service.accepted() >= wanted and is_enough()

    usage = run_until(command, desk.root, is_over, SIGINT, codes=(0, 130))
    return service.first_request_s(usage.began_s) - usage.began_s, usage.peak_bytes


def _medians(figures: Sequence[Figures]) -> Figures:
    names = Figures.__dataclass_fields__
    return Figures(**{name: median([getattr(one, name) for one in figures]) for name in names})


def _times(middle: Mapping[int, Figures]) -> list[tuple[str, ...]]:
    """The last two columns: the time between two sizes for each job between them; flat where growth is linear."""
    rows = []
    before: tuple[int, Figures] | None = None
    for jobs, one in middle.items():
        seconds = (one.plan_s, one.first_s, one.early_s, one.resume_s, one.status_s, one.jobs_s)
        further = ("-", "-")
        if before is not None:
            more, last = jobs - before[0], before[1]
            further = (_each(one.plan_s - last.plan_s, more), _each(one.first_s - last.first_s, more))
        rows.append((f"{jobs:,}", *(f"{one_s:.2f} s" for one_s in seconds), *further))
        before = jobs, one
    return rows


def _each(seconds: float, jobs: int) -> str:
    return f"{seconds / jobs * 1e6:.1f} µs"


def _memory(jobs: int, one: Figures) -> tuple[str, ...]:
    peaks = (one.plan_bytes, one.run_bytes, one.resume_bytes, one.jobs_bytes, one.state_bytes)
    return (f"{jobs:,}", *map(millions, peaks), f"{one.state_bytes / jobs:,.0f} B")


def _plot(middle: dict[int, Figures]) -> str:
    def line(name: str, attribute: str, unit: float = 1.0) -> Line:
        return Line(name, [(jobs, getattr(one, attribute) / unit) for jobs, one in middle.items()])

    times = [
        line("plan", "plan_s"),
        line("first request", "first_s"),
        line("resume", "resume_s"),
        line("status", "status_s"),
        line("jobs listing", "jobs_s"),
    ]
    memory = [
        line("plan", "plan_bytes", 1e6),
        line("first run", "run_bytes", 1e6),
        line("resumed run", "resume_bytes", 1e6),
        line("jobs listing", "jobs_bytes", 1e6),
        line("state on the disk", "state_bytes", 1e6),
    ]
    return plotted({"seconds": times, "MB": memory}, across="jobs")
