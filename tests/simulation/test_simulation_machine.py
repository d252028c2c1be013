"""Store and engine together, whatever is done to them in whatever order: the promises hold, and in the end all is made.

The other machine (tests/store) makes the store's changes one by one. Here they are made by a whole process, which
Hypothesis starts, watches for a while, kills, interrupts and surrounds with people and faults.
"""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runner.core.model import Limits, OnUnknown, Retries

from .clock import VirtualLoop, leave_nothing
from .death import Crash
from .fates import WORDS
from .mix import PRICE, Mix, make_jobs
from .world import World

WEATHER = (
    "silent status", "odd words", "not found", "other echo", "failures", "odd charges", "no output", "two files",
    "growing output", "slow tasks", "expiring urls", "broken downloads", "refused urls", "broken disk",
    "planted files", "doubtful commits", "throttled", "second thoughts", "account stops",
    "large files",
)  # fmt: skip
MIXES = st.builds(
    lambda draw, number, **given: Mix(seed="machine", jobs=make_jobs(draw, number), lives=10**6, **given),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
    limits=st.builds(
        Limits, in_flight=st.sampled_from([1, 2, 8]), requests_per_minute=st.sampled_from([30.0, 600.0])
    ),
    retries=st.builds(
        Retries,
        attempts=st.integers(1, 3),
        regenerate_failed=st.integers(0, 1),
        on_unknown=st.sampled_from([OnUnknown.HOLD, OnUnknown.HOLD, OnUnknown.RESUBMIT]),
    ),
    budget=st.none() | st.integers(0, 5 * PRICE),
    fsync_s=st.sampled_from([None, 0.02, 0.5]),
    task_s=st.sampled_from([2.0, 20.0]),
)
nobody_runs = precondition(lambda self: self.life is None)
somebody_runs = precondition(lambda self: self.life is not None and self.world.process.is_working)


class Batch(RuleBasedStateMachine):
    """One world; ``life`` is the process that runs in it now, if there is one."""

    def __init__(self, file):
        super().__init__()
        self.file, self.loop, self.life, self.world = file, VirtualLoop(), None, None

    @initialize(mix=MIXES)
    def begin(self, mix):
        self.world = World(mix, self.file, crashes=())
        self.world.watch(self.loop)

    def teardown(self):
        """Every fault off: a process that is still there ends, and what it left is brought to its end."""
        try:
            if self.world is not None and not self.world.violations:
                self.do(self.end_life)
                self.world.mix = replace(self.world.mix, lives=len(self.world.processes))
                self.loop.run_until_complete(self.world.finish())
        finally:
            leave_nothing(self.loop)
            self.loop.close()

    async def end_life(self):
        if self.life is not None:
            self.world.process.die("the story ends")
            await self.life
            self.life = None

    def do(self, happen, *args):
        """Let something happen inside the loop, and what follows at once."""

        async def main():
            outcome = happen(*args)
            if asyncio.iscoroutine(outcome):
                await outcome
            await asyncio.sleep(0.0)

        self.loop.run_until_complete(main())
        if self.life is not None and self.life.done():
            self.life.result()
            self.life = None

    # A process

    @nobody_runs
    @rule()
    def start(self):
        self.life = self.loop.create_task(self.world.live(len(self.world.processes) + 1))
        self.do(asyncio.sleep, 0.0)

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 30.0, 400.0]))
    def time_passes(self, seconds):
        self.do(asyncio.sleep, seconds)

    @somebody_runs
    @rule(points=st.integers(1, 60), power=st.booleans(), survives=st.sampled_from([0.0, 0.5, 1.0]))
    def crash_soon(self, points, power, survives):
        process = self.world.process
        process.crash = Crash(at_point=process.points + points, power=power, survives=survives)
        self.do(asyncio.sleep, 20.0)

    @somebody_runs
    @rule(power=st.booleans(), survives=st.sampled_from([0.0, 0.5, 1.0]))
    def crash(self, power, survives):
        self.world.process.crash = Crash(power=power, survives=survives)
        self.do(self.world.process.die, "crash")
        self.do(self.end_life)

    @somebody_runs
    @rule(signal=st.sampled_from([1, 2, 15]))
    def interrupt(self, signal):
        self.do(self.world.process.interrupt, signal)

    @somebody_runs
    @rule()
    def start_a_second_one(self):
        self.do(self.world.start_second)

    # The world around it

    @rule(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
    def decide_the_next_posts(self, words):
        self.world.service.scripted_posts.extend(words)

    @rule(families=st.sets(st.sampled_from(WEATHER), max_size=4), strength=st.sampled_from([0.1, 0.4]))
    def turn_faults_on_and_off(self, families, strength):
        self.world.mix = replace(self.world.mix, rates=dict.fromkeys(sorted(families), strength))
        self.world.service.change(self.world.mix)

    @rule(seconds=st.sampled_from([-1e6, -60.0, 60.0, 1e6]))
    def jump_the_clock(self, seconds):
        self.do(self.world.jump, seconds)

    @rule(capacity=st.none() | st.integers(100, 3000))
    def change_the_room_on_the_disk(self, capacity):
        self.world.disk.capacity_bytes = capacity

    # People

    @nobody_runs
    @rule(data=st.data())
    def edit_the_manifest(self, data):
        jobs = self.world.mix.jobs
        kept = data.draw(st.sets(st.sampled_from(range(len(jobs))), min_size=1))
        self.world.edit([job for rank, job in enumerate(jobs) if rank in kept])

    @nobody_runs
    @rule(budget=st.none() | st.integers(0, 6 * PRICE))
    def change_the_budget(self, budget):
        self.world.budget = budget

    @nobody_runs
    @precondition(lambda self: self.world.checker.state.jobs)
    @rule(data=st.data())
    def decide_about_a_job(self, data):
        pk = data.draw(st.sampled_from(sorted(self.world.checker.state.jobs)))
        self.do(self.world.person.decide, pk)

    @nobody_runs
    @precondition(lambda self: self.world.checker.state.jobs)
    @rule(data=st.data())
    def somebody_takes_a_name(self, data):
        path = data.draw(st.sampled_from(self.world.mix.jobs)).path + ".mp4"
        if path not in self.world.disk.files(durable=False):
            self.world.take_name(path)

    @invariant()
    def no_promise_is_broken(self):
        if self.world is not None:
            assert self.world.violations == []


@pytest.mark.parametrize("examples", [20, pytest.param(300, marks=pytest.mark.faults)])
def test_the_promises_hold_whatever_happens_in_whatever_order(examples, state_file):
    kind = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Batch(state_file), settings=kind)
