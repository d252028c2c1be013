"""Jobs with all that is shown of them."""

from dataclasses import replace

import pytest
from store_support import LATER, NOW, job_of, shop_at

from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.records import JobRecord, StoredAttempt
from runner.store import attempts, outputs, reads, records
from runner.store.records import Selection

PENDING, SUBMITTING, RUNNING, FETCHING, DONE, FAILED, UNKNOWN = JobState


def shown(shop, selection=Selection(), **more):  # noqa: B008 - a frozen value
    return shop.do(lambda connection: list(records.records(connection, shop.pk, selection, **more)))


def ranks(found):
    return [record.job.rank for record in found]


def test_a_job_is_shown_with_its_attempts_and_files(state):
    one = job_of(0, variables={"animal": "fox"}, meta={"sku": "A", "n": 1}, take=3)
    with shop_at(state, one) as shop:
        shop.do(attempts.give_back, shop.reserve(0).attempt, AttemptOutcome.REFUSED, "429", NOW)
        attempt = shop.fetching(0, "https://a", "https://b")
        files = tuple(shop.do(reads.files_of, attempt))
        shop.do(attempts.note_trouble, 1, "slow", ErrorClass.DOWNLOAD)
        assert shown(shop) == [
            JobRecord(
                job=shop.job(0),
                prompt_id="p0",
                take=3,
                variables={"animal": "fox"},
                meta={"sku": "A", "n": 1},
                overdue=False,
                error="slow",
                error_class=ErrorClass.DOWNLOAD,
                completed_at=None,
                attempts=(
                    StoredAttempt(AttemptOutcome.REFUSED, 0, None, NOW),
                    StoredAttempt(AttemptOutcome.COMPLETED, 40, TaskId("t0"), NOW),
                ),
                files=files,
            )
        ]


def test_a_done_job_shows_when_it_was_done(shop):
    attempt = shop.fetching(0)
    shop.do(outputs.verified, shop.do(reads.files_of, attempt)[0].pk, "a", 1, "ab")
    shop.do(outputs.finish, 1, LATER)
    assert next((record.job.state, record.completed_at) for record in shown(shop)) == (DONE, LATER)


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_jobs_come_in_the_order_of_submission_whatever_the_page(state, page):
    with shop_at(state, *(job_of(number, rank=(number * 7) % 5) for number in range(5))) as shop:
        assert ranks(shown(shop, page=page)) == [0, 1, 2, 3, 4]


@pytest.fixture
def chosen(shop):
    """Job 0 running, 1 fetching and removed, 2 failed."""
    shop.running(0)
    shop.fetching(1)
    shop.do(attempts.reject, shop.reserve(2).attempt, "no", ErrorClass.VALIDATION, NOW)
    shop.enrol(job_of(0), job_of(2))
    return shop


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), [0, 1, 2]),
        (Selection(states=(RUNNING,)), [0]),
        (Selection(states=(RUNNING, FAILED)), [0, 2]),
        (Selection(states=(DONE,)), []),
        (Selection(removed=True), [1]),
        (Selection(removed=False), [0, 2]),
        (Selection(with_files=True), [1]),
        (Selection(only={"prompt": "p2"}), [2]),
        (Selection(job_ids=(job_of(2).job_id,)), [2]),
        (Selection(job_ids=(job_of(0).job_id, job_of(1).job_id[:24])), [0, 1]),
        (Selection(job_ids=("00",)), [0, 1, 2]),
        (Selection(job_ids=("%",)), []),
        (Selection(states=(RUNNING,), removed=True), []),
    ],
)
def test_jobs_are_chosen_by_all_that_is_given(chosen, selection, found):
    plain = chosen.do(lambda connection: list(records.select_jobs(connection, chosen.pk, selection)))
    assert (ranks(shown(chosen, selection)), [job.rank for job in plain]) == (found, found)


def test_jobs_of_another_batch_are_not_shown(shop):
    with shop_at(shop.path, job_of(9), name="autumn") as other:
        assert ranks(shown(other)) == [9]


def test_a_job_that_a_dead_process_was_submitting_can_be_shown_as_it_will_stand(shop):
    shop.reserve(0)
    before = shown(shop)[0]
    after = before.as_unknown()
    shop.do(attempts.recover, shop.pk)
    recovered = shown(shop)[0]
    assert after == replace(recovered, attempts=before.attempts)
