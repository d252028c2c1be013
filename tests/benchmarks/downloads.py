"""Download-bound: the runner's way of a file against aria2c and curl, from one static server.

Neither of the others hashes or syncs; the runner does both, checks the boxes of the MP4 and gives the file its final
name. It stands here twice: its ``files`` package alone (``fetching``), which is what compares with the others, and a
real run, whose jobs are submitted, followed and committed besides and whose files come from the same server.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.contest import runner, script
from tests.benchmarks.environments import program
from tests.benchmarks.measured import FailedError, Usage, run_whole
from tests.benchmarks.service import served
from tests.benchmarks.static import static_server
from tests.benchmarks.tables import median, millions, spread, table

AT_ONCE = 32
FILE_BYTES = 2_000_000
ARIA, CURL = f"aria2c -j{AT_ONCE}", f"curl --parallel --parallel-max {AT_ONCE}"


def measure(work: Path, runs: int, *, small: bool) -> str:
    """A table with a line for each contestant."""
    files = 64 if small else 1000
    found: dict[str, list[Usage]] = {}
    with static_server(work / "static", FILE_BYTES) as base_url:
        for number in range(runs):
            for place, (name, fetch) in enumerate(_contestants(files, base_url).items()):
                folder = work / f"{number}-{place}"
                folder.mkdir()
                os.sync()  # what the one before left to be written is not this one's to wait for
                found.setdefault(name, []).append(fetch(folder))
                _expect(folder, files)
                shutil.rmtree(folder)
    rates = {name: [files * FILE_BYTES / one.wall_s for one in usages] for name, usages in found.items()}
    about = (
        f"{files:,} files of {FILE_BYTES / 1e6:g} MB, {AT_ONCE} at once, from one nginx (plain HTTP, loopback). Rates "
        "are those of whole processes, with their start; ratios are taken within each repetition."
    )
    head = ("contestant", "MB/s", "x aria2c", "x curl", "CPU a GB", "peak memory")
    return f"{about}\n\n{table(head, [_row(name, files, found, rates) for name in found])}"


def _contestants(files: int, base_url: str) -> Mapping[str, Callable[[Path], Usage]]:
    limits = {"in_flight": 64, "downloads": AT_ONCE, "requests_per_minute": 100_000}

    def whole_run(folder: Path) -> Usage:
        options = [f"files_origin={base_url}", "latency=0", "two_files=0", "in_flight=none"]
        with served(folder / "service", [*options, "window_requests=1000000000"]) as service:
            return runner(files, **limits)(folder, service.base_url)

    return {
        "runner, files alone (hashed, checked, synced, placed)": lambda folder: script(
            "fetching", files, str(AT_ONCE), "{}"
        )(folder, base_url),
        "runner, whole run": whole_run,
        ARIA: lambda folder: _aria2c(folder, files, base_url),
        CURL: lambda folder: _curl(folder, files, base_url),
    }


def _aria2c(folder: Path, files: int, base_url: str) -> Usage:
    lines = [f"{base_url}/files/{number}.mp4\n out={number}.mp4\n" for number in range(files)]
    (folder / "list.txt").write_text("".join(lines), encoding="utf-8")
    given = [
        f"-j{AT_ONCE}",
        "-i",
        "list.txt",
        "-d",
        "files",
        "--quiet",
        "--file-allocation=none",
        "--no-conf",
    ]
    return run_whole([program("aria2c", "aria2"), *given], folder)


def _curl(folder: Path, files: int, base_url: str) -> Usage:
    (folder / "files").mkdir()
    lines = [f'url = "{base_url}/files/{n}.mp4"\noutput = "files/{n}.mp4"\n' for n in range(files)]
    (folder / "list.txt").write_text("".join(lines), encoding="utf-8")
    given = ["-q", "--silent", "--parallel", "--parallel-max", str(AT_ONCE), "--config", "list.txt"]
    return run_whole([program("curl", "curl"), *given], folder)


def _expect(folder: Path, files: int) -> None:
    whole = [path for path in folder.rglob("*.mp4") if path.stat().st_size == FILE_BYTES]
    if len(whole) != files:
        raise FailedError(f"{len(whole)} whole files instead of {files}")


def _row(
    name: str, files: int, found: Mapping[str, Sequence[Usage]], rates: Mapping[str, Sequence[float]]
) -> tuple[str, ...]:
    def ratio(other: str) -> str:
        return spread([own / its for own, its in zip(rates[name], rates[other], strict=True)], ".2f")

    cpu_s = median([one.cpu_s for one in found[name]])
    return (
        name,
        f"{median(rates[name]) / 1e6:,.0f}",
        ratio(ARIA),
        ratio(CURL),
        f"{cpu_s / (files * FILE_BYTES / 1e9):.2f} s",
        millions(median([one.peak_bytes for one in found[name]])),
    )
