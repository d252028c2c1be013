"""A plan for people."""

from dataclasses import replace

import pytest
from report_support import ESCAPES, PRICE, acts, plan_of

from runner.core.breakdown import Breakdown, Share
from runner.core.errors import Place
from runner.core.model import Job, JobId, OnUnknown, Retries
from runner.core.money import Credits
from runner.core.plan import Books
from runner.core.task_times import TaskTimes
from runner.report.columns import width_of
from runner.report.priced_diff import COLUMNS, plan_text

EXAMPLE = Job(JobId("a"), "p", "a fox " * 20, "fun", "2:3", 1, "p/take-01", 0, Place("m.yaml"))
TABLES = Breakdown(
    by_prompt={"animals": Share(1, 1, 4), "birds": Share(2, 2, 7)},
    by_mode_and_ratio={("fun", "2:3"): Share(3, 0, 4), ("normal", "1:1"): Share(0, 3, 7)},
    by_kind={("fun", False): 3},
)


def lines_of(plan):
    return plan_text(plan).splitlines()


def times_of(seconds):
    times = TaskTimes()
    for _ in range(200):
        times.ended(seconds * 0.99, seconds * 1.01)
    return times


def test_a_plan_is_a_priced_diff():
    plan = plan_of(
        2, 1, pending=1, running=2, done=3, failed=4, unknown=5, examples=(EXAMPLE,), breakdown=TABLES
    )
    assert lines_of(plan) == [
        "batch spring (m.yaml)",
        "  + 2 new  > 1 pending  ~ 2 in flight  = 3 done  ! 5 unknown  x 4 failed",
        "  - 1 removed",
        "",
        "  by prompt                         submit    done  other    credits         USD",
        "    birds                                2       2      7         80       $0.80",
        "    animals                              1       1      4         40       $0.40",
        "",
        "  by mode and ratio                 submit    done  other    credits         USD",
        "    fun 2:3                              3       0      4        120       $1.20",
        "    normal 1:1                           0       3      7          0       $0.00",
        "    in all                               3       3     11        120       $1.20",
        "",
        "  price     40 credits ($0.40) a generation",
        "  needed    120 credits ($1.20) for 3 jobs",
        "  spent     0 credits ($0.00), reserved 0 (of which unknown 0)",
        "  budget    1000 credits ($10.00), 1000 left: fits",
        "  leaves    880 credits ($8.80) after this call",
        "  requests  8 at least, 4 s at the configured rate",
        "  time      not known yet: no such task was seen to end so far",
        "  first 1 of 3:",
        "    p/take-01  fun 2:3  a fox a fox a fox a fox a fox a fox a fox a fox a fox a…",
    ]


def test_what_there_is_none_of_is_not_named_but_for_new_and_done():
    assert (
        lines_of(plan_of(12, 3, done=240, unknown=1))[1] == "  + 12 new  = 240 done  ! 1 unknown  - 3 removed"
    )
    assert lines_of(plan_of(0))[1] == "  + 0 new  = 0 done"


def test_of_many_prompts_the_largest_stand_there_and_the_rest_in_a_line():
    many = {f"p{number}": Share(number) for number in range(992)}
    rows = lines_of(plan_of(1, breakdown=Breakdown(many, {("fun", "1:1"): Share(9)}, {}, Share(7))))
    assert (rows[4].split()[:2], len(rows)) == (["p991", "991"], 31)
    assert rows[15].split()[:2] == ["p980", "980"]
    assert (
        rows[16]
        == f"    and 980 more                   {sum(range(980)):>7}       0      0   19188400  $191884.00"
    )
    assert rows[17].startswith("    prompts after the 10000th            7 ")


def test_the_tables_are_before_the_limit_and_it_is_said():
    plan = plan_of(3, may_submit=2, breakdown=TABLES)
    assert "  --limit: this call submits 2 of these 3" in lines_of(plan)


@pytest.mark.parametrize(
    ("budget", "line"),
    [
        (None, "  budget    none: `run` will ask, or needs --yes"),
        (Credits(100), "  budget    100 credits ($1.00), 100 left: DOES NOT FIT: 2 jobs do"),
        (Credits(120), "  budget    120 credits ($1.20), 120 left: fits"),
    ],
)
def test_a_plan_says_what_the_budget_means(budget, line):
    assert line in lines_of(plan_of(3, books=Books(budget=budget)))


@pytest.mark.parametrize(("jobs", "time"), [(0, "0 s"), (110, "110 s"), (600, "10 min"), (14400, "4.0 h")])
def test_a_plan_says_how_long_it_takes_at_least(jobs, time):
    assert f", {time} at the configured rate" in plan_text(plan_of(jobs))


def test_a_plan_says_how_long_it_is_likely_to_take_by_what_was_learned():
    (line,) = [
        line
        for line in lines_of(plan_of(2, breakdown=TABLES, task_times={"fun": times_of(300)}))
        if "time  " in line
    ]
    assert line == "  time      likely 5 min, by the times of earlier tasks"
    slow = {"fun": TaskTimes([0.0] * 90 + [20.0] * 30 + [0.0] * 8)}
    (line,) = [line for line in lines_of(plan_of(2, breakdown=TABLES, task_times=slow)) if "time  " in line]
    assert line == "  time      likely 12 min to 58 min, by the times of earlier tasks"


def test_where_nothing_is_left_to_do_nothing_is_said_of_its_time():
    assert [line for line in lines_of(plan_of(0, done=3)) if line.startswith("  time")] == []


def test_what_the_manifest_pays_again_by_itself_is_named():
    retries = Retries(regenerate_failed=2, on_unknown=OnUnknown.RESUBMIT)
    assert [line for line in lines_of(plan_of(1, retries=retries)) if "on top" in line] == [
        "  on top    each failed task is paid for again, up to 2 times (retries.regenerate_failed)",
        "  on top    each unknown outcome is paid for again (retries.on_unknown)",
    ]


def test_the_price_is_the_highest_seen():
    assert "  price     90 credits ($0.90) a generation" in plan_text(
        plan_of(price=Credits(90), quoted=PRICE)
    )


def test_the_path_of_an_example_is_whole_and_its_prompt_stands_below_where_there_is_no_room():
    long = replace(EXAMPLE, path="p/" + "x" * 60, prompt="狐" * 60)
    assert lines_of(plan_of(1, examples=(long,)))[-2:] == [
        "    p/" + "x" * 60,
        "      fun 2:3  " + "狐" * 32 + "…",
    ]


def test_everything_but_a_path_fits_80_columns():
    ids = {"狐" * 40: Share(1), "a-" * 30 + "e37b4eeddf1e": Share(10_000_000, 10_000_000, 1)}
    tables = Breakdown(ids, {("normal", "1:1"): Share(10_000_000)}, {}, Share(1))
    plan = plan_of(10_000_000, examples=(EXAMPLE,), breakdown=tables, books=Books(budget=Credits(4 * 10**8)))
    rows = lines_of(plan)
    assert [row for row in rows if width_of(row) > COLUMNS] == []
    assert rows[4].startswith("    a-a-a-a-a-a-a-a-a-a-…4eeddf1e ")
    assert width_of(rows[5]) == width_of(rows[4])


def test_nothing_that_others_wrote_acts_on_the_terminal():
    tables = replace(TABLES, by_prompt={ESCAPES: Share(1)})
    plan = plan_of(1, examples=(replace(EXAMPLE, prompt=ESCAPES),), breakdown=tables)
    text = plan_text(replace(plan, manifest=ESCAPES))
    assert (acts(text), len(text.splitlines())) == (False, 21)
