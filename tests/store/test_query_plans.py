"""What runs more than once a run must not read a whole table: at a million jobs that is the difference of hours."""

import contextlib
import re
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import event
from store_support import NOW, job_of, shop_at

from runner.core.canary import Kind
from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.processing import ProcessingStep, StepKind
from runner.store import (
    attempts,
    decisions,
    enrolment,
    guards,
    media,
    outputs,
    processing,
    prompts,
    reads,
    records,
    retakes,
    troubles,
)
from runner.store.records import Selection
from runner.store.watching import Watched

pytestmark = pytest.mark.sqlite

WORDS = re.compile(r"^(SAVEPOINT|RELEASE|ROLLBACK|BEGIN)", re.IGNORECASE)
ROW = re.compile(r"^SCAN (CONSTANT ROW|asked VIRTUAL TABLE)")


@pytest.fixture
def shop(state):
    with shop_at(state, *(job_of(rank, variables={"animal": "fox"}) for rank in range(30))) as opened:
        for rank in range(0, 8, 2):
            opened.fetching(rank)
            opened.running(rank + 1)
        (step,) = opened.do(processing.want, opened.pk, [ProcessingStep(StepKind.THUMBNAIL, {"size": 320})])
        (one,) = opened.do(reads.files_of, 1)
        opened.do(
            processing.made,
            opened.do(processing.verified, step.pk, replace(one, sha256="ab"), [("a", "p", 1, "ab")]),
        )
        yield opened


def statements_of(shop, change, *args):
    """Every statement that a change sends, with its parameters."""
    seen = []

    def note(_connection, _cursor, statement, parameters, *_more):
        if not WORDS.match(statement):
            seen.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    event.listen(shop.writer._engine, "before_cursor_execute", note)
    try:
        shop.do(change, *args)
    finally:
        event.remove(shop.writer._engine, "before_cursor_execute", note)
    return seen


def plan_of(shop, change, *args):
    """How SQLite says that it finds the rows, step by step."""
    with contextlib.closing(sqlite3.connect(shop.path)) as connection:
        return [
            detail
            for statement, parameters in statements_of(shop, change, *args)
            for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def drained(find, *args):
    return lambda connection: list(find(connection, *args))


AFTER = (3, job_of(3).job_id)
KIND = Kind("normal", with_images=False)
ONLY = {"mode": "normal", "animal": "fox"}
OFTEN = {
    "claimable": (reads.claimable, 1, {}, AFTER, 5),
    "claimable, some": (reads.claimable, 1, ONLY, AFTER, 5),
    "in_state": (reads.in_state, 1, JobState.RUNNING, 2, 5),
    "counts": (reads.counts, 1),
    "counts, some": (reads.counts, 1, ONLY),
    "stored_job": (reads.stored_job, 2),
    "files_of": (reads.files_of, 1),
    "failed_attempts": (reads.failed_attempts, 2),
    "kinds": (guards.kinds, 1, {}),
    "pending_of": (guards.pending_of, 1, {}, KIND, AFTER, 5),
    "has_done": (guards.has_done, 1, KIND),
    "failed": (guards.failed, 1, KIND),
    "canary": (guards.canary, 2),
    "moderated": (guards.moderated, 1, AFTER, 5),
    "last_errors": (reads.last_errors, 1, 5),
    "file_totals": (reads.file_totals, 1),
    "troubles": (troubles.by_class, 1),
    "known": (enrolment.known, 1, [job_of(2).job_id]),
    "enrol": (enrolment.enrol, 1, [job_of(2), job_of(40)], 2),
    "records": (drained(records.records, 1, Selection(), 7),),
    "records of a state": (drained(records.records, 1, Selection(states=(JobState.PENDING,)), 7),),
    "records with files": (drained(records.records, 1, Selection(with_files=True, removed=False), 7),),
    "whereabouts": (drained(outputs.whereabouts, 1),),
    "unseen files": (media.unseen_page, 1, 0, 5),
    "prompt_ids": (prompts.prompt_ids, 1),
    "jobs of prompts": (prompts.jobs_of, 1, ["p2"]),
    "shapes": (media.shapes, 1),
    "reserve": (attempts.reserve, 1, 20, NOW),
    "accept": (attempts.accept, 9, TaskId("t9")),
    "give_back": (attempts.give_back, 9, AttemptOutcome.NOT_SENT, "no", NOW),
    "reject": (attempts.reject, 9, "no", ErrorClass.VALIDATION, NOW),
    "lose_sight": (attempts.lose_sight, 9, "cut", None),
    "complete": (attempts.complete, 2, 40, ["https://a"], NOW),
    "fail": (attempts.fail, 2, 90, "no", ErrorClass.SERVICE, NOW),
    "renew_urls": (attempts.renew_urls, 1, ["https://a", "https://b"]),
    "note_trouble": (attempts.note_trouble, 2, "late", None),
    "unplaced": (outputs.unplaced, "spring"),
    "verified": (outputs.verified, 1, "a", 1, "ab"),
    "placed": (outputs.wanted_again, 1),
    "steps": (processing.wanted, 1),
    "files of a step": (processing.due_page, 1, 1, 0, 5),
    "what steps made": (processing.made_page, 1, 0, 5),
    "what nobody wants": (processing.unwanted_page, 1, 0, 5),
    "unfinished steps": (processing.unfinished, 1),
    "made among": (processing.made_among, 1, ["a"]),
    "makings of a job": (processing.makings_of_job, 1),
    "files of makings": (processing.files_of, [1]),
    "troubles of a step": (processing.troubles, 1, 5),
    "step counts": (processing.counts, 1),
    "likely_changed": (Watched(1).likely_changed,),
}


@pytest.mark.parametrize("name", OFTEN)
def test_no_whole_table_is_read(shop, name):
    shop.reserve(29)
    plan = plan_of(shop, *OFTEN[name])
    assert [step for step in plan if step.startswith("SCAN") and not ROW.match(step)] == []
    assert any(step.startswith("SEARCH") for step in plan)


def test_each_job_of_a_page_is_looked_up(shop):
    page = [job_of(rank).job_id for rank in range(enrolment.PAGE)]
    plan = plan_of(shop, enrolment.known, 1, page)
    assert [step for step in plan if "job" in step] == [
        "SEARCH job USING INDEX sqlite_autoindex_job_1 (batch=? AND job_id=?)"
    ]


@pytest.mark.parametrize(
    "name", ["claimable", "pending_of", "moderated", "records", "records of a state", "records with files"]
)
def test_a_page_of_jobs_is_found_by_its_place_and_not_by_sorting_the_batch(shop, name):
    plan = plan_of(shop, *OFTEN[name])
    found = [step for step in plan if step.startswith("SEARCH job")]
    assert found
    places = (
        "(rank,job_id)>(?,?)",
        "job_instead_of (instead_of=?)",
    )  # the latter: those made again, of the page only
    assert [step for step in found if not any(place in step for place in places)] == []


def test_a_page_of_files_is_found_by_its_place(shop):
    for file_pk in (1, 2):
        shop.do(outputs.verified, file_pk, f"{file_pk}.mp4", 1, "ab")
        shop.do(outputs.placed, file_pk)
    for name in ("whereabouts", "unseen files"):
        plan = plan_of(shop, *OFTEN[name])
        assert (plan[0], [step for step in plan if "TEMP B-TREE" in step]) == (
            "SEARCH file USING INTEGER PRIMARY KEY (rowid>?)",
            [],
        )


@pytest.mark.parametrize("look", [retakes.queued, retakes.rejected])
def test_what_is_to_be_made_again_is_found_from_the_choices_and_not_from_all_jobs(shop, look):
    plan = plan_of(shop, look, 1)
    assert [step for step in plan if "job_in_order" in step or "job_by_rank" in step] == []
    assert "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)" in plan


def test_whether_a_job_may_be_paid_for_again_is_found_by_the_job(shop):
    plan = plan_of(shop, decisions.retry, shop_failed(shop))
    assert [step for step in plan if step.startswith("SCAN")] == []


def shop_failed(shop):
    shop.do(attempts.fail, 2, 0, "no", ErrorClass.SERVICE, NOW)
    return shop.rows("SELECT job FROM attempt WHERE id = 2")[0][0]


def test_paths_of_removed_jobs_are_looked_up_in_one_list_and_not_held_against_every_other(shop):
    """A batch of 20,000 prompts that were all edited took more than six minutes to tidy."""
    plan = plan_of(shop, outputs.give_way, 1)
    assert [step for step in plan if "LIST SUBQUERY" in step] == ["LIST SUBQUERY 1"]
    assert [step for step in plan if "CORRELATED" in step] == []
