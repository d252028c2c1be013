"""How far the polls are from an oracle that knows when each task is done, in virtual time; see ``policy_model``."""

from random import Random

import pytest
from policy_model import Service, play


@pytest.mark.parametrize("round_s", [0.0, 1.0], ids=["exact reset", "reset in whole seconds"])
@pytest.mark.parametrize("per_minute", [900.0, 30_000.0], ids=["rate configured", "rate learned"])
@pytest.mark.parametrize("seed", [1, 2])
def test_where_the_rate_binds_nearly_every_poll_finds_its_task_done(round_s, per_minute, seed):
    """30 requests in 2 s are 7.5 jobs a second at most."""
    service = Service(window_requests=30, round_s=round_s, random=Random(seed))
    played = play(service, in_flight=30, per_minute=per_minute)
    assert played.requests_a_job <= 2.2
    assert played.jobs_a_s >= 0.9 * 7.5
    assert played.refused_share <= 0.01


@pytest.mark.parametrize("seed", [1, 2])
def test_where_the_slots_bind_a_finish_is_seen_at_once(seed):
    service = Service(random=Random(seed))
    ours = play(service, jobs=400, per_minute=12_000.0)
    oracle = play(Service(random=Random(seed)), jobs=400, per_minute=12_000.0, oracle=True)
    assert ours.jobs_a_s >= 0.93 * 10 / (sum(service.took_s) / 400)
    assert ours.jobs_a_s >= 0.95 * oracle.jobs_a_s


def test_where_both_bind_a_little_is_lost_to_not_knowing():
    service = Service(median_s=15.0, random=Random(1))
    ours = play(service, jobs=100, per_minute=120.0)
    oracle = play(Service(median_s=15.0, random=Random(1)), jobs=100, per_minute=120.0, oracle=True)
    assert ours.jobs_a_s >= 0.8 * oracle.jobs_a_s


def test_a_task_is_asked_about_twice_in_a_row_only_when_it_may_have_ended():
    """A script that asks every 2 s takes 11 requests a job for tasks of 20 s."""
    played = play(Service(median_s=20.0, random=Random(1)), jobs=300, in_flight=60, per_minute=120.0)
    assert played.requests_a_job <= 2.2
