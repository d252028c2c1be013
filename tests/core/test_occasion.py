"""Which end of a run is told, and in which words."""

import pytest

from runner.core.ending import Ending
from runner.core.model import Occasion
from runner.core.occasion import causes_of, occasion_of

EVERY = tuple(Occasion)
STOPPED = Ending(service="out of credits")


@pytest.mark.parametrize(
    ("ending", "unknown", "wanted", "told"),
    [
        (Ending(), 0, EVERY, Occasion.DONE),
        (Ending(incomplete=2), 0, EVERY, Occasion.DONE),
        (Ending(undecided=1), 1, EVERY, Occasion.UNKNOWN),
        (Ending(undecided=1), 1, (Occasion.DONE, Occasion.STOPPED), Occasion.DONE),
        (STOPPED, 0, EVERY, Occasion.STOPPED),
        (STOPPED, 3, EVERY, Occasion.UNKNOWN),
        (STOPPED, 3, (Occasion.STOPPED,), Occasion.STOPPED),
        (STOPPED, 0, (Occasion.DONE, Occasion.UNKNOWN), None),
        (Ending(), 0, (Occasion.STOPPED, Occasion.UNKNOWN), None),
    ],
)
def test_the_weightiest_wanted_occasion_is_told(ending, unknown, wanted, told):
    assert occasion_of(ending, unknown, wanted) is told


@pytest.mark.parametrize(
    ("ending", "causes"),
    [
        (Ending(incomplete=1, undecided=1), ()),
        (Ending(signal=15), ("signal",)),
        (Ending(state="the disk of the state is full"), ("state",)),
        (Ending(service="401"), ("service",)),
        (Ending(disk="full"), ("disk",)),
        (Ending(canary="the first jobs came to nothing"), ("canary",)),
        (Ending(failures="5 failed"), ("failures",)),
        (Ending(budget=True), ("budget",)),
        (Ending(bugs=1), ("error",)),
        (Ending(signal=2, budget=True), ("signal", "budget")),
    ],
)
def test_the_causes_of_an_early_end_are_words_of_our_own(ending, causes):
    assert causes_of(ending) == causes
