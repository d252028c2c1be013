"""A disk that takes seconds for each commit: a submission leaves long after its turn came."""

from random import Random

import pytest

from runner.core.model import Limits

from .mix import Mix, make_jobs
from .world import simulate


@pytest.mark.parametrize("fsync_s", [0.5, 2.0])
@pytest.mark.parametrize("in_flight", [2, 8])
def test_a_slow_disk_sends_no_more_requests_in_any_minute(fsync_s, in_flight, state_file):
    for seed in range(4):
        limits = Limits(in_flight=in_flight, requests_per_minute=30.0)
        mix = Mix(
            seed=f"slow disk {seed}",
            jobs=make_jobs(Random(seed), 24),
            limits=limits,
            fsync_s=fsync_s,
            rates={},
        )
        simulate(mix, state_file, crashes=(), once_more=False)  # raises where a promise is broken
