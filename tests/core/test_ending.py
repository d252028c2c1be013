"""How a run ended, and its exit code."""

from itertools import product

import pytest

from runner.core.ending import Ending
from runner.core.model import JobState
from runner.core.records import Counts

CAUSES = {
    "signal": (Ending(signal=15), 143),
    "state": (Ending(state="the state cannot be written"), 74),
    "bugs": (Ending(bugs=1), 70),
    "service": (Ending(service="the account is refused"), 5),
    "budget": (Ending(budget=True), 3),
    "undecided": (Ending(undecided=1), 4),
    "incomplete": (Ending(incomplete=1), 1),
    "disk": (Ending(disk="the disk is full"), 1),
    "failures": (Ending(failures="3 jobs have failed"), 1),
    "canary": (Ending(canary="the canary was refused"), 1),
    "held": (Ending(held=1), 1),
    "nothing": (Ending(), 0),
}
FIELDS = (
    "signal",
    "state",
    "bugs",
    "service",
    "budget",
    "undecided",
    "incomplete",
    "disk",
    "failures",
    "canary",
    "held",
)


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_exit_code(cause):
    ending, code = CAUSES[cause]
    assert ending.exit_code == code


@pytest.mark.parametrize(("number", "code"), [(1, 129), (2, 130), (15, 143)])
def test_a_signal_ends_with_its_number(number, code):
    assert Ending(signal=number).exit_code == code


@pytest.mark.parametrize(
    ("graver", "lesser"),
    [pair for pair in product(range(len(FIELDS)), range(len(FIELDS))) if pair[0] < pair[1]],
)
def test_of_two_causes_the_graver_one_counts(graver, lesser):
    names = FIELDS[graver], FIELDS[lesser]
    both = Ending(**{name: getattr(CAUSES[name][0], name) for name in names})
    assert both.exit_code == CAUSES[names[0]][1]


def counts_of(overdue=0, removed=0, **states):
    by_state = dict.fromkeys(JobState, 0) | {JobState(state): number for state, number in states.items()}
    return Counts(by_state, removed, overdue)


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        (counts_of(done=9), 0),
        (counts_of(done=1, pending=9), 0),
        (counts_of(done=9, failed=1), 1),
        (counts_of(fetching=1), 1),
        (counts_of(unknown=1, failed=1), 4),
        (counts_of(running=1, overdue=1), 4),
        (counts_of(done=1, removed=5), 0),
    ],
)
def test_what_the_jobs_came_to_gives_the_exit_code(counts, code):
    assert Ending.of(counts).exit_code == code


def test_what_is_counted_adds_to_what_is_known():
    ending = Ending(incomplete=2, undecided=1, service="x").with_counts(
        counts_of(failed=1, fetching=1, unknown=3, overdue=2)
    )
    assert ending == Ending(incomplete=4, undecided=6, service="x")
