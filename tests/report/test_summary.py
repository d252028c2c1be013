"""Texts for people."""

from dataclasses import replace

import pytest
from report_support import BATCH, ESCAPES, PRICE, acts, counts_of, plan_of, standing_of

from runner.core.errors import Place
from runner.core.model import Job, JobId
from runner.core.money import Credits
from runner.core.plan import Books
from runner.report.summary import plan_text, status_text

EXAMPLE = Job(JobId("a"), "p", "a fox " * 20, "fun", "2:3", 1, "p/take-01", 0, Place("m.yaml"))


def test_a_plan_in_a_few_lines():
    plan = plan_of(2, 1, pending=1, running=2, done=3, failed=4, unknown=5, examples=(EXAMPLE,))
    assert plan_text(plan).splitlines() == [
        "batch spring (m.yaml)",
        "  jobs      17 in all: 2 new, 1 pending, 2 in flight, 5 unknown, 4 failed, 3 done, 1 removed",
        "  price     40 credits ($0.40) a generation",
        "  needed    120 credits ($1.20) for 3 jobs",
        "  spent     0 credits, reserved 0 (of which unknown 0)",
        "  budget    1000 credits ($10.00), 1000 left: fits",
        "  requests  8 at least, 4 s at the configured rate",
        "  first 1 of 3:",
        "    p/take-01  fun 2:3  a fox a fox a fox a fox a fox a fox a fox a fox a fox a fox…",
    ]


@pytest.mark.parametrize(
    ("budget", "line"),
    [
        (None, "  budget    none: `run` will ask, or needs --yes"),
        (Credits(100), "  budget    100 credits ($1.00), 100 left: DOES NOT FIT: 2 jobs do"),
    ],
)
def test_a_plan_says_what_the_budget_means(budget, line):
    assert line in plan_text(plan_of(3, books=Books(budget=budget))).splitlines()


@pytest.mark.parametrize(("jobs", "time"), [(0, "0 s"), (110, "110 s"), (600, "10 min"), (14400, "4.0 h")])
def test_a_plan_says_how_long_it_takes_at_least(jobs, time):
    assert f", {time} at the configured rate" in plan_text(plan_of(jobs))


def test_a_plan_of_nothing():
    assert plan_text(plan_of(0)).splitlines()[1] == "  jobs      0 in all: none"


def test_a_status_in_a_few_lines():
    counts = counts_of(removed=2, done=3, failed=1, unknown=1)
    errors = [("0123456789abcdef01234567", "no luck")]
    assert status_text(standing_of(counts, running_pid=77), errors).splitlines() == [
        "spring: 5 jobs: 3 done, 1 failed, 1 unknown (2 more were removed from the manifest)",
        "  credits   120 spent ($1.20), 80 reserved (of which 40 unknown), of 1000, 800 left",
        "  files     3 (7.0 MB) in /o/spring",
        "  running   process 77",
        "  ! 0123456789ab  no luck",
    ]


def test_a_status_without_jobs_and_without_a_budget():
    standing = standing_of(counts_of(), batch=replace(BATCH, budget=None))
    assert status_text(standing).splitlines()[:2] == [
        "spring: 0 jobs: none yet",
        "  credits   120 spent ($1.20), 80 reserved (of which 40 unknown), no budget",
    ]


def test_nothing_that_others_wrote_acts_on_the_terminal():
    texts = [
        status_text(standing_of(batch=replace(BATCH, output_dir=ESCAPES)), [("0" * 24, ESCAPES)]),
        plan_text(replace(plan_of(1, examples=(replace(EXAMPLE, prompt=ESCAPES),)), manifest=ESCAPES)),
    ]
    assert [acts(text) for text in texts] == [False, False]
    assert [len(text.splitlines()) for text in texts] == [4, 9]


def test_the_price_is_the_highest_seen():
    assert "  price     90 credits ($0.90) a generation" in plan_text(
        plan_of(price=Credits(90), quoted=PRICE)
    )
