"""The JSON of ``plan``, ``status`` and ``jobs``: the contract's keys, all of them and no others."""

from dataclasses import replace
from decimal import Decimal

import pytest
from report_support import BATCH, JOB, PRICE, counts_of, failed_record, plan_of, record_of, standing_of

from runner.core.model import JobState
from runner.core.money import Credits, Price
from runner.core.plan import Books
from runner.report.payload import dollars, job_json, plan_json, status_json


def test_a_plan_has_the_keys_of_the_contract():
    books = Books(Credits(120), Credits(80), Credits(40), Credits(1000))
    plan = plan_of(
        2, 5, pending=1, submitting=1, running=2, fetching=3, unknown=4, failed=6, done=7, books=books
    )
    credits_ = {
        "price": 40,
        "total": 1040,
        "needed": 120,
        "spent": 120,
        "reserved": 80,
        "budget": 1000,
        "left": 800,
        "fits": True,
    }
    assert plan_json(plan) == {
        "batch": "spring",
        "manifest": "m.yaml",
        "jobs": {
            "total": 26,
            "new": 2,
            "pending": 1,
            "in_flight": 6,
            "unknown": 4,
            "failed": 6,
            "done": 7,
            "removed": 5,
        },
        "credits": credits_,
        "usd": {name: value if name == "fits" else value / 100 for name, value in credits_.items()},
        "requests": 12,
        "seconds_at_least": 6.0,
        "fit_jobs": 3,
    }


def test_a_plan_without_a_budget_leaves_nothing_said_and_fits():
    shown = plan_json(plan_of(books=Books()))
    found = [(shown[unit]["budget"], shown[unit]["left"], shown[unit]["fits"]) for unit in ("credits", "usd")]
    assert (found, shown["fit_jobs"]) == ([(None, None, True)] * 2, 2)


def test_a_plan_that_does_not_fit_says_how_many_do():
    shown = plan_json(plan_of(5, books=Books(budget=Credits(100))))
    assert (shown["credits"]["fits"], shown["usd"]["fits"], shown["fit_jobs"]) == (False, False, 2)


def test_a_status_has_the_keys_of_the_contract():
    counts = counts_of(removed=9, pending=1, submitting=2, running=3, fetching=4, done=5, failed=6, unknown=7)
    credits_ = {"budget": 1000, "spent": 120, "reserved": 80, "unknown": 40, "left": 800}
    assert status_json(standing_of(counts, running_pid=77)) == {
        "batch": "spring",
        "jobs": {
            "pending": 1,
            "submitting": 2,
            "running": 3,
            "fetching": 4,
            "done": 5,
            "failed": 6,
            "unknown": 7,
            "removed": 9,
            "total": 28,
        },
        "credits": credits_,
        "usd": {name: value / 100 for name, value in credits_.items()},
        "files": {"count": 3, "bytes": 7_000_000},
        "steps": [],
        "running_pid": 77,
        "updated_at": "2026-01-02T03:04:05.000+00:00",
    }


def test_what_a_dead_process_was_submitting_is_shown_as_unknown():
    standing = standing_of(counts_of(submitting=2, unknown=1), unknown_extra=2, unknown_extra_credits=80)
    shown = status_json(standing)
    assert (shown["jobs"]["submitting"], shown["jobs"]["unknown"], shown["jobs"]["total"]) == (0, 3, 3)
    assert (shown["credits"]["unknown"], shown["usd"]["unknown"], shown["credits"]["reserved"]) == (
        120,
        1.2,
        80,
    )


def test_a_status_without_a_budget_has_nothing_left_and_nothing_to_leave():
    shown = status_json(standing_of(batch=replace(BATCH, budget=None)))
    assert [shown[unit][name] for unit in ("credits", "usd") for name in ("budget", "left")] == [None] * 4


def test_a_job_has_the_keys_of_the_contract():
    assert job_json(record_of()) == {
        "job_id": "0123456789abcdef01234567",
        "prompt_id": "animals",
        "prompt": "a fox",
        "images": ["https://x/1.png"],
        "mode": "fun",
        "ratio": "2:3",
        "take": 1,
        "variables": {"animal": "fox"},
        "meta": {"sku": "A-17"},
        "state": "done",
        "removed": False,
        "task_id": "t2",
        "attempts": 3,
        "tasks": [
            {"task_id": None, "outcome": "lost", "credits": 40},
            {"task_id": "t1", "outcome": "failed", "credits": 0},
            {"task_id": "t2", "outcome": "completed", "credits": 30},
        ],
        "credits": 70,
        "error": None,
        "error_class": None,
        "overdue": False,
        "files": [
            {
                "path": f"p/take-01-{n}.mp4",
                "bytes": 7,
                "sha256": "ab" * 32,
                "url": f"https://cdn/{n}.mp4?sig=x",
            }
            for n in (1, 2)
        ],
        "submitted_at": "2026-01-02T03:04:05.000+00:00",
        "completed_at": "2026-01-02T03:05:05.000+00:00",
        "choice": None,
        "rating": None,
        "note": None,
        "again": False,
    }


def test_a_failed_job_shows_why():
    shown = job_json(failed_record("no luck"))
    assert (shown["state"], shown["error"], shown["error_class"], shown["files"]) == (
        "failed",
        "no luck",
        "service",
        [],
    )


def test_a_job_that_was_never_submitted_shows_nothing_of_a_task():
    job = replace(JOB, state=JobState.PENDING, task_id=None, submitted_at=None, attempt=None)
    shown = job_json(record_of(job=job, attempts=(), files=()))
    names = ("task_id", "attempts", "tasks", "credits", "submitted_at")
    assert [shown[name] for name in names] == [None, 0, [], 0, None]


@pytest.mark.parametrize(
    ("price", "amount", "text"),
    [
        (PRICE, 960, "$9.60"),
        (PRICE, 0, "$0.00"),
        (PRICE, -40, "$-0.40"),
        (Price(Credits(1000), Decimal("0.10")), 1, "$0.0001"),
    ],
)
def test_dollars_for_people(price, amount, text):
    assert dollars(price, amount) == text
