"""Jobs as rows of the gallery."""

from dataclasses import replace

from report_support import JOB, file_of, record_of

from runner.core.choice import Choice, Flag
from runner.core.model import JobId, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Media
from runner.report.catalogue import ERROR_CHARS, Catalogue

RECORD = record_of(files=(file_of(1),))
PENDING = replace(JOB, job_id=JobId("f" * 24), state=JobState.PENDING)


def test_a_row_holds_all_that_there_is_to_say():
    record = replace(
        RECORD,
        files=(file_of(7), file_of(8, path="second.mp4"), file_of(9, state="wanted")),
        media={8: Media(480, 720, 6.04, 24.0, "h264")},
        choice=Choice(Flag.REJECT, 2, "blurred", again=True, pruned_at="now"),
        is_remade=True,
        overdue=True,
        error="x" * 1000,
        error_class=ErrorClass.SERVICE,
        completed_at="then",
        job=replace(JOB, removed=True),
    )
    assert Catalogue().row(record) == {
        "id": JOB.job_id,
        "prompt": 0,
        "details": 0,
        "mode": JOB.mode,
        "ratio": JOB.ratio,
        "take": RECORD.take,
        "state": "done",
        "credits": sum(one.credits for one in RECORD.attempts),
        "files": ["p/take-01-7.mp4", "second.mp4"],
        "media": [None, [480, 720, 6.04]],
        "at": "then",
        "error": "x" * ERROR_CHARS,
        "error_class": "service",
        "overdue": True,
        "removed": True,
        "choice": "reject",
        "rating": 2,
        "note": "blurred",
        "again": True,
        "remade": True,
        "pruned": True,
    }


def test_what_there_is_not_to_say_is_left_out():
    record = replace(
        RECORD, job=PENDING, attempts=(), files=(), completed_at=None, error=None, error_class=None
    )
    row = {"id": "f" * 24, "prompt": 0, "details": 0, "mode": JOB.mode, "ratio": JOB.ratio}
    assert Catalogue().row(record) == row | {"take": RECORD.take, "state": "pending"}


def test_texts_that_repeat_are_handed_out_once():
    catalogue = Catalogue()
    other = replace(RECORD, job=replace(JOB, prompt_pk=2, prompt="an owl"), prompt_id="owl")
    catalogue.row(RECORD)
    first = catalogue.take_new()
    rows = [catalogue.row(record) for record in (RECORD, other, replace(other, meta={"sku": "B"}))]
    numbers = [(row["prompt"], row["details"]) for row in rows]
    details = {"variables": dict(RECORD.variables), "meta": dict(RECORD.meta)}
    assert (numbers, first, catalogue.take_new(), catalogue.take_new()) == (
        [(0, 0), (1, 0), (1, 1)],
        ({0: {"id": RECORD.prompt_id, "text": JOB.prompt, "images": list(JOB.images)}}, {0: details}),
        (
            {1: {"id": "owl", "text": "an owl", "images": list(JOB.images)}},
            {1: details | {"meta": {"sku": "B"}}},
        ),
        ({}, {}),
    )
