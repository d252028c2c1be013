"""What must not depend on something, compared with itself: the same batch, run under other conditions."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.core.model import Limits

from .mix import PRICE, Mix, make_jobs
from .points import crash
from .world import simulate

EXAMPLES = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MIXES = st.builds(
    lambda draw, number, **given: Mix(seed="metamorphic", jobs=make_jobs(draw, number), **given),
    st.randoms(use_true_random=False),
    st.integers(1, 8),
    limits=st.builds(Limits, in_flight=st.integers(1, 8), requests_per_minute=st.sampled_from([30.0, 600.0])),
    fsync_s=st.sampled_from([None, 0.02, 0.5]),
    rates=st.sampled_from([{}, {"two files": 1.0}]),
)


def names(world):
    """Where the videos are; their bytes are those of the task that was accepted, whichever it was."""
    return {path for path in world.disk.files(durable=True) if not path.startswith(".partial/")}


def done(mix, file):
    """The jobs that one process makes of a batch, and what was paid for them."""
    world = simulate(mix, file, crashes=(), once_more=False)
    state = world.checker.state
    return {job.job_id for job in state.jobs.values() if job.state == "done"}, state.batch.spent, world


@EXAMPLES
@given(mix=MIXES)
def test_one_at_a_time_and_eight_at_once_make_the_same_tree_for_the_same_price(mix, state_file):
    one, eight = (
        done(replace(mix, limits=replace(mix.limits, in_flight=number)), state_file) for number in (1, 8)
    )
    assert one[:2] == eight[:2] == ({job.job_id for job in mix.jobs}, PRICE * len(mix.jobs))
    assert names(one[2]) == names(eight[2])


@EXAMPLES
@given(mix=MIXES, order=st.randoms(use_true_random=False))
def test_the_order_of_the_manifest_does_not_show_in_the_tree(mix, order, state_file):
    jobs = list(mix.jobs)
    order.shuffle(jobs)
    shuffled = tuple(replace(job, rank=rank) for rank, job in enumerate(jobs))
    assert names(done(mix, state_file)[2]) == names(done(replace(mix, jobs=shuffled), state_file)[2])


@EXAMPLES
@given(mix=MIXES, budget=st.integers(0, 10 * PRICE), more=st.integers(0, 3 * PRICE))
def test_a_larger_budget_makes_all_that_a_smaller_one_makes(mix, budget, more, state_file):
    little, spent, _ = done(replace(mix, budget=budget), state_file)
    much, spent_more, _ = done(replace(mix, budget=budget + more), state_file)
    assert little <= much
    assert (len(little), len(much)) == (spent // PRICE, spent_more // PRICE)
    assert len(little) == min(len(mix.jobs), budget // PRICE)


@EXAMPLES
@given(mix=MIXES, points=st.lists(st.integers(1, 60), min_size=1, max_size=3), power=st.booleans())
def test_crashes_do_not_show_in_the_tree(mix, points, power, state_file):
    mix = replace(mix, rates={})  # two files are a fault as well, and off when it converges
    crashes = [crash(point, power=power) for point in points]
    crashed = simulate(replace(mix, lives=len(points)), state_file, crashes, once_more=False)
    assert names(crashed) == names(done(mix, state_file)[2])


@pytest.mark.parametrize("in_flight", [1, 8])
def test_two_runs_that_differ_in_nothing_are_the_same(in_flight, state_file):
    mix = Mix(seed="twice", jobs=(), limits=Limits(in_flight=in_flight))
    mix = replace(mix, jobs=make_jobs(mix.random("jobs"), 5))
    assert done(mix, state_file)[2].text() == done(mix, state_file)[2].text()
