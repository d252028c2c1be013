"""What the guards ask the state before money is spent."""

import pytest
from store_support import NOW, job_of, raw, shop_at

from runner.core.canary import CanaryReport, Kind
from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.store import attempts, decisions, guards, outputs

START = (-1, "")
NORMAL, FUN = Kind("normal", with_images=False), Kind("fun", with_images=False)
NORMAL_WITH, FUN_WITH = Kind("normal", with_images=True), Kind("fun", with_images=True)


@pytest.fixture
def mixed(state):
    """Six jobs, the odd ones fun; the fourth and the fifth have an image."""
    jobs = [
        job_of(
            rank,
            mode="fun" if rank % 2 else "normal",
            images=("https://x/1.png",) if rank in (3, 4) else (),
        )
        for rank in range(6)
    ]
    with shop_at(state, *jobs) as shop:
        yield shop


def ranks(jobs):
    return [job.rank for job in jobs]


def finished(shop, rank):
    attempt = shop.fetching(rank)
    shop.do(outputs.finish, shop.job(rank).pk, NOW)
    return attempt


def failed(shop, rank, *, error_class=ErrorClass.SERVICE, charged=0):
    shop.do(attempts.fail, shop.running(rank), charged, "no luck", error_class, NOW)


def test_the_kinds_of_what_is_pending_come_in_the_order_of_their_first_jobs(mixed):
    every = mixed.do(guards.kinds, mixed.pk, {})
    fun = mixed.do(guards.kinds, mixed.pk, {"mode": "fun"})
    mixed.running(0)
    mixed.running(4)
    mixed.enrol(*(job_of(rank) for rank in range(3)))
    later = mixed.do(guards.kinds, mixed.pk, {})
    assert [every, fun, later] == [[NORMAL, FUN, FUN_WITH, NORMAL_WITH], [FUN, FUN_WITH], [FUN, NORMAL]]


def test_the_pending_jobs_of_a_kind_come_page_by_page(mixed):
    mixed.running(2)
    first = mixed.do(guards.pending_of, mixed.pk, {}, FUN, START, 1)
    second = mixed.do(guards.pending_of, mixed.pk, {}, FUN, (first[0].rank, first[0].job_id), 9)
    rest = [
        mixed.do(guards.pending_of, mixed.pk, {}, kind, START, 9) for kind in (NORMAL, NORMAL_WITH, FUN_WITH)
    ]
    narrowed = mixed.do(guards.pending_of, mixed.pk, {"prompt": "p5"}, FUN, START, 9)
    assert [ranks(each) for each in (first, second, *rest, narrowed)] == [[1], [5], [0], [4], [3], [5]]


def test_a_kind_is_proven_by_a_job_that_is_done_and_not_removed(mixed):
    finished(mixed, 3)
    mixed.running(0)
    found = [mixed.do(guards.has_done, mixed.pk, kind) for kind in (NORMAL, FUN, NORMAL_WITH, FUN_WITH)]
    mixed.do(raw("UPDATE job SET removed = 1 WHERE rank = 3"))
    assert (found, mixed.do(guards.has_done, mixed.pk, FUN_WITH)) == ([False, False, False, True], False)


def test_the_failed_jobs_of_a_kind_are_counted_and_not_the_removed_ones(mixed):
    for rank in (0, 2, 3):
        failed(mixed, rank)
    mixed.do(raw("UPDATE job SET removed = 1 WHERE rank = 2"))
    assert [mixed.do(guards.failed, mixed.pk, kind) for kind in (NORMAL, FUN_WITH, FUN)] == [1, 1, 0]


def test_a_canary_that_was_refused_cost_nothing_and_made_no_task(mixed):
    mixed.do(attempts.reject, mixed.reserve(0).attempt, "no such image", ErrorClass.VALIDATION, NOW)
    assert mixed.do(guards.canary, mixed.job(0).pk) == CanaryReport(
        job_of(0).job_id, JobState.FAILED, "no such image", ErrorClass.VALIDATION, task_made=False, credits=0
    )


def test_a_canary_that_was_paid_for_twice_cost_both(mixed):
    failed(mixed, 0, charged=40)
    mixed.do(decisions.retry, mixed.job(0).pk)
    attempt = mixed.reserve(0).attempt
    mixed.do(attempts.accept, attempt, "t-again")
    mixed.do(attempts.fail, attempt, 80, "no luck", ErrorClass.SERVICE, NOW)
    report = mixed.do(guards.canary, mixed.job(0).pk)
    assert (report.task_made, report.credits) == (True, 120)


def test_a_canary_that_is_pending_has_nothing_to_tell(mixed):
    assert mixed.do(guards.canary, mixed.job(1).pk) == CanaryReport(
        job_of(1).job_id, JobState.PENDING, None, None, task_made=False, credits=0
    )


def test_what_moderation_refused_comes_page_by_page_without_what_was_removed(mixed):
    for rank in (0, 1, 2, 4):
        failed(mixed, rank, error_class=ErrorClass.SERVICE if rank == 2 else ErrorClass.MODERATION)
    mixed.do(raw("UPDATE job SET removed = 1 WHERE rank = 4"))
    rows = [
        (rank, job_of(rank).job_id, mixed.job(rank).prompt_pk, mixed.job(rank).mode, "1:1") for rank in (0, 1)
    ]
    pages = [mixed.do(guards.moderated, mixed.pk, after, 1) for after in (START, rows[0][:2], rows[1][:2])]
    assert pages == [[rows[0]], [rows[1]], []]
