"""A look at a run is a value: whoever draws it cannot change it, and two that show the same are the same."""

import dataclasses
from decimal import Decimal

import pytest

from runner.core.glance import Cause, Failure, Glance, Transfers, Waiting
from runner.core.model import JobState
from runner.core.money import Credits, Price
from runner.core.pacing import Requests
from runner.core.plan import Books
from runner.core.records import Counts


def glance() -> Glance:
    return Glance(
        batch="spring",
        seconds=1.0,
        jobs=Counts({JobState.DONE: 1}, 0, 0),
        finished=1,
        unfinished=2,
        price=Price(Credits(40), Decimal("0.40")),
        books=Books(),
        requests=Requests(7, 1.0),
        waiting=Waiting(Cause.RATE, 12.0),
        failures=(Failure("a", "no luck"),),
    )


def test_two_looks_that_show_the_same_are_the_same():
    assert glance() == glance()
    assert glance() != dataclasses.replace(glance(), transfers=Transfers(active=1))


def test_whoever_draws_it_cannot_change_it():
    with pytest.raises(dataclasses.FrozenInstanceError):
        glance().finished = 2
