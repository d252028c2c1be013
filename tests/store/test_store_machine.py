"""Any order of the store's changes, legal or not, with restarts in between: the books hold, and so does the table."""

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import IntegrityError
from store_support import LATER, NOW, job_of, shop_at

from runner.core.lifecycle import TRANSITIONS, Event, IllegalTransitionError
from runner.core.model import AttemptOutcome, JobState
from runner.core.outcomes import ErrorClass, TaskId
from runner.store import attempts, decisions, outputs, reads
from runner.store.attempts import DuplicateTaskError

JOBS = 3
REFUSALS = (IllegalTransitionError, IntegrityError)
TASKS = st.sampled_from(["t0", "t1", "t2", "t3"]).map(TaskId)
CHARGES = st.sampled_from([None, 0, 10, 40, 90])


class Store(RuleBasedStateMachine):
    new_state = None
    """Where the next state may be made; a class below says so."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.path = self.new_state()
        self.jobs = [job_of(rank) for rank in range(JOBS)]
        self.opening = ExitStack()
        self.shop = self.opening.enter_context(shop_at(self.path, *self.jobs, budget=130))
        self.budget = 130
        self.known = set()

    def teardown(self):
        self.opening.close()
        self.stack.close()

    def change(self, rank, events, change, *args):
        """Make a change that goes with one of ``events``, or see it refused with nothing changed.

        How far it moved what is spent and held, ``None`` where it was refused.
        """
        before, states, held = self.shop.dump(), self.shop.states(), self.held()
        allowed = {TRANSITIONS.get((states[rank], event)) for event in events} - {None}
        try:
            self.shop.do(change, *args)
        except DuplicateTaskError:
            assert self.shop.dump() == before
            return None
        except REFUSALS:
            assert (self.shop.dump(), allowed) == (before, set())
            return None
        after = self.shop.states()
        assert after[rank] in allowed
        others = [at for at in range(JOBS) if at != rank]
        assert [after[at] for at in others] == [states[at] for at in others]
        return self.held() - held

    def held(self):
        spent, reserved, _ = self.shop.books()
        return spent + reserved

    def pick(self, data, *wanted):
        """A job, three times in four one in a state that the change is made for; and its attempt."""
        states = self.shop.states()
        fitting = [rank for rank in range(JOBS) if states[rank] in wanted]
        rank = data.draw(
            st.sampled_from(fitting if fitting and data.draw(st.integers(0, 3)) else range(JOBS))
        )
        return rank, self.shop.job(rank).attempt

    @rule(data=st.data())
    def reserve(self, data):
        rank, _ = self.pick(data, JobState.PENDING)
        room, price = self.budget - self.held(), self.shop.batch().reservation_price
        before = self.shop.dump()
        if room < price:
            assert (self.shop.reserve(rank), self.shop.dump()) == (None, before)
            return
        moved = self.change(rank, [Event.RESERVED], attempts.reserve, self.shop.pk, rank + 1, NOW)
        assert moved in (None, price)
        assert self.held() <= self.budget

    @rule(data=st.data(), task=TASKS)
    def accept(self, data, task):
        rank, attempt = self.pick(data, JobState.SUBMITTING, JobState.UNKNOWN)
        if attempt is not None:
            moved = self.change(rank, [Event.ACCEPTED, Event.FOUND], attempts.accept, attempt, task)
            assert moved in (None, 0)

    @rule(data=st.data(), outcome=st.sampled_from([AttemptOutcome.NOT_SENT, AttemptOutcome.REFUSED]))
    def give_back(self, data, outcome):
        rank, attempt = self.pick(data, JobState.SUBMITTING)
        if attempt is not None:
            price = self.price_of(attempt)
            moved = self.change(rank, [Event.RETURNED], attempts.give_back, attempt, outcome, "no", NOW)
            assert moved in (None, -price)

    @rule(data=st.data())
    def reject(self, data):
        rank, attempt = self.pick(data, JobState.SUBMITTING)
        if attempt is not None:
            price = self.price_of(attempt)
            why = ("no", ErrorClass.VALIDATION, NOW)
            assert self.change(rank, [Event.REJECTED], attempts.reject, attempt, *why) in (None, -price)

    @rule(data=st.data(), candidate=st.none() | TASKS)
    def lose_sight(self, data, candidate):
        rank, attempt = self.pick(data, JobState.SUBMITTING)
        if attempt is not None:
            moved = self.change(rank, [Event.LOST_SIGHT], attempts.lose_sight, attempt, "cut", candidate)
            assert moved in (None, 0)

    @rule(data=st.data(), charge=CHARGES, urls=st.integers(1, 2))
    def complete(self, data, charge, urls):
        rank, attempt = self.pick(data, JobState.RUNNING)
        if attempt is not None:
            price = self.price_of(attempt)
            named = ["https://a", "https://b"][:urls]
            moved = self.change(rank, [Event.COMPLETED], attempts.complete, attempt, charge, named, LATER)
            assert moved in (None, (charge or price) - price)

    @rule(data=st.data(), charge=CHARGES)
    def fail(self, data, charge):
        rank, attempt = self.pick(data, JobState.RUNNING)
        if attempt is not None:
            price = self.price_of(attempt)
            why = ("no", ErrorClass.SERVICE, LATER)
            moved = self.change(rank, [Event.FAILED], attempts.fail, attempt, charge, *why)
            assert moved in (None, (price if charge is None else charge) - price)

    @rule(data=st.data())
    def finish(self, data):
        rank, _ = self.pick(data, JobState.FETCHING)
        assert self.change(rank, [Event.PLACED], outputs.finish, rank + 1, LATER) in (None, 0)

    @rule(data=st.data())
    def retry(self, data):
        rank, _ = self.pick(data, JobState.FAILED)
        assert self.change(rank, [Event.RETRIED], decisions.retry, rank + 1) in (None, 0)

    @rule(data=st.data())
    def write_off(self, data):
        rank, _ = self.pick(data, JobState.UNKNOWN)
        assert self.change(rank, [Event.WRITTEN_OFF], decisions.write_off, rank + 1, LATER) in (None, 0)

    @rule(data=st.data())
    def release(self, data):
        rank, _ = self.pick(data, JobState.UNKNOWN)
        assert self.change(rank, [Event.RELEASED], decisions.release, rank + 1, LATER, "me") in (None, 0)

    @rule(data=st.data(), task=TASKS)
    def attach(self, data, task):
        rank, _ = self.pick(data, JobState.UNKNOWN)
        if self.shop.states()[rank] is JobState.UNKNOWN:
            assert self.change(rank, [Event.FOUND], decisions.attach, [(rank + 1, task)]) in (None, 0)

    @rule(budget=st.sampled_from([0, 40, 130, 400]))
    def set_budget(self, budget):
        self.shop.budget(budget)
        self.budget = budget

    @rule()
    def restart(self):
        """The process dies and another one starts: what was being submitted is unknown, and all else as it was."""
        before, held = self.shop.states(), self.held()
        self.opening.close()
        self.shop = self.opening.enter_context(shop_at(self.path))
        found = self.shop.do(attempts.recover, self.shop.pk)
        after = [JobState.UNKNOWN if state is JobState.SUBMITTING else state for state in before]
        assert (self.shop.states(), found, self.held()) == (after, before.count(JobState.SUBMITTING), held)

    def price_of(self, attempt):
        return self.shop.rows("SELECT credits FROM attempt WHERE id = ?", attempt)[0][0]

    @invariant()
    def the_sums_are_those_of_the_attempts(self):
        assert self.shop.books() == self.shop.do(reads.books, self.shop.pk)

    @invariant()
    def a_job_has_at_most_one_live_attempt_and_exactly_where_its_state_says_so(self):
        live = "outcome IN ('submitting', 'running', 'unknown')"
        rows = self.shop.rows(
            f"SELECT state, (SELECT count(*) || min(outcome) FROM attempt WHERE job = job.id AND {live}) FROM job"
        )
        paid = {JobState.SUBMITTING, JobState.RUNNING, JobState.UNKNOWN}
        assert [found for _, found in rows] == [f"1{state}" if state in paid else None for state, _ in rows]

    @invariant()
    def no_attempt_is_ever_forgotten(self):
        numbers = [number for (number,) in self.shop.rows("SELECT id FROM attempt ORDER BY id")]
        assert (self.known <= set(numbers), len(numbers)) == (True, len(set(numbers)))
        self.known = set(numbers)


@pytest.mark.parametrize("examples", [25, pytest.param(400, marks=pytest.mark.faults)])
def test_the_books_hold_whatever_happens_in_whatever_order(states, examples):
    kind = settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    machine = type("StoreInPlaces", (Store,), {"new_state": staticmethod(states)})
    run_state_machine_as_test(machine, settings=kind)
