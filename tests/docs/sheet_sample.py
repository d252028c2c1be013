"""The picture in ``docs/sheets.md``: ``python -m tests.docs.sheet_sample`` makes it anew.

It is what a stranger gets: a run against the sandbox, some choices, one video in the place of another, and ``runner sheet``.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

from runner.cli.edge import run
from runner.store import choices
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter
from tests.media import footage

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "sheet.png"
MANIFEST = {
    "version": 1,
    "name": "campaign",
    "budget": {"credits": 4000},
    "prompts": [
        {
            "id": "lighthouse",
            "text": "a lighthouse at dusk, waves breaking on the rocks, slow aerial shot, 35 mm film, warm light in the windows",
        }
    ],
    "ratios": ["2:3", "3:2"],
    "modes": ["fun", "normal"],
    "takes": 2,
    "limits": {"requests_per_minute": 6000},
}
CHOSEN: dict[int, dict[str, object]] = {
    1: {"flag": "keep", "rating": 5},
    4: {"flag": "reject", "rating": 1},
    5: {"rating": 3},
    6: {"flag": "keep", "rating": 4},
}
OPTIONS = "latency_median_s=0.05,two_files=0,moderation=0.1,seed=3"


def main() -> None:
    """Make the picture."""
    os.environ.pop("RUNNER_STATE", None)
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        Path("campaign.yaml").write_text(json.dumps(MANIFEST), encoding="utf-8")
        run(["run", "campaign.yaml", "--sandbox", "--sandbox-options", OPTIONS])
        state = Path("state/sandbox.db").resolve()
        _choose(state)
        _swap(state, Path("outputs/sandbox/campaign"))
        run(["sheet", "campaign", "--sandbox", "-o", "sheets", "--columns", "4"])
        PICTURE.write_bytes(Path("sheets/lighthouse.png").read_bytes())
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e3:.0f} kB", file=sys.stderr)  # noqa: T201 - what a person started by hand tells


def _choose(state: Path) -> None:
    writer = DirectWriter(open_for_writing(state))
    for job_pk, fields in CHOSEN.items():
        writer.write_now(choices.choose, job_pk, fields, "2026-01-02T03:04:05.000+00:00")
    writer.close()


def _swap(state: Path, tree: Path) -> None:
    """One video has another ratio than was asked for."""
    with contextlib.closing(sqlite3.connect(state)) as connection:
        (path,) = connection.execute(
            "SELECT path FROM file WHERE state = 'placed' ORDER BY path LIMIT 1 OFFSET 5"
        ).fetchone()
        content = footage.film(tree / path, 240, 240, (footage.BLUE,)).read_bytes()
        size, sha256 = len(content), hashlib.sha256(content).hexdigest()
        connection.execute("UPDATE file SET bytes = ?, sha256 = ? WHERE path = ?", (size, sha256, path))
        connection.commit()


if __name__ == "__main__":
    main()
