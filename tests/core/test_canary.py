"""What follows the first jobs of a kind, and what is said where they end a run."""

import pytest

from runner.core.canary import (
    CanaryReport,
    Kind,
    Loss,
    Verdict,
    decisive,
    kind_of,
    loss_of,
    reason_of,
    verdict,
)
from runner.core.model import JobId, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import StoredJob

FAILED, PENDING, RUNNING, FETCHING, UNKNOWN = (
    JobState.FAILED,
    JobState.PENDING,
    JobState.RUNNING,
    JobState.FETCHING,
    JobState.UNKNOWN,
)
KIND = Kind("fun", with_images=True)


def lost(state=FAILED, error_class=ErrorClass.SERVICE):
    return Loss(1, KIND, state, error_class)


def job_in(state, error_class=None, images=("https://x/1.png",)):
    return StoredJob(
        7, JobId("a"), state, "a fox", images, "fun", "1:1", "p/1", 0, removed=False, error_class=error_class
    )


HOPELESS = (ErrorClass.AUTH, ErrorClass.CREDIT, ErrorClass.VALIDATION)
CASES = {
    # the canaries lost in this run, the failed jobs of the kind in all, whether one is done, what follows
    "nothing has gone yet": ([], 0, False, Verdict.NEXT),
    "nothing has gone in this run, and three failed before": ([], 3, False, Verdict.NEXT),
    "one has its file": ([], 0, True, Verdict.PROVEN),
    "one has its file after others failed": ([lost()] * 5, 5, True, Verdict.PROVEN),
    "one has its file though another is hopeless": ([lost(error_class=HOPELESS[2])], 1, True, Verdict.PROVEN),
    "one failed": ([lost()], 1, False, Verdict.NEXT),
    "two failed": ([lost()] * 2, 2, False, Verdict.NEXT),
    "three failed": ([lost()] * 3, 3, False, Verdict.STOP),
    "one failed after one before": ([lost()], 2, False, Verdict.NEXT),
    "one failed after two before": ([lost()], 3, False, Verdict.STOP),
    "one failed after many before": ([lost()], 90, False, Verdict.STOP),
    "three came to nothing in their own ways": (
        [lost(RUNNING, None), lost(PENDING, None), lost(FETCHING, ErrorClass.DISK)],
        0,
        False,
        Verdict.STOP,
    ),
    "two of unknown outcome": ([lost(UNKNOWN, ErrorClass.UNKNOWN)] * 2, 0, False, Verdict.NEXT),
    "a passing trouble of a class that is hopeless for one that failed": (
        [lost(FETCHING, ErrorClass.VALIDATION)],
        0,
        False,
        Verdict.NEXT,
    ),
    **{
        f"failed by {each}": (
            [lost(error_class=each)],
            1,
            False,
            Verdict.STOP if each in HOPELESS else Verdict.NEXT,
        )
        for each in ErrorClass
    },
    "hopeless before another": ([lost(error_class=ErrorClass.AUTH), lost()], 2, False, Verdict.STOP),
}


@pytest.mark.parametrize("case", CASES)
def test_what_follows_the_canaries_of_a_kind(case):
    losses, failed, has_file, expected = CASES[case]
    assert verdict(losses, failed, has_file=has_file) is expected


@pytest.mark.parametrize("state", JobState)
def test_whatever_rests_without_its_file_is_a_loss(state):
    job = job_in(state, ErrorClass.SERVICE)
    expected = None if state is JobState.DONE else Loss(7, KIND, state, ErrorClass.SERVICE)
    assert loss_of(job) == expected


def test_a_kind_is_the_mode_and_whether_there_are_images():
    kinds = [kind_of(job_in(PENDING, images=images)) for images in ((), ("a", "b"))]
    assert [str(kind) for kind in kinds] == ["fun, without images", "fun, with images"]


def test_the_loss_that_decides_is_the_hopeless_one_or_the_last():
    first, hopeless, last = lost(), lost(error_class=ErrorClass.CREDIT), lost(error_class=ErrorClass.LOST)
    assert [decisive([first, hopeless, last]), decisive([first, last])] == [hopeless, last]


WRONG = ErrorClass.VALIDATION
JOB = "0123456789abcdef01234567"
REASONS = {
    "refused": (
        CanaryReport(JOB, FAILED, "no such image", WRONG, task_made=False, credits=0),
        lost(error_class=WRONG),
        1,
        "the canary 0123456789ab (fun, with images) was refused, free of charge (validation): no such image",
    ),
    "paid": (
        CanaryReport(JOB, FAILED, "not supported", WRONG, task_made=True, credits=40),
        lost(error_class=WRONG),
        2,
        (
            "the canary 0123456789ab (fun, with images) was accepted and then failed, at a cost of 40 credits (validation): "
            "not supported"
        ),
    ),
    "the third": (
        CanaryReport(JOB, FAILED, "no luck", ErrorClass.SERVICE, task_made=True, credits=0),
        lost(),
        3,
        (
            "3 canaries of one kind in a row came to nothing; the last, canary 0123456789ab (fun, with images) was accepted "
            "and then failed, free of charge (service): no luck"
        ),
    ),
    "one more": (
        CanaryReport(JOB, PENDING, None, None, task_made=False, credits=0),
        lost(PENDING, None),
        1,
        (
            "after earlier failures, one canary more came to nothing; the last, canary 0123456789ab (fun, with images) is "
            "pending without a file"
        ),
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_ended_submission_is_said_with_the_job_its_class_and_its_cost(name):
    report, loss, number, expected = REASONS[name]
    assert reason_of(report, loss, number) == expected
