"""The books: what each outcome of a POST does to a job and its credits, in one change."""

import pytest
from sqlalchemy.exc import IntegrityError
from store_support import LATER, NOW, job_of, raw, shop_at

from runner.core.lifecycle import IllegalTransitionError
from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass, TaskId
from runner.store import attempts, reads
from runner.store.attempts import DuplicateTaskError, Reservation

PENDING, SUBMITTING, RUNNING, FETCHING, DONE, FAILED, UNKNOWN = JobState


def standing(shop, rank=0):
    """State, error and class of a job, its attempts, and the books."""
    job = shop.job(rank)
    error, error_class, overdue = shop.rows(
        "SELECT error, error_class, overdue FROM job WHERE id = ?", job.pk
    )[0]
    made = shop.rows(
        "SELECT outcome, credits, task_id, candidate FROM attempt WHERE job = ? ORDER BY id", job.pk
    )
    return job.state, error, error_class, overdue, made, shop.books()


def urls_of(shop, attempt):
    return [(file.position, file.url, file.state) for file in shop.do(reads.files_of, attempt)]


# reserve


def test_a_reservation_holds_the_price_and_moves_the_job(shop):
    assert shop.reserve(0) == Reservation(1, 40)
    assert standing(shop) == (SUBMITTING, None, None, 0, [("submitting", 40, None, None)], (0, 40, 0))


def test_a_reservation_that_just_fits_is_made(shop):
    shop.budget(80)
    assert (shop.reserve(0), shop.reserve(1)) == (Reservation(1, 40), Reservation(2, 40))


def test_a_reservation_that_does_not_fit_changes_nothing(shop):
    shop.budget(79)
    shop.reserve(0)
    before = shop.dump()
    assert (shop.reserve(1), shop.dump()) == (None, before)


@pytest.mark.parametrize("budget", [0, 39])
def test_nothing_is_reserved_for_less_than_the_price(shop, budget):
    shop.budget(budget)
    assert (shop.reserve(0), shop.books()) == (None, (0, 0, 0))


def test_without_a_budget_there_is_always_room(shop):
    shop.budget(None)
    assert [shop.reserve(rank).price for rank in range(3)] == [40, 40, 40]


def test_what_was_spent_counts_against_the_budget(shop):
    shop.budget(100)
    shop.fetching(0)
    shop.reserve(1)
    assert (shop.reserve(2), shop.books()) == (None, (40, 40, 0))


def test_a_budget_that_was_lowered_below_the_books_lets_nothing_in(shop):
    shop.fetching(0)
    shop.budget(10)
    assert (shop.reserve(1), shop.books(), shop.batch().left) == (None, (40, 0, 0), -30)


def test_after_an_overcharge_reservations_hold_the_highest_price_seen(shop):
    shop.do(attempts.complete, shop.running(0), 90, ["u"], NOW)
    assert (shop.reserve(1).price, shop.books(), shop.batch().reservation_price) == (90, (90, 90, 0), 90)


def test_the_highest_price_is_what_must_fit(shop):
    shop.budget(179)
    shop.do(attempts.complete, shop.running(0), 90, ["u"], NOW)
    assert (shop.reserve(1), shop.books()) == (None, (90, 0, 0))


def test_a_lower_charge_does_not_lower_the_price(shop):
    shop.do(attempts.complete, shop.running(0), 10, ["u"], NOW)
    assert (shop.reserve(1).price, shop.books()) == (40, (10, 40, 0))


def test_books_of_another_batch_do_not_count(shop):
    shop.budget(40)
    with shop_at(shop.path, job_of(0), budget=40, name="autumn") as other:
        assert (other.reserve(0).price, shop.reserve(0).price) == (40, 40)


@pytest.mark.parametrize("bring", ["running", "fetching", "reserve"])
def test_only_a_pending_job_can_be_reserved_for(shop, bring):
    getattr(shop, bring)(0)
    before = shop.dump()
    with pytest.raises((IllegalTransitionError, IntegrityError)):
        shop.reserve(0)
    assert shop.dump() == before


def test_the_trouble_of_an_earlier_try_is_gone_when_a_job_is_reserved_for(shop):
    shop.do(attempts.note_trouble, shop.job(0).pk, "slow", ErrorClass.SERVICE, overdue=True)
    shop.reserve(0)
    assert standing(shop)[1:4] == (None, None, 0)


# what a POST comes to


def test_an_accepted_job_runs_under_its_task_id_and_keeps_its_price_reserved(shop):
    shop.do(attempts.accept, shop.reserve(0).attempt, TaskId("t0"))
    assert standing(shop) == (RUNNING, None, None, 0, [("running", 40, "t0", None)], (0, 40, 0))


@pytest.mark.parametrize("outcome", [AttemptOutcome.NOT_SENT, AttemptOutcome.REFUSED])
def test_what_was_surely_not_accepted_gives_its_credits_back(shop, outcome):
    shop.do(attempts.give_back, shop.reserve(0).attempt, outcome, "no route", NOW)
    assert standing(shop) == (PENDING, None, None, 0, [(outcome, 0, None, None)], (0, 0, 0))


def test_what_was_refused_for_good_costs_nothing_and_failed(shop):
    shop.do(attempts.reject, shop.reserve(0).attempt, "too long", ErrorClass.VALIDATION, NOW)
    assert standing(shop) == (FAILED, "too long", "validation", 0, [("refused", 0, None, None)], (0, 0, 0))


def test_what_nobody_can_say_keeps_its_credits_reserved_and_is_shown_as_unknown(shop):
    shop.do(attempts.lose_sight, shop.reserve(0).attempt, "cut off", TaskId("maybe"))
    assert standing(shop) == (
        UNKNOWN,
        "cut off",
        "unknown",
        0,
        [("unknown", 40, None, "maybe")],
        (0, 40, 40),
    )


def test_an_unknown_submission_whose_task_is_found_runs(shop):
    attempt = shop.reserve(0).attempt
    shop.do(attempts.lose_sight, attempt, "cut off", TaskId("maybe"))
    shop.do(attempts.accept, attempt, TaskId("maybe"))
    assert standing(shop) == (RUNNING, None, None, 0, [("running", 40, "maybe", None)], (0, 40, 0))


def test_a_task_of_another_attempt_is_refused_and_nothing_changes(shop):
    shop.running(0)
    second = shop.reserve(1).attempt
    before = shop.dump()
    with pytest.raises(DuplicateTaskError, match="task t0, which belongs to an earlier submission"):
        shop.do(attempts.accept, second, TaskId("t0"))
    assert shop.dump() == before


@pytest.mark.parametrize(
    ("change", "more"),
    [
        (attempts.give_back, (AttemptOutcome.NOT_SENT, "late", NOW)),
        (attempts.reject, ("late", ErrorClass.VALIDATION, NOW)),
        (attempts.lose_sight, ("late", None)),
        (attempts.accept, (TaskId("t9"),)),
    ],
)
def test_an_accepted_job_never_shows_as_unsent_refused_or_unknown(shop, change, more):
    attempt = shop.running(0)
    before = shop.dump()
    with pytest.raises((IllegalTransitionError, IntegrityError)):
        shop.do(change, attempt, *more)
    assert shop.dump() == before


# recover


def test_what_a_dead_process_was_submitting_is_unknown_afterwards(shop):
    shop.reserve(0)
    shop.running(1)
    assert shop.do(attempts.recover, shop.pk) == 1
    why = "the process ended while the submission was under way"
    assert standing(shop) == (UNKNOWN, why, "unknown", 0, [("unknown", 40, None, None)], (0, 80, 40))
    assert shop.states() == [UNKNOWN, RUNNING, PENDING]


def test_to_recover_again_changes_nothing(shop):
    shop.reserve(0)
    shop.do(attempts.recover, shop.pk)
    before = shop.dump()
    assert (shop.do(attempts.recover, shop.pk), shop.dump()) == (0, before)


def test_to_recover_leaves_other_batches_alone(shop):
    with shop_at(shop.path, job_of(0), name="autumn") as other:
        other.reserve(0)
        assert shop.do(attempts.recover, shop.pk) == 0
        assert (other.states(), other.books()) == ([PENDING] * 3 + [SUBMITTING], (0, 40, 0))


# what a task comes to


@pytest.mark.parametrize(
    ("charged", "booked", "highest"), [(None, 40, 0), (0, 40, 0), (10, 10, 10), (40, 40, 40), (55, 55, 55)]
)
def test_a_finished_task_is_spent_at_what_was_reported_or_at_its_price(shop, charged, booked, highest):
    attempt = shop.running(0)
    assert shop.do(attempts.complete, attempt, charged, ["https://a", "https://b"], NOW) == booked
    assert standing(shop) == (FETCHING, None, None, 0, [("completed", booked, "t0", None)], (booked, 0, 0))
    assert shop.batch().highest_charge == highest
    assert urls_of(shop, attempt) == [(1, "https://a", "wanted"), (2, "https://b", "wanted")]


@pytest.mark.parametrize(("charged", "booked"), [(None, 40), (0, 0), (10, 10), (90, 90)])
def test_a_failed_task_is_spent_unless_nothing_was_reported_as_charged(shop, charged, booked):
    attempt = shop.running(0)
    assert shop.do(attempts.fail, attempt, charged, "no luck", ErrorClass.SERVICE, NOW) == booked
    assert standing(shop) == (
        FAILED,
        "no luck",
        "service",
        0,
        [("failed", booked, "t0", None)],
        (booked, 0, 0),
    )


def test_a_failed_task_that_was_overcharged_raises_the_price_too(shop):
    shop.do(attempts.fail, shop.running(0), 90, "no luck", ErrorClass.SERVICE, NOW)
    assert shop.reserve(1).price == 90


def test_an_overcharge_may_put_the_books_above_the_budget_and_then_nothing_new_is_reserved(shop):
    shop.budget(80)
    shop.do(attempts.complete, shop.running(0), 200, ["u"], NOW)
    assert (shop.reserve(1), shop.books(), shop.batch().left) == (None, (200, 0, 0), -120)


def test_a_finished_task_is_booked_once(shop):
    attempt = shop.running(0)
    shop.do(attempts.complete, attempt, 40, ["u"], NOW)
    before = shop.dump()
    for again in ((attempts.complete, 40, ["u"], NOW), (attempts.fail, 0, "no", ErrorClass.SERVICE, NOW)):
        with pytest.raises(IllegalTransitionError):
            shop.do(again[0], attempt, *again[1:])
    assert shop.dump() == before


def test_when_a_task_ended_is_kept(shop):
    shop.do(attempts.complete, shop.running(0), None, ["u"], LATER)
    assert shop.rows("SELECT submitted_at, settled_at FROM attempt") == [(NOW, LATER)]


def test_fresh_urls_replace_the_old_ones_and_add_what_is_new(shop):
    attempt = shop.fetching(0, "https://old/1", "https://old/2")
    shop.do(raw("UPDATE file SET state = 'placed', path = 'a', bytes = 1, sha256 = 'x' WHERE position = 1"))
    shop.do(attempts.renew_urls, attempt, ["https://new/1", "https://new/2", "https://new/3"])
    assert urls_of(shop, attempt) == [
        (1, "https://new/1", "placed"),
        (2, "https://new/2", "wanted"),
        (3, "https://new/3", "wanted"),
    ]


def test_fewer_fresh_urls_forget_no_file(shop):
    attempt = shop.fetching(0, "https://old/1", "https://old/2")
    shop.do(attempts.renew_urls, attempt, ["https://new/1"])
    assert urls_of(shop, attempt) == [(1, "https://new/1", "wanted"), (2, "https://old/2", "wanted")]


def test_trouble_is_shown_without_moving_the_job(shop):
    shop.running(0)
    shop.do(attempts.note_trouble, shop.job(0).pk, "not known", ErrorClass.LOST, overdue=True)
    late = standing(shop)[:4]
    shop.do(attempts.note_trouble, shop.job(0).pk, None, None)
    assert (late, standing(shop)[:4]) == (
        (RUNNING, "not known", "lost", 1),
        (RUNNING, None, None, 0),
    )


def test_the_end_of_a_task_clears_its_trouble(shop):
    attempt = shop.running(0)
    shop.do(attempts.note_trouble, shop.job(0).pk, "not known", ErrorClass.LOST, overdue=True)
    shop.do(attempts.complete, attempt, None, ["u"], NOW)
    assert standing(shop)[:4] == (FETCHING, None, None, 0)


def test_the_origin_of_a_batch_is_pinned(shop):
    shop.do(attempts.pin_origin, shop.pk, "https://api.example")
    assert shop.batch().api_origin == "https://api.example"
