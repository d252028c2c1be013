"""What the scenarios print: Markdown tables of medians, and the machine that they were taken on."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median

__all__ = ["machine", "median", "millions", "spread", "table"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is aligned to the right."""
    ruler = [":--", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ruler, *rows))


def millions(size_bytes: float) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def spread(values: Sequence[float], form: str) -> str:
    """The median, and where there are several values the least and the greatest."""
    middle = format(median(values), form)
    if len(values) == 1:
        return middle
    return f"{middle} ({format(min(values), form)} to {format(max(values), form)})"


def machine(work: Path) -> str:
    """One line; no name of a host in it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory / 2**30:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, files on {_file_system(work)}; load at the start {load}"
    )


def _processor() -> str:
    with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(work: Path) -> str:
    with Path("/proc/mounts").open(encoding="utf-8") as lines:
        mounts = [line.split()[1:3] for line in lines]
    above = [(len(place), kind) for place, kind in mounts if work.resolve().is_relative_to(place)]
    return max(above)[1] if above else "?"
