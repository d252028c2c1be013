"""A process that is cut off from the server while another takes its batch over: it reserves nothing more."""

import contextlib
import queue
import threading

import pytest
from store_support import NOW, held_shop, job_of

from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass, TaskId
from runner.store import attempts, decisions
from runner.store.holds import FencedError

pytestmark = pytest.mark.postgres

PENDING, SUBMITTING, RUNNING, UNKNOWN = (
    JobState.PENDING,
    JobState.SUBMITTING,
    JobState.RUNNING,
    JobState.UNKNOWN,
)


@pytest.fixture
def state(cluster):
    return cluster.state()


def cut_lock(cluster):
    """End the session that holds the batch, and no other."""
    assert cluster.cut("application_name LIKE 'runner lock %'") == 1


@pytest.fixture
def fenced(cluster, state):
    """A process that lost its lock while it was submitting the first job, and its successor."""
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(held_shop(state, *map(job_of, range(3))))
        attempt = shop.reserve(0).attempt
        cut_lock(cluster)
        yield shop, stack.enter_context(held_shop(state)), attempt


def test_a_process_that_lost_its_lock_goes_on_while_nobody_has_taken_the_batch(cluster, state):
    with held_shop(state, *map(job_of, range(3))) as shop:
        cut_lock(cluster)
        assert (shop.reserve(0) is not None, shop.states()) == (True, [SUBMITTING, PENDING, PENDING])


def test_after_a_take_over_the_earlier_process_reserves_nothing_and_nothing_is_changed(fenced):
    shop, _, _ = fenced
    before = shop.dump()
    with pytest.raises(FencedError, match=r"process \d+ on .* has taken over batch 'spring'"):
        shop.reserve(1)
    assert shop.dump() == before


@pytest.mark.parametrize(
    ("change", "more"),
    [
        (attempts.give_back, (AttemptOutcome.NOT_SENT, "no route", NOW)),
        (attempts.reject, ("no", ErrorClass.VALIDATION, NOW)),
        (attempts.lose_sight, ("cut off", None)),
        (attempts.complete, (None, ["https://cdn/1.mp4"], NOW)),
        (attempts.fail, (None, "no", ErrorClass.SERVICE, NOW)),
    ],
)
def test_after_a_take_over_the_earlier_process_moves_no_job(fenced, change, more):
    shop, successor, attempt = fenced
    successor.do(attempts.recover, shop.pk)
    before = shop.dump()
    with pytest.raises(FencedError):
        shop.do(change, attempt, *more)
    assert shop.dump() == before


@pytest.mark.parametrize("is_recovered", [False, True])
def test_that_a_post_was_accepted_is_kept_all_the_same(fenced, is_recovered):
    shop, successor, attempt = fenced
    if is_recovered:
        successor.do(attempts.recover, shop.pk)
    shop.do(attempts.accept, attempt, TaskId("t0"))
    assert (shop.states(), successor.books()) == ([RUNNING, PENDING, PENDING], (0, 40, 0))


def test_a_late_acceptance_does_not_touch_the_submission_that_a_person_allowed_meanwhile(fenced):
    shop, successor, attempt = fenced
    successor.do(attempts.recover, shop.pk)
    successor.do(decisions.release, shop.job(0).pk, NOW, "a person")
    successor.reserve(0)
    before = shop.dump()
    with pytest.raises(Exception, match="attempt_live"):
        shop.do(attempts.accept, attempt, TaskId("t0"))
    assert shop.dump() == before


def test_what_was_reserved_before_a_take_over_is_found_by_it(fenced):
    _, successor, _ = fenced
    assert (successor.do(attempts.recover, successor.pk), successor.states()) == (
        1,
        [UNKNOWN, PENDING, PENDING],
    )


def test_other_batches_go_on(cluster, state):
    with held_shop(state, job_of(0)), held_shop(state, job_of(0), name="autumn") as other:
        cluster.cut("application_name = 'runner lock spring'")
        with held_shop(state):
            assert other.reserve(0) is not None


def test_a_take_over_waits_for_a_reservation_that_is_being_committed(cluster, state):
    """It is found by the successor then, and none comes after it."""
    with held_shop(state, *map(job_of, range(3))) as shop:
        taken, entered, go_on = queue.SimpleQueue(), threading.Event(), threading.Event()

        def take_over():
            entered.wait(10)
            with held_shop(state) as successor:
                taken.put((successor.do(attempts.recover, successor.pk), successor.states()))

        def reserve_and_wait(connection):
            made = attempts.reserve(connection, shop.pk, 1, NOW)
            entered.set()
            go_on.wait(0.3)  # the successor cannot have been faster
            return made, taken.empty()

        cut_lock(cluster)
        thread = threading.Thread(target=take_over)
        thread.start()
        made, is_first = shop.do(reserve_and_wait)
        thread.join(10)
        assert (made is not None, is_first, taken.get(timeout=10)) == (
            *(True, True),
            (1, [UNKNOWN, PENDING, PENDING]),
        )
