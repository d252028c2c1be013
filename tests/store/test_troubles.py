"""What went wrong in a batch, by class."""

from store_support import NOW, job_of, shop_at

from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Trouble
from runner.store import attempts, troubles


def fail(shop, rank, error_class):
    shop.do(attempts.fail, shop.running(rank), None, "no luck", error_class, NOW)


def test_troubles_are_counted_by_state_and_class_the_most_frequent_first(state):
    with shop_at(state, *map(job_of, range(8))) as shop:
        fail(shop, 0, ErrorClass.SERVICE)
        fail(shop, 1, ErrorClass.MODERATION)
        fail(shop, 2, ErrorClass.MODERATION)
        shop.do(attempts.lose_sight, shop.reserve(3).attempt, "cut off", None)
        shop.running(4)
        shop.do(attempts.note_trouble, shop.job(4).pk, "late", None, overdue=True)
        shop.fetching(5)
        shop.do(attempts.note_trouble, shop.job(5).pk, "gone", ErrorClass.DOWNLOAD)
        assert shop.do(troubles.by_class, shop.pk) == (
            Trouble(JobState.FAILED, ErrorClass.MODERATION, 2, "no luck"),
            Trouble(JobState.FAILED, ErrorClass.SERVICE, 1, "no luck"),
            Trouble(JobState.FETCHING, ErrorClass.DOWNLOAD, 1, "gone"),
            Trouble(JobState.RUNNING, None, 1, "late"),
            Trouble(JobState.UNKNOWN, ErrorClass.UNKNOWN, 1, "cut off"),
        )


def test_what_goes_well_is_no_trouble(shop):
    shop.running(0)
    shop.fetching(1)
    shop.do(attempts.give_back, shop.reserve(2).attempt, AttemptOutcome.REFUSED, "later", NOW)
    assert shop.do(troubles.by_class, shop.pk) == ()


def test_jobs_that_were_removed_and_other_batches_are_left_out(state):
    with shop_at(state, job_of(0), job_of(1)) as shop, shop_at(state, job_of(0), name="other") as other:
        fail(shop, 0, ErrorClass.SERVICE)
        fail(other, 0, ErrorClass.LOST)
        shop.enrol(job_of(1))
        assert shop.do(troubles.by_class, shop.pk) == ()
