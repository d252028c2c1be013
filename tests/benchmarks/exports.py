"""From a thousand videos to a hundred thousand: what an export of each form takes, and whether its memory grows.

The videos are small (4 kB, each another one) and stand in the state as if a run had made them: what is measured is the
work a row, not the disk.
"""

import contextlib
import hashlib
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.desk import NAME, Desk
from tests.benchmarks.measured import Usage
from tests.benchmarks.service import served
from tests.benchmarks.tables import median, millions, table

SIZES = (1_000, 10_000, 100_000)
SMALL_SIZES = (30, 300)
VIDEO_BYTES = 4096
FORMS = {
    "hf": ("--format", "hf"),
    "hf, linked": ("--format", "hf", "--link"),
    "webdataset": ("--format", "webdataset"),
    "parquet": ("--format", "parquet", "--link"),
    "parquet, embedded": ("--format", "parquet", "--embed"),
    "csv": ("--format", "csv", "--link"),
    "jsonl": ("--format", "jsonl", "--link"),
}
_NOW = "2026-01-02T03:04:05.000+00:00"
_ATTEMPT = (
    "INSERT INTO attempt (id, batch, job, outcome, credits, task_id, submitted_at, settled_at) "
    "VALUES (?, 1, ?, 'completed', 40, ?, ?, ?)"
)
_FILE = (
    "INSERT INTO file (job, attempt, position, url, state, path, bytes, sha256) "
    "VALUES (?, ?, 1, ?, 'placed', ?, ?, ?)"
)


def measure(work: Path, runs: int, *, small: bool, sizes: Sequence[int] | None = None) -> str:
    """A table with a line for each form and size."""
    rows = []
    for videos in sizes or (SMALL_SIZES if small else SIZES):
        desk = made(work / str(videos), videos)
        for form, options in FORMS.items():
            rows.append(_row(form, videos, [_exported(desk, options) for _ in range(runs)]))
        shutil.rmtree(desk.root)
    about = f"Videos of {VIDEO_BYTES} bytes. Times and memory are those of whole processes."
    return f"{about}\n\n" + table(("form", "videos", "time", "videos a second", "most memory"), rows)


def made(root: Path, videos: int) -> Desk:
    """A working directory whose batch has as many done jobs, each with a video in the tree."""
    desk = Desk(root, videos)
    with served(root.with_name(f"service-{videos}"), ["latency=0"]) as service:
        desk.manifest(service.base_url)
        desk.run("run", "bench.yaml", "--limit", "0")
    with contextlib.closing(sqlite3.connect(root / "state/runner.db")) as state, state:
        jobs = state.execute("SELECT id, path FROM job").fetchall()
        if len(jobs) != videos:
            raise AssertionError(f"{len(jobs)} of {videos} jobs are in the state")
        state.executemany(_ATTEMPT, ((pk, pk, f"task_{pk}", _NOW, _NOW) for pk, _ in jobs))
        state.executemany(_FILE, _files(root / "outputs" / NAME, jobs))
        state.execute("UPDATE job SET state = 'done', completed_at = ?", (_NOW,))
    return desk


def _files(tree: Path, jobs: list[tuple[int, str]]) -> Iterator[tuple[object, ...]]:
    for pk, stem in jobs:
        content = hashlib.shake_128(str(pk).encode()).digest(VIDEO_BYTES)
        path = tree / f"{stem}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        yield pk, pk, f"https://x/{pk}.mp4", f"{stem}.mp4", len(content), sha256


def _exported(desk: Desk, options: Sequence[str]) -> Usage:
    usage = desk.run("export", NAME, *options, "-o", "dest", "--split", "1/1", "--seed", "7")
    # By another process: this one would grow by the names, and whoever is started next is taken to have held as much.
    subprocess.run(["rm", "-rf", str(desk.root / "dest")], check=True)
    return usage


def _row(form: str, videos: int, found: Sequence[Usage]) -> tuple[str, ...]:
    wall_s = median([one.wall_s for one in found])
    peak = median([one.peak_bytes for one in found])
    return form, f"{videos:,}", f"{wall_s:.1f} s", f"{videos / wall_s:,.0f}", millions(peak)
