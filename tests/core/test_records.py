"""Rows of the state as values."""

from dataclasses import replace

import pytest
from manifest_builder import PRICE

from runner.core.model import JobId, JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass
from runner.core.records import Batch, JobRecord, StoredJob

NOTHING = Credits(0)
BATCH = Batch(
    1,
    "spring",
    "/m.yaml",
    "grokimagine",
    "/o",
    None,
    PRICE,
    NOTHING,
    None,
    None,
    NOTHING,
    NOTHING,
    NOTHING,
    0,
    None,
    False,
    "now",
)
JOB = StoredJob(1, JobId("a"), JobState.SUBMITTING, "a fox", (), "normal", "1:1", "p/1", 0, removed=False)


@pytest.mark.parametrize(
    ("budget", "spent", "reserved", "left"), [(None, 9, 9, None), (100, 40, 40, 20), (50, 40, 40, -30)]
)
def test_what_is_left_of_a_cap(budget, spent, reserved, left):
    batch = replace(BATCH, budget=budget, spent=Credits(spent), reserved=Credits(reserved))
    assert batch.left == left


@pytest.mark.parametrize(("highest", "price"), [(0, 40), (39, 40), (90, 90)])
def test_a_reservation_holds_the_highest_price_seen(highest, price):
    assert replace(BATCH, highest_charge=Credits(highest)).reservation_price == price


def test_a_job_that_a_dead_process_was_submitting_is_shown_as_unknown():
    record = JobRecord(JOB, "p", 1, {}, {}, overdue=False, error=None, error_class=None, completed_at=None)
    error = "the process ended while the submission was under way"
    job = replace(JOB, state=JobState.UNKNOWN, error_class=ErrorClass.UNKNOWN)
    assert record.as_unknown() == replace(record, job=job, error=error, error_class=ErrorClass.UNKNOWN)


@pytest.mark.parametrize(
    ("fields", "was_begun"),
    [
        ({}, False),
        ({"generation": 1}, True),
        ({"spent": 40}, True),
        ({"reserved": 40}, True),
        ({"unknown": 40}, True),
    ],
)
def test_a_batch_was_begun_once_its_jobs_are_in_or_something_was_paid_for(fields, was_begun):
    nothing = {"generation": 0, "spent": 0, "reserved": 0, "unknown": 0}
    assert replace(BATCH, **(nothing | fields)).was_begun is was_begun
