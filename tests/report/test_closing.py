"""The end of a run for people."""

from dataclasses import replace

import pytest
from report_support import BATCH, ESCAPES, acts, counts_of, standing_of

from runner.core.advice import Invocation
from runner.core.events import EventName, RunEvent
from runner.core.model import JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass
from runner.core.records import Trouble
from runner.report.closing import Made, MadeSoFar, made_line, what_is_left

CALL = Invocation("spring", "spring.yaml", sandbox=True)
ADVICE = """\
  failed    3 moderation: Moderation refused it and would again: word the
            prompt differently or leave it out.
            runner run spring.yaml --sandbox
  failed    2 service: The service failed the task, and another try may
            succeed: it is paid for again.
            runner retry spring --class service --sandbox
  overdue   2: The service has not finished in time: each run asks about it
            again, free of charge.
            runner run spring.yaml --sandbox
  no file   1 download: It is paid for and not downloaded yet: the next run
            goes on, free of charge.
            runner run spring.yaml --sandbox
  unknown   1 unknown: Look for the task at the service: name it if it is
            there, else decide with --resubmit (pay again) or --accept-loss.
            runner resolve spring --task-id JOB=TASK --sandbox"""


def lines_of(*troubles, standing=None):
    return what_is_left(standing or standing_of(), troubles, CALL)


def test_it_says_what_was_made_and_what_that_cost():
    line = "  this run  3 files (7.0 MB) made, for 120 credits ($1.20)"
    assert made_line(standing_of(), Made(3, 7_000_000, 120)) == line


def test_one_file_is_one_file_and_nothing_is_nothing():
    lines = [made_line(standing_of(), made) for made in (Made(1, 2000, 40), Made(0, 0, 0), Made(0, 0, 40))]
    assert lines == [
        "  this run  1 file (2.0 kB) made, for 40 credits ($0.40)",
        "  this run  nothing new was made",
        "  this run  nothing new was made, for 40 credits ($0.40)",
    ]


WHY = "p0/take-01.mp4 is taken by another file"


@pytest.mark.parametrize(("jobs", "told"), [(1, f"1 disk: {WHY}"), (3, f"3 disk, such as: {WHY}")])
def test_a_job_that_cannot_end_says_why_with_one_example(jobs, told):
    standing = standing_of(counts_of(fetching=jobs))
    assert lines_of(Trouble(JobState.FETCHING, ErrorClass.DISK, jobs, WHY), standing=standing) == [
        f"  no file   {told}",
        "            The output could not be written: make room or clear the way, and go",
        "            on, free of charge.",
        "            runner run spring.yaml --sandbox",
    ]


def test_what_was_said_already_is_not_said_again():
    trouble = Trouble(JobState.FETCHING, ErrorClass.DISK, 1, WHY)
    assert WHY not in "\n".join(what_is_left(standing_of(), [trouble], CALL, [f"stopped: {WHY}; clear it"]))


def test_an_example_that_would_act_on_a_terminal_is_shown_harmless_and_bounded():
    trouble = Trouble(JobState.FETCHING, ErrorClass.DOWNLOAD, 1, ESCAPES + "x" * 10**5)
    lines = lines_of(trouble)
    assert (acts("\n".join(lines)), len("".join(lines)) < 800) == (False, True)


def test_where_all_is_well_nothing_more_is_said():
    assert lines_of() == []


def test_what_failed_comes_by_class_with_advice_and_the_command_that_goes_on():
    states = {"done": 3, "failed": 5, "unknown": 1, "running": 2, "fetching": 1}
    troubles = (
        Trouble(JobState.FAILED, ErrorClass.MODERATION, 3),
        Trouble(JobState.FAILED, ErrorClass.SERVICE, 2),
        Trouble(JobState.RUNNING, None, 2),
        Trouble(JobState.FETCHING, ErrorClass.DOWNLOAD, 1),
        Trouble(JobState.UNKNOWN, ErrorClass.UNKNOWN, 1),
    )
    assert "\n".join(lines_of(*troubles, standing=standing_of(counts_of(**states)))) == ADVICE


def test_a_run_that_ended_early_says_how_to_go_on():
    standing = standing_of(counts_of(pending=16, running=3, fetching=1))
    assert lines_of(standing=standing) == [
        "  to do     16 not submitted yet, 4 under way and paid for; to go on:",
        "            runner run spring.yaml --sandbox",
    ]


def test_tasks_that_are_overdue_are_not_told_of_twice():
    standing = standing_of(counts_of(running=2))
    told = lines_of(Trouble(JobState.RUNNING, None, 2), standing=standing)
    assert [line for line in told if "under way" in line or "to do" in line] == []


@pytest.mark.parametrize(("spent", "left", "budget"), [(120, 800, 1120 + 880), (1200, 0, 1280 + 1000)])
def test_where_the_budget_has_no_room_for_the_rest_the_command_names_one_that_has(spent, left, budget):
    pending = 50 if left else 25
    batch = replace(BATCH, spent=Credits(spent))
    needed = 40 * pending
    assert lines_of(standing=standing_of(counts_of(pending=pending), batch=batch)) == [
        f"  to do     {pending} not submitted yet; the budget leaves {left} of the {needed:,} credits",
        "            needed:",
        f"            runner run spring.yaml --budget {spent + 80 + needed} --sandbox",
    ]


def test_without_a_budget_there_is_room():
    standing = standing_of(counts_of(pending=500), batch=replace(BATCH, budget=None))
    assert lines_of(standing=standing)[-1] == "            runner run spring.yaml --sandbox"


def test_files_are_counted_as_they_get_their_places():
    made = MadeSoFar()
    for _ in range(3):
        made.happened(RunEvent(EventName.FILE, "a", {"bytes": 7}))
    made.happened(RunEvent(EventName.COMPLETED, "a", {"credits": 40}))
    assert made.in_all(120) == Made(3, 21, 120)
