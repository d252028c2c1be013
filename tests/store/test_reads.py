"""What the state says to the engine."""

import pytest
from store_support import LATER, NOW, job_of, raw, shop_at

from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.records import Counts, StoredFile, StoredJob
from runner.store import attempts, decisions, outputs, reads

PENDING, SUBMITTING, RUNNING, FETCHING, DONE, FAILED, UNKNOWN = JobState


def ranks(jobs):
    return [job.rank for job in jobs]


def counted(**numbers):
    return dict.fromkeys(JobState, 0) | {JobState(state): number for state, number in numbers.items()}


@pytest.fixture
def mixed(state):
    """Six jobs of two modes and two animals, the odd ones fun and with an image."""
    jobs = [
        job_of(
            rank,
            mode="fun" if rank % 2 else "normal",
            ratio="2:3" if rank > 2 else "1:1",
            take=rank + 1,
            images=("https://x/1.png",) if rank in (3, 4) else (),
            variables={"animal": "owl" if rank == 5 else "fox"},
            prompt_id="animals" if rank < 4 else "p",
        )
        for rank in range(6)
    ]
    with shop_at(state, *jobs) as shop:
        yield shop


# jobs


def test_a_job_comes_with_its_attempt(shop):
    shop.running(0)
    shop.do(attempts.note_trouble, shop.job(0).pk, "slow", ErrorClass.LOST)
    assert shop.job(0) == StoredJob(
        pk=1,
        job_id=job_of(0).job_id,
        state=RUNNING,
        prompt="a fox, number 0",
        images=(),
        mode="normal",
        ratio="1:1",
        path="p0/take-01",
        rank=0,
        removed=False,
        attempt=1,
        task_id=TaskId("t0"),
        candidate=None,
        trusted=False,
        submitted_at=NOW,
        error_class=ErrorClass.LOST,
        prompt_pk=1,
        prompt_id="p0",
    )


def test_a_job_that_was_never_submitted_has_no_attempt(shop):
    job = shop.job(1)
    assert (job.attempt, job.task_id, job.submitted_at, job.error_class) == (None, None, None, None)


def test_the_newest_attempt_of_a_job_counts(shop):
    shop.do(attempts.give_back, shop.reserve(0).attempt, AttemptOutcome.NOT_SENT, "no", NOW)
    shop.do(attempts.lose_sight, shop.reserve(0).attempt, "cut", TaskId("maybe"))
    assert (shop.job(0).attempt, shop.job(0).candidate) == (2, "maybe")


def test_pending_jobs_come_in_their_order_page_by_page(shop):
    first = shop.do(reads.claimable, shop.pk, {}, (-1, ""), 2)
    second = shop.do(reads.claimable, shop.pk, {}, (first[-1].rank, first[-1].job_id), 2)
    third = shop.do(reads.claimable, shop.pk, {}, (second[-1].rank, second[-1].job_id), 2)
    assert [ranks(page) for page in (first, second, third)] == [[0, 1], [2], []]


def test_jobs_of_one_rank_come_by_their_id(shop):
    shop.do(raw("UPDATE job SET rank = 5"))
    page = shop.do(reads.claimable, shop.pk, {}, (5, job_of(0).job_id), 9)
    assert [job.job_id for job in page] == [job_of(1).job_id, job_of(2).job_id]


def test_only_pending_jobs_that_the_manifest_names_can_be_claimed(shop):
    shop.running(0)
    shop.enrol(job_of(0), job_of(2))
    assert ranks(shop.do(reads.claimable, shop.pk, {}, (-1, ""), 9)) == [2]


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"mode": "fun"}, [1, 3, 5]),
        ({"ratio": "1:1", "mode": "normal"}, [0, 2]),
        ({"take": "4"}, [3]),
        ({"prompt": "animals"}, [0, 1, 2, 3]),
        ({"animal": "owl"}, [5]),
        ({"animal": "fox", "mode": "fun"}, [1, 3]),
        ({"nothing": "fox"}, []),
        ({'a"b$': "fox"}, []),
    ],
)
def test_only_what_matches_can_be_claimed_and_counted(mixed, only, found):
    claimed = ranks(mixed.do(reads.claimable, mixed.pk, only, (-1, ""), 9))
    counts = mixed.do(reads.counts, mixed.pk, only)
    assert (claimed, mixed.do(reads.count_claimable, mixed.pk, only), counts.total) == (
        found,
        len(found),
        len(found),
    )


def test_jobs_in_a_state_come_page_by_page_removed_ones_too(shop):
    for rank in range(3):
        shop.running(rank)
    shop.enrol(job_of(1))
    pages = [shop.do(reads.in_state, shop.pk, RUNNING, after, 2) for after in (0, 2, 3)]
    assert [ranks(page) for page in pages] == [[0, 1], [2], []]


def test_jobs_are_found_by_their_ids_removed_ones_too_and_unknown_ones_are_left_out(shop):
    shop.enrol(job_of(0), job_of(2))
    asked = [job_of(rank).job_id for rank in (2, 7, 1)]
    found = shop.do(reads.jobs_named, shop.pk, asked)
    assert [(job.rank, job.removed) for job in found] == [(1, True), (2, False)]


def test_a_batch_sees_its_own_jobs_only(shop):
    with shop_at(shop.path, job_of(7), name="autumn") as other:
        assert ranks(other.do(reads.claimable, other.pk, {}, (-1, ""), 9)) == [7]
        assert other.do(reads.in_state, other.pk, PENDING, 0, 9) == [other.job(7)]
        assert other.do(reads.jobs_named, other.pk, [job_of(0).job_id, job_of(7).job_id]) == [other.job(7)]
        assert other.do(reads.counts, other.pk).total == 1


# sums


def test_jobs_are_counted_by_state_and_removed_ones_apart(shop):
    shop.running(0)
    shop.do(attempts.note_trouble, shop.job(0).pk, "late", None, overdue=True)
    shop.reserve(1)
    shop.enrol(job_of(0), job_of(1))
    assert shop.do(reads.counts, shop.pk) == Counts(counted(running=1, submitting=1), removed=1, overdue=1)


def test_an_overdue_task_of_a_removed_job_does_not_count(shop):
    shop.running(0)
    shop.do(attempts.note_trouble, shop.job(0).pk, "late", None, overdue=True)
    shop.enrol(job_of(1))
    assert shop.do(reads.counts, shop.pk) == Counts(counted(pending=1), removed=2, overdue=0)


def test_placed_files_are_counted_with_their_bytes(shop):
    attempt = shop.fetching(0, "https://a", "https://b")
    for file in shop.do(reads.files_of, attempt):
        shop.do(outputs.verified, file.pk, f"{file.position}.mp4", 7, "ab")
    first = shop.do(reads.file_totals, shop.pk)
    shop.do(outputs.placed, 2)
    assert (first, shop.do(reads.file_totals, shop.pk)) == ((0, 0), (1, 7))


def test_the_newest_errors_come_first(shop):
    for rank in range(3):
        shop.do(attempts.reject, shop.reserve(rank).attempt, f"no {rank}", ErrorClass.VALIDATION, NOW)
    newest = shop.do(reads.last_errors, shop.pk, 2)
    assert newest == [(job_of(2).job_id, "no 2"), (job_of(1).job_id, "no 1")]


def test_a_job_without_trouble_has_no_error(shop):
    shop.running(0)
    assert shop.do(reads.last_errors, shop.pk, 9) == []


def test_generations_that_the_service_failed_are_counted(shop):
    for task in ("a", "b"):
        attempt = shop.reserve(0).attempt
        shop.do(attempts.accept, attempt, TaskId(task))
        shop.do(attempts.fail, attempt, 0, "no", ErrorClass.SERVICE, NOW)
        shop.do(decisions.retry, shop.job(0).pk)
    assert [shop.do(reads.failed_attempts, shop.job(rank).pk) for rank in (0, 1)] == [2, 0]


def test_the_books_are_added_up_from_the_attempts(shop):
    shop.fetching(0)
    shop.running(1)
    shop.do(attempts.lose_sight, shop.reserve(2).attempt, "cut", None)
    assert shop.do(reads.books, shop.pk) == shop.books() == (40, 80, 40)


def test_what_submissions_under_way_hold(shop):
    shop.running(0)
    shop.reserve(1)
    assert shop.do(reads.submitting_credits, shop.pk) == 40


def test_whether_jobs_are_known(shop):
    found = [shop.do(reads.job_id_in_use, shop.pk, [job_of(rank).job_id]) for rank in (1, 9)]
    assert found == [True, False]


# files


def test_the_files_of_an_attempt_come_in_the_services_order(shop):
    attempt = shop.fetching(0, "https://a", "https://b")
    assert shop.do(reads.files_of, attempt) == [
        StoredFile(position, 1, attempt, position, url, "wanted", None, None, None, None)
        for position, url in ((1, "https://a"), (2, "https://b"))
    ]
    assert shop.do(reads.files_of, 99) == []


# submissions of late


def test_the_newest_submissions_of_a_service_come_in_their_order(shop):
    shop.do(attempts.pin_origin, shop.pk, "https://a")
    with shop_at(shop.path, job_of(0), job_of(1), name="autumn") as other:
        other.do(attempts.pin_origin, other.pk, "https://b")
        other.reserve(0)
        shop.reserve(0)
        shop.do(attempts.give_back, shop.reserve(1).attempt, AttemptOutcome.REFUSED, "429", NOW)
        shop.do(attempts.give_back, shop.reserve(2).attempt, AttemptOutcome.NOT_SENT, "no route", NOW)
        shop.do(raw(f"UPDATE attempt SET submitted_at = '{LATER}' WHERE job = 2"))
        found = [
            shop.do(reads.newest_submissions, origin, most)
            for origin, most in (("https://a", 9), ("https://a", 1), ("https://b", 9), (None, 9))
        ]
    assert found == [[NOW, LATER], [LATER], [NOW], []]
