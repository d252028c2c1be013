"""The runner as a contestant: a working directory, a manifest, and the installed program."""

import contextlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.measured import Usage, run_whole

NAME = "bench"


@dataclass(frozen=True, slots=True)
class Desk:
    """A fresh working directory; ``jobs`` prompts, each another one, one job each."""

    root: Path
    jobs: int

    def manifest(self, base_url: str, **limits: Any) -> None:
        """Write the manifest and its prompts; the canary is off, and the budget is no bound."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        with (self.root / "prompts.txt").open("w", encoding="utf-8") as out:
            out.writelines(f"{text}\n" for text in prompts(self.jobs))
        whole = {
            "version": 1,
            "name": NAME,
            "provider": {"base_url": base_url},
            "budget": {"credits": 40 * self.jobs},
            "prompts": [{"file": "prompts.txt"}],
            "limits": {"canary": False, **limits},
        }
        (self.root / "bench.yaml").write_text(json.dumps(whole, indent=1), encoding="utf-8")

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Usage:
        return run_whole(self.command(*arguments), self.root, codes=codes)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "runner", *arguments]

    def is_enrolled(self) -> bool:
        """Whether all jobs are in the state."""
        with contextlib.closing(sqlite3.connect(self.root / "state" / "runner.db", timeout=60)) as connection:
            return bool(connection.execute("SELECT generation FROM batch").fetchone()[0])

    def state_bytes(self) -> int:
        """What stands in the state's folder."""
        return sum(path.stat().st_size for path in (self.root / "state").iterdir())


def prompts(count: int) -> Iterator[str]:
    """As many texts of about 60 characters, each another one."""
    return (f"a paper boat drifting down a rainy street, take number {number}" for number in range(count))
