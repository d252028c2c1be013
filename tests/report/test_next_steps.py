"""What a person does next, in the words of the tool."""

import pytest
from report_support import plan_of

from runner.core.advice import Invocation
from runner.core.money import Credits
from runner.core.plan import Books
from runner.report.next_steps import after_init, after_plan, after_run, row

CALL = Invocation("spring", "spring.yaml")
TRIAL = Invocation("spring", "spring.yaml", sandbox=True)
ELSEWHERE = Invocation("spring", "my videos/spring.yaml", state="sqlite:///s.db")
SPENT = Books(Credits(80), Credits(40), Credits(0), Credits(1000))


def commands(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip().startswith("runner ")]


def test_a_row_fits_80_columns_and_its_commands_are_in_one_piece():
    long = "runner run " + "x" * 100
    lines = row("next", "word " * 40, long)
    assert (max(map(len, lines[:-1])) < 80, lines[-1].strip(), lines[0][:12]) == (True, long, "  next      ")


def test_after_init_comes_an_edit_and_the_plan():
    assert after_init(CALL) == [
        "  next      edit spring.yaml, then see what it would make and cost:",
        "            runner plan spring.yaml",
    ]


def test_after_the_first_plan_comes_a_trial_free_of_charge_and_then_the_run():
    assert after_plan(plan_of(), CALL) == [
        "  next      try it in the sandbox, free of charge:",
        "            runner run spring.yaml --sandbox",
        "  then      make it:",
        "            runner run spring.yaml",
    ]


@pytest.mark.parametrize(
    ("plan", "call", "command"),
    [
        (plan_of(), TRIAL, "runner run spring.yaml --sandbox"),
        (plan_of(books=SPENT), CALL, "runner run spring.yaml"),
        (plan_of(new=0, running=3, books=SPENT), CALL, "runner run spring.yaml"),
        (
            plan_of(new=0, pending=3, books=SPENT),
            ELSEWHERE,
            "runner --state sqlite:///s.db run 'my videos/spring.yaml'",
        ),
    ],
)
def test_after_a_later_plan_comes_the_run(plan, call, command):
    assert commands(after_plan(plan, call)) == [command]


def test_the_run_has_the_options_of_the_plan():
    given = ["--only", "mode=fun", "--limit", "2"]
    run = "runner run spring.yaml --only mode=fun --limit 2 --sandbox"
    assert commands(after_plan(plan_of(), TRIAL, given)) == [run]


def test_a_budget_that_is_too_small_is_raised_to_what_is_needed_or_only_a_part_is_made():
    short = plan_of(new=5, books=Books(Credits(40), Credits(40), Credits(0), Credits(160)))
    assert after_plan(short, CALL) == [
        "  next      raise `budget` in spring.yaml, or, from this run on:",
        "            runner run spring.yaml --budget 280",
        "  or        make only the 2 that fit:",
        "            runner run spring.yaml --fit",
    ]


def test_where_none_fits_there_is_no_part_to_make():
    used_up = plan_of(new=1, books=Books(Credits(40), budget=Credits(40)))
    assert commands(after_plan(used_up, CALL)) == ["runner run spring.yaml --budget 80"]


def test_a_budget_that_was_tried_is_replaced_and_a_part_that_was_asked_for_is_made():
    short = plan_of(new=5, books=Books(Credits(80), budget=Credits(160)))
    given = ["--limit", "5", "--budget", "160"]
    assert commands(after_plan(short, CALL, given)) == [
        "runner run spring.yaml --limit 5 --budget 280",
        "runner run spring.yaml --limit 5 --budget 160 --fit",
    ]
    fit = ["--budget", "160", "--fit"]
    assert commands(after_plan(short, CALL, fit)) == ["runner run spring.yaml --budget 160 --fit"]


def test_where_nothing_can_be_submitted_the_status_says_what_to_do():
    assert after_plan(plan_of(new=0, done=3, failed=1), TRIAL) == [
        "  next      nothing is left to submit; what to do about the 1 failed job:",
        "            runner status spring --sandbox",
    ]
    several = after_plan(plan_of(new=0, failed=2, unknown=1), CALL)
    assert "about the 2 failed and 1 unknown jobs:" in " ".join(" ".join(several).split())


def test_where_all_is_made_there_are_the_files():
    assert commands(after_plan(plan_of(new=0, done=3), CALL)) == ["runner jobs spring"]
    looks = ["runner status spring", "runner jobs spring", "runner plan spring.yaml"]
    assert commands(after_run(CALL)) == looks


def test_after_a_trial_comes_what_the_real_thing_costs():
    assert after_run(TRIAL)[-2:] == [
        "  for real  the sandbox's videos are stand-ins; what the real ones cost:",
        "            runner plan spring.yaml",
    ]
