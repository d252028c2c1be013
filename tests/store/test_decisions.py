import pytest
from store_support import LATER, NOW, job_of, shop_at, terms_of

from runner.core.lifecycle import IllegalTransitionError
from runner.core.model import JobState
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass, TaskId
from runner.core.records import Claim, ClaimedFile
from runner.store import attempts, batches, decisions, enrolment, reads
from runner.store.attempts import DuplicateTaskError

HASH = "ab" * 32


def failed(shop, rank: int, charged: int | None = None) -> int:
    """Bring a pending job to failed at the service as task ``t<rank>``; returns its attempt."""
    attempt = shop.running(rank)
    shop.do(attempts.fail, attempt, charged, "no luck", ErrorClass.SERVICE, NOW)
    return attempt


def unknown(shop, rank: int) -> int:
    attempt = shop.reserve(rank).attempt
    shop.do(attempts.lose_sight, attempt, "cut off", None)
    return attempt


def claim_of(rank: int, *paths: str, task: str | None = None, credits_: int = 40) -> Claim:
    files = tuple(ClaimedFile(path, 7, HASH, "https://cdn/x.mp4") for path in paths)
    return Claim(job_of(rank).job_id, TaskId(task or f"lost{rank}"), Credits(credits_), files)


def refused(shop, change, *args) -> list[str]:
    """What the file holds after a change that must raise, to be compared with what it held before."""
    before = shop.dump()
    with pytest.raises((DuplicateTaskError, IllegalTransitionError)):
        shop.do(change, *args)
    assert shop.dump() == before
    return before


def attempts_of(shop, rank: int):
    return shop.rows(
        "SELECT outcome, credits, task_id, settled_at FROM attempt WHERE job = ? ORDER BY id",
        shop.job(rank).pk,
    )


# retry


def test_a_retried_job_is_pending_and_what_it_cost_stays_spent(shop):
    failed(shop, 0)
    shop.do(decisions.retry, shop.job(0).pk)
    assert (shop.states()[0], shop.books()) == (JobState.PENDING, (40, 0, 0))


@pytest.mark.parametrize(
    "bring", [lambda shop: None, lambda shop: shop.running(0), lambda shop: unknown(shop, 0)]
)
def test_only_a_failed_job_can_be_retried(shop, bring):
    bring(shop)
    refused(shop, decisions.retry, shop.job(0).pk)


def test_several_decisions_are_made_together_or_not_at_all(shop):
    failed(shop, 0)
    refused(shop, decisions.for_each, [shop.job(0).pk, shop.job(1).pk], decisions.retry)


def test_several_jobs_are_retried_together(shop):
    for rank in (0, 2):
        failed(shop, rank)
    shop.do(decisions.for_each, [shop.job(0).pk, shop.job(2).pk], decisions.retry)
    assert (shop.states(), shop.books()) == ([JobState.PENDING] * 3, (80, 0, 0))


# reopen and recovered


def test_a_reopened_task_runs_and_holds_its_price_again_though_it_was_refunded(shop):
    attempt = failed(shop, 0, charged=0)
    assert shop.books() == (0, 0, 0)
    shop.do(decisions.reopen, attempt)
    job = shop.job(0)
    assert (job.state, job.task_id, job.error_class, shop.books()) == (
        JobState.RUNNING,
        "t0",
        None,
        (0, 40, 0),
    )


def test_a_reopened_task_holds_what_was_booked_where_that_was_more(shop):
    attempt = failed(shop, 0, charged=70)
    shop.do(decisions.reopen, attempt)
    assert shop.books() == (0, 70, 0)


def test_a_reopened_task_holds_the_highest_charge_seen(shop):
    shop.do(attempts.complete, shop.running(1), Credits(55), (), NOW)
    attempt = failed(shop, 0, charged=0)
    shop.do(decisions.reopen, attempt)
    assert shop.books() == (55, 55, 0)


def test_an_earlier_task_that_is_reopened_is_the_one_that_is_followed(shop):
    attempt = failed(shop, 0)
    shop.do(decisions.retry, shop.job(0).pk)
    later = shop.reserve(0).attempt
    shop.do(attempts.reject, later, "refused", ErrorClass.MODERATION, NOW)
    assert (shop.job(0).attempt, shop.job(0).task_id) == (later, None)
    shop.do(decisions.reopen, attempt)
    assert (shop.job(0).attempt, shop.job(0).task_id) == (attempt, "t0")


def test_a_job_that_has_not_failed_cannot_be_reopened(shop):
    refused(shop, decisions.reopen, shop.running(0))


@pytest.mark.parametrize(
    ("failed_charge", "now_charged", "booked"),
    [(0, None, 40), (None, None, 40), (0, 25, 25), (None, 25, 25), (70, None, 70), (0, 90, 90), (0, 0, 40)],
)
def test_a_recovered_task_is_booked_as_reported_and_at_its_price_where_nothing_is(
    shop, failed_charge, now_charged, booked
):
    attempt = failed(shop, 0, charged=failed_charge)
    assert shop.do(decisions.recovered, attempt, now_charged, ("https://cdn/1.mp4",), LATER) == booked
    assert (shop.states()[0], shop.books()) == (JobState.FETCHING, (booked, 0, 0))


def test_a_recovered_task_has_its_files_to_fetch(shop):
    attempt = failed(shop, 0)
    shop.do(decisions.recovered, attempt, None, ("https://cdn/1.mp4", "https://cdn/2.mp4"), LATER)
    files = shop.do(reads.files_of, attempt)
    assert [(one.position, one.state, one.url) for one in files] == [
        (1, "wanted", "https://cdn/1.mp4"),
        (2, "wanted", "https://cdn/2.mp4"),
    ]


def test_a_recovered_charge_above_the_price_raises_what_later_reservations_hold(shop):
    attempt = failed(shop, 0, charged=0)
    shop.do(decisions.recovered, attempt, Credits(90), (), LATER)
    assert shop.reserve(1).price == 90


def test_an_earlier_task_that_is_recovered_is_the_one_whose_files_are_fetched(shop):
    attempt = failed(shop, 0)
    shop.do(decisions.retry, shop.job(0).pk)
    shop.do(attempts.reject, shop.reserve(0).attempt, "refused", ErrorClass.MODERATION, NOW)
    shop.do(decisions.recovered, attempt, None, ("https://cdn/1.mp4",), LATER)
    assert (shop.job(0).attempt, shop.job(0).task_id) == (attempt, "t0")


# resolve


def test_an_accepted_loss_is_spent_and_its_job_failed_as_lost(shop):
    unknown(shop, 0)
    shop.do(decisions.write_off, shop.job(0).pk, LATER)
    job = shop.job(0)
    assert (job.state, job.error_class, shop.books()) == (JobState.FAILED, ErrorClass.LOST, (40, 0, 0))
    assert attempts_of(shop, 0) == [("lost", 40, None, LATER)]


def test_a_released_submission_counts_beside_the_next_one(shop):
    unknown(shop, 0)
    shop.do(decisions.release, shop.job(0).pk, LATER, "a person")
    assert (shop.states()[0], shop.books()) == (JobState.PENDING, (40, 0, 0))
    shop.reserve(0)
    assert shop.books() == (40, 40, 0)


def test_a_released_submission_gets_no_second_one_beyond_the_budget(shop):
    shop.budget(79)
    unknown(shop, 0)
    shop.do(decisions.release, shop.job(0).pk, LATER, "a person")
    assert shop.reserve(0) is None


@pytest.mark.parametrize("change", [decisions.write_off, lambda *args: decisions.release(*args, "a person")])
def test_what_is_not_unknown_is_neither_written_off_nor_released(shop, change):
    shop.running(0)
    refused(shop, change, shop.job(0).pk, LATER)


def test_an_unknown_submission_that_gets_its_task_runs_and_is_trusted(shop):
    unknown(shop, 0)
    shop.do(decisions.attach, [(shop.job(0).pk, TaskId("found"))])
    job = shop.job(0)
    assert (job.state, job.task_id, job.trusted, shop.books()) == (
        JobState.RUNNING,
        "found",
        True,
        (0, 40, 0),
    )


def test_a_running_job_whose_task_is_confirmed_is_trusted_and_no_longer_overdue(shop):
    shop.running(0)
    shop.do(attempts.note_trouble, shop.job(0).pk, "another prompt", ErrorClass.SERVICE, overdue=True)
    shop.do(decisions.attach, [(shop.job(0).pk, TaskId("t0"))])
    job = shop.job(0)
    assert (job.state, job.trusted, job.error_class) == (JobState.RUNNING, True, None)
    assert shop.do(reads.counts, shop.pk).overdue == 0


def test_a_task_of_another_job_is_not_attached_and_neither_is_any_other_of_that_call(shop):
    shop.running(2)
    unknown(shop, 0)
    unknown(shop, 1)
    pairs = [(shop.job(0).pk, TaskId("found")), (shop.job(1).pk, TaskId("t2"))]
    refused(shop, decisions.attach, pairs)


def test_one_task_is_not_attached_to_two_jobs(shop):
    unknown(shop, 0)
    unknown(shop, 1)
    refused(shop, decisions.attach, [(shop.job(rank).pk, TaskId("found")) for rank in (0, 1)])


def test_a_task_of_another_batch_is_not_attached(shop, state):
    with shop_at(state, job_of(7), name="autumn") as other:
        other.running(7)
    unknown(shop, 0)
    refused(shop, decisions.attach, [(shop.job(0).pk, TaskId("t7"))])


# adopt


def test_an_adopted_job_is_done_with_its_files_and_counts_as_spent(shop):
    shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a-1.mp4", "a-2.mp4"), LATER)
    files = shop.do(reads.files_of, shop.job(0).attempt)
    assert (shop.states()[0], shop.books(), shop.job(0).task_id) == (JobState.DONE, (40, 0, 0), "lost0")
    assert [(one.position, one.state, one.path, one.bytes, one.sha256) for one in files] == [
        (1, "placed", "a-1.mp4", 7, HASH),
        (2, "placed", "a-2.mp4", 7, HASH),
    ]
    assert attempts_of(shop, 0) == [("completed", 40, "lost0", LATER)]


def test_an_adopted_overcharge_raises_what_later_reservations_hold(shop):
    shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a.mp4", credits_=80), LATER)
    assert (shop.books(), shop.reserve(1).price) == ((80, 0, 0), 80)


def test_a_job_that_failed_meanwhile_is_adopted_too(shop):
    failed(shop, 0)
    shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a.mp4"), LATER)
    assert (shop.states()[0], shop.books(), shop.job(0).task_id) == (JobState.DONE, (80, 0, 0), "lost0")


@pytest.mark.parametrize("bring", [lambda shop: shop.running(0), lambda shop: unknown(shop, 0)])
def test_a_job_that_may_be_paid_for_already_is_not_adopted(shop, bring):
    bring(shop)
    with pytest.raises(Exception, match=r"cannot be adopted|UNIQUE|attempt_live"):
        shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a.mp4"), LATER)


def test_a_task_is_adopted_once(shop):
    shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a.mp4", task="one"), LATER)
    refused(shop, decisions.adopt, shop.job(1).pk, claim_of(1, "b.mp4", task="one"), LATER)


def test_a_missed_job_is_failed_remembers_its_task_and_counts_as_spent(shop):
    shop.do(decisions.miss, shop.job(0).pk, claim_of(0, "a.mp4"), LATER)
    job = shop.job(0)
    assert (job.state, job.error_class, shop.books()) == (JobState.FAILED, ErrorClass.DOWNLOAD, (40, 0, 0))
    [task] = shop.do(reads.failed_tasks, [job.pk])[job.pk]
    assert task.task_id == "lost0"


@pytest.mark.parametrize("retried", [False, True])
def test_a_missed_job_whose_file_comes_back_is_adopted_without_a_second_charge(shop, retried):
    shop.do(decisions.miss, shop.job(0).pk, claim_of(0, "a.mp4"), LATER)
    if retried:
        shop.do(decisions.retry, shop.job(0).pk)
    shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a.mp4"), LATER)
    assert (shop.states()[0], shop.books()) == (JobState.DONE, (40, 0, 0))


# what they ask


def test_the_failed_tasks_of_a_job_come_newest_first_and_only_those(shop):
    first = failed(shop, 0)
    shop.do(decisions.retry, shop.job(0).pk)
    second = shop.reserve(0).attempt
    shop.do(attempts.accept, second, TaskId("again"))
    shop.do(attempts.fail, second, None, "no luck", ErrorClass.SERVICE, NOW)
    shop.do(attempts.reject, shop.reserve(1).attempt, "refused", ErrorClass.VALIDATION, NOW)
    pks = [shop.job(rank).pk for rank in (0, 1, 2)]
    found = shop.do(reads.failed_tasks, pks)
    assert {pk: [one.attempt for one in tasks] for pk, tasks in found.items()} == {pks[0]: [second, first]}


def test_ids_are_found_by_their_beginning_within_the_batch(shop, state):
    with shop_at(state, job_of(0x10), name="autumn"):
        pass
    beginning = job_of(0).job_id[:23]
    assert shop.do(reads.job_ids_beginning, shop.pk, beginning, 2) == [job_of(0).job_id, job_of(1).job_id]
    assert shop.do(reads.job_ids_beginning, shop.pk, job_of(2).job_id, 2) == [job_of(2).job_id]
    assert shop.do(reads.job_ids_beginning, shop.pk, "f", 2) == []


@pytest.mark.sqlite
def test_a_beginning_and_a_task_are_looked_up_in_an_index(shop):
    """Without it a thousand `--job`, or an adoption of a million files, would read the whole table each time."""
    statements = []
    engine = shop.writer._engine

    from sqlalchemy import event

    event.listen(
        engine, "before_cursor_execute", lambda _c, _k, sql, given, *_: statements.append((sql, given))
    )
    shop.do(reads.job_ids_beginning, shop.pk, "00", 2)
    shop.do(decisions.adopt, shop.job(0).pk, claim_of(0, "a.mp4"), LATER)
    asked = [one for one in statements if one[0].startswith("SELECT job.job_id")]
    plans = [
        " ".join(row[3] for row in shop.rows("EXPLAIN QUERY PLAN " + sql, *given)) for sql, given in asked
    ]
    assert [("SCAN job" in plan or "SCAN attempt" in plan) for plan in plans] == [False, False]


def test_a_retried_job_that_was_enrolled_anew_keeps_its_books(shop):
    failed(shop, 0)
    shop.do(decisions.retry, shop.job(0).pk)
    shop.do(batches.open_batch, terms_of(), LATER)
    shop.do(enrolment.enrol, shop.pk, [job_of(0)], 9)
    assert (shop.states()[0], shop.books()) == (JobState.PENDING, (40, 0, 0))
