"""Runs of several batches that pay with one account keep together to what the service allows."""

import contextlib
import os
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.core.sharing import BEAT_S, FORGET_AFTER_S
from tests.faults.scene import TOKEN, Process, served, wait_until

pytestmark = pytest.mark.faults

WINDOW_S, WINDOW_REQUESTS = 0.75, 15
PER_SECOND = WINDOW_REQUESTS / WINDOW_S


@dataclass(frozen=True)
class Place:
    """A service with a rate, and one state for the batches that are paid at it."""

    root: Path
    base_url: str

    def start(self, name: str, jobs: int, per_minute: int = 6000) -> Process:
        prompts = "".join(f"  - {{id: p{number}, text: one {number}}}\n" for number in range(jobs))
        (self.root / f"{name}.yaml").write_text(
            f"version: 1\nname: {name}\nbudget: {{credits: {40 * jobs}}}\n"
            f'provider: {{base_url: "{self.base_url}"}}\nratios: [1:1]\n'
            f"limits: {{requests_per_minute: {per_minute}, canary: false}}\nprompts:\n{prompts}"
        )
        words = [sys.executable, "-m", "runner", "run", f"{name}.yaml"]
        return Process.of(words, self.root, self.root, {**os.environ, "GROKIMAGINE_API_TOKEN": TOKEN})

    def answers(self, since: float = 0.0) -> list[tuple[str, float]]:
        """What the service said to each request but those for files, and when."""
        with contextlib.closing(sqlite3.connect(self.root / "ledger.db")) as ledger:
            return ledger.execute(
                "SELECT decision, at_s FROM requests WHERE kind <> 'download' AND at_s >= ? ORDER BY at_s",
                (since,),
            ).fetchall()


@pytest.fixture
def place(tmp_path):
    options = {"window_requests": WINDOW_REQUESTS, "window_s": WINDOW_S, "in_flight": None, "two_files": 0.0}
    with served(tmp_path / "ledger.db", **options) as base_url:
        yield Place(tmp_path, base_url)


def test_two_runs_of_one_account_are_hardly_refused_and_lose_no_time(place):
    """Each by itself, they were refused 59 times in 259 requests."""
    with place.start("one", 45) as one, place.start("two", 45) as two:
        codes = [one.end().code, two.end().code]
    time.sleep(0.1)  # the service's notes of requests share a commit
    answers = place.answers()
    refused = sum(decision == "429" for decision, _ in answers)
    took_s = answers[-1][1] - answers[0][1]
    assert (codes, refused <= 0.02 * len(answers)) == ([0, 0], True)
    assert took_s < 1.35 * len(answers) / PER_SECOND


def test_when_one_run_is_killed_the_other_has_all_of_the_rate_within_seconds(place):
    known = int(60 * PER_SECOND)
    with place.start("one", 130, known) as one, place.start("two", 130, known) as two:
        wait_until(lambda: len(place.answers()) > 40, "both are at work")
        two.kill()
        killed_at = time.time()
        code = one.end().code
    time.sleep(0.1)
    since = killed_at + FORGET_AFTER_S + 2 * BEAT_S
    answers = place.answers(since)
    took_s = answers[-1][1] - since
    assert (code, took_s > 1.0, len(answers) / took_s > 0.75 * PER_SECOND) == (0, True, True)
