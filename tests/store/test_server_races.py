"""Coordinators that want one batch at once, and connections that are cut at any moment: nothing is paid twice."""

import contextlib
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from store_support import held_shop, job_of, rows_in, shop_at

from runner.core.errors import StateError
from runner.core.outcomes import TaskId
from runner.store import attempts

pytestmark = pytest.mark.postgres

RACER = Path(__file__).with_name("batch_racer.py")
RACERS = 4
ROUNDS = 12
JOBS = 20
CUTS = {
    "the lock": "application_name LIKE 'runner lock %'",
    "the writer": "application_name = 'runner'",
    "both": "application_name LIKE 'runner%'",
}


def racer(state, stack):
    process = subprocess.Popen(
        [sys.executable, RACER, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process, text):
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def test_of_four_coordinators_one_has_the_batch_and_a_killed_one_is_followed_at_once(cluster):
    state, won, busy = cluster.state(), [], []
    with contextlib.ExitStack() as stack:
        stack.enter_context(shop_at(state, *map(job_of, range(ROUNDS))))
        racers = [racer(state, stack) for _ in range(RACERS)]
        for number in range(ROUNDS):
            for each in racers:
                tell(each, "spring")
            answers = [each.stdout.readline().split() for each in racers]
            (winner,) = [at for at, (word, _) in enumerate(answers) if word == "held"]
            won.append(int(answers[winner][1]))
            busy += [code for word, code in answers if word == "busy"]
            if number % 4 == 3:
                racers[winner].kill()
                racers[winner] = racer(state, stack)
            else:
                tell(racers[winner], "go on")
                assert racers[winner].stdout.readline() == "let go\n"
        with held_shop(state) as last:
            last.do(attempts.recover, last.pk)
        outcomes = rows_in(state, "SELECT outcome, count(*) FROM attempt GROUP BY outcome ORDER BY outcome")
    assert (won, busy) == (list(range(1, ROUNDS + 1)), ["75"] * (RACERS - 1) * ROUNDS)
    assert outcomes == [("running", 9), ("unknown", 3)]


class Coordinator(threading.Thread):
    """Submits job after job, as a run does: a POST follows its reservation's commit, and its outcome is recorded."""

    def __init__(self, shop, sign):
        super().__init__()
        self.shop, self.sign = shop, sign
        self.posts, self.has_begun, self.refused = [], threading.Event(), None

    def run(self):
        pending = "SELECT id FROM job WHERE batch = ? AND state = 'pending' ORDER BY id"
        try:
            for (pk,) in self.shop.rows(pending, self.shop.pk):
                held = self.shop.do(attempts.reserve, self.shop.pk, pk, self.sign)
                self.posts.append(pk)
                self.has_begun.set()
                self.shop.do(attempts.accept, held.attempt, TaskId(f"t{pk}"))
        except StateError as error:
            self.refused = error
        finally:
            self.has_begun.set()


def round_of(cut, state, name, rng):
    """One coordinator is cut off while it submits, and another takes over. What was cut, and both.

    Asserts that nothing was reserved by the first once the second had the batch.
    """
    what = rng.choice(list(CUTS))
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(held_shop(state, *map(job_of, range(JOBS)), budget=None, name=name))
        first = Coordinator(shop, "first")
        first.start()
        first.has_begun.wait(30)
        threading.Event().wait(rng.random() * 0.02)  # somewhere on its way
        cut(CUTS[what])
        if what == "the writer":  # who cannot write any more ends, and its lock with it
            first.join(30)
            stack.close()
        with held_shop(state, budget=None, name=name) as successor:
            newest = successor.rows("SELECT max(id) FROM attempt")[0][0]
            successor.do(attempts.recover, successor.pk)
            second = Coordinator(successor, "second")
            second.run()
            first.join(30)
            late = successor.rows("SELECT id FROM attempt WHERE id > ? AND submitted_at = 'first'", newest)
            assert (late, second.refused, successor.books()[:2]) == ([], None, (0, 40 * JOBS)), (name, what)
    return what, first, second


@pytest.mark.parametrize("rounds", [50, pytest.param(500, marks=pytest.mark.faults)])
def test_whenever_a_connection_is_cut_nothing_is_paid_twice_and_the_cut_off_reserve_nothing_more(
    cluster, rounds
):
    state, ends = cluster.state(), Counter()
    with cluster.cutting() as cut:
        for number in range(rounds):
            what, first, second = round_of(cut, state, f"round-{number}", Random(number))
            paid = Counter([*first.posts, *second.posts])
            assert (set(paid.values()), len(paid)) == ({1}, JOBS), (number, what, paid)
            ends[what, type(first.refused).__name__] += 1
    books = rows_in(state, "SELECT outcome, count(*) FROM attempt GROUP BY outcome ORDER BY outcome")
    assert sum(count for _, count in books) == rounds * JOBS
    assert {what for what, end in ends if end != "NoneType"} == set(CUTS), ends
    assert ends["the lock", "FencedError"], ends
