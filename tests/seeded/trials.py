"""Trying bugs: a copy of the tree, the bug in it, and the tests that must see it."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.seeded.edits import Bug

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60.0
_PARTS = ("runner", "tests", "manifests", "pyproject.toml", "README.md")
_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)


@dataclass(frozen=True)
class Trial:
    """What came of a bug: the test that failed, ``None`` if none did, and how long that took."""

    bug: Bug
    failed: str | None
    took_s: float

    def is_caught(self) -> bool:
        """Whether a test that the list names saw it within a minute."""
        return self.failed is not None and self.took_s <= LONGEST_S

    def line(self) -> str:
        """The same for a person."""
        return f"{self.took_s:5.1f} s  {self.bug.name}: {self.failed or 'NOT CAUGHT by ' + ' '.join(self.bug.tests)}"


def sample(bugs: Sequence[Bug], most: int | None) -> Sequence[Bug]:
    """``most`` of the bugs, evenly spread over the list, the same every time; all of them for ``None``."""
    if most is None or most >= len(bugs):
        return bugs
    return [bugs[at * len(bugs) // most] for at in range(most)]


def nothing_fails_without_a_bug(bugs: Sequence[Bug]) -> str:
    """Run the tests of these bugs in a copy as it is; what is wrong with them, "" if they pass.

    A test that fails anyway, or a copy in which nothing runs, would catch everything.
    """
    with _copy() as tree:
        ended = _pytest(tree, sorted({test for bug in bugs for test in bug.tests}), None)
    return "" if ended.returncode == 0 else ended.stdout[-3000:]


def tried(bug: Bug) -> Trial:
    """Put the bug into a copy of the tree and run its tests there."""
    with _copy() as tree:
        bug.apply(tree)
        began = time.monotonic()
        try:
            ended = _pytest(tree, bug.tests, LONGEST_S)
        except subprocess.TimeoutExpired:
            return Trial(bug, None, time.monotonic() - began)
        found = _FAILED.search(ended.stdout)
        failed = found[1] if ended.returncode == 1 and found else None
        return Trial(bug, failed, time.monotonic() - began)


def in_table(trials: Sequence[Trial]) -> str:
    """The trials as a table in Markdown."""
    rows = "".join(
        f"| {one.bug.name} | {f'`{one.failed}`' if one.failed else '**not caught**'} | {one.took_s:.1f} s |\n"
        for one in trials
    )
    return f"| bug | caught by | after |\n|---|---|---:|\n{rows}"


@contextlib.contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        tree = Path(folder)
        for part in _PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, tree / part)
        yield tree


def _pytest(tree: Path, tests: Sequence[str], most_s: float | None) -> "subprocess.CompletedProcess[str]":
    # What failed is read from pytest's summary, so that is asked for here, whatever the caller's own options are.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-rfE",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        *tests,
    ]
    # Derandomised, as in CI: a bug that is caught once is caught again.
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=most_s, check=False
    )
