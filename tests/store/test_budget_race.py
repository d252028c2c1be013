"""Processes that spend from one budget at once: the database decides, and never lets one credit too much out."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from store_support import NOW, job_of, shop_at, terms_of

from runner.core.money import Credits
from runner.store import batches, enrolment

WORKER = Path(__file__).with_name("race_worker.py")
WORKERS = 4
JOBS = 40
BUDGET = 1019
"""Room for 25 reservations of 40 credits, and a rest that one too many would use."""


@pytest.fixture
def racers(state):
    """Four processes that wait for the start of a round."""
    with shop_at(state):
        pass
    with contextlib.ExitStack() as stack:
        processes = []
        for number in range(WORKERS):
            process = subprocess.Popen(
                [sys.executable, WORKER, str(state), str(number), str(WORKERS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            processes.append(process)
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * WORKERS
        yield processes


def fresh_batch(shop, name):
    """A batch of its own for a round; its key, and that of its first job."""
    batch = shop.do(batches.open_batch, terms_of(name), NOW)
    shop.do(batches.set_budget, batch.pk, Credits(BUDGET), None)
    shop.do(enrolment.enrol, batch.pk, [job_of(rank) for rank in range(JOBS)], 1)
    return batch.pk, shop.rows("SELECT min(id) FROM job WHERE batch = ?", batch.pk)[0][0]


def round_of(racers, batch_pk, first_job):
    for racer in racers:
        racer.stdin.write(f"{batch_pk} {first_job} {JOBS}\n")
        racer.stdin.flush()
    return sum(int(racer.stdout.readline()) for racer in racers)


@pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=pytest.mark.faults)])
def test_four_processes_on_one_budget_never_overspend_and_use_all_that_fits(state, racers, rounds):
    with shop_at(state) as shop:
        for number in range(rounds):
            batch_pk, first_job = fresh_batch(shop, f"round-{number}")
            given = round_of(racers, batch_pk, first_job)
            held = shop.rows("SELECT reserved, spent FROM batch WHERE id = ?", batch_pk)
            in_rows = shop.rows("SELECT count(*), sum(credits) FROM attempt WHERE batch = ?", batch_pk)
            assert (given, held, in_rows) == (25, [(1000, 0)], [(25, 1000)])
