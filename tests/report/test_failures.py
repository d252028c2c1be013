"""The page's table of failures."""

from report_support import counts_of, standing_of

from runner.core.advice import Invocation
from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Trouble
from runner.report.failures import WHY_CHARS, failures

CALL = Invocation("spring", "m.yaml")


def test_a_class_of_failures_comes_with_what_to_do_about_it():
    trouble = Trouble(JobState.FAILED, ErrorClass.SERVICE, 3, "x" * 1000)
    assert failures(standing_of(), [trouble], CALL) == [
        {
            "state": "failed",
            "error_class": "service",
            "jobs": 3,
            "why": "x" * WHY_CHARS,
            "advice": "The service failed the task, and another try may succeed: it is paid for again.",
            "command": "runner retry spring --class service",
        }
    ]


def test_overdue_tasks_are_among_them():
    [row] = failures(standing_of(), [Trouble(JobState.RUNNING, None, 1, "late")], CALL)
    assert (row["error_class"], row["command"]) == (None, "runner run m.yaml")


def test_what_a_dead_process_left_counts_as_unknown():
    standing = standing_of(counts_of(submitting=2), unknown_extra=2)
    known = Trouble(JobState.UNKNOWN, ErrorClass.UNKNOWN, 3, "cut")
    other = Trouble(JobState.FAILED, ErrorClass.DISK, 4)
    found = [failures(standing, each, CALL) for each in ([other, known], [])]
    assert [[(row["state"], row["jobs"]) for row in rows] for rows in found] == [
        [("unknown", 5), ("failed", 4)],
        [("unknown", 2)],
    ]
