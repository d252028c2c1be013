"""What is done next with a job, and what counts as its own."""

import pytest

from runner.core.model import JobState
from runner.core.outcomes import Echo, ErrorClass
from runner.core.steps import Step, echo_agrees, next_step, regenerates

STEPS = {
    JobState.PENDING: (Step.SUBMIT, Step.SUBMIT),
    JobState.SUBMITTING: (Step.REST, Step.REST),
    JobState.RUNNING: (Step.FOLLOW, Step.FOLLOW),
    JobState.FETCHING: (Step.FETCH, Step.FETCH),
    JobState.DONE: (Step.REST, Step.REST),
    JobState.FAILED: (Step.REST, Step.REST),
    JobState.UNKNOWN: (Step.REST, Step.IDENTIFY),
}


@pytest.mark.parametrize("state", JobState)
def test_the_next_step_follows_from_the_state_and_from_a_task_id_that_may_be_its_own(state):
    assert tuple(next_step(state, has_candidate=has) for has in (False, True)) == STEPS[state]


@pytest.mark.parametrize(
    ("echo", "agrees"),
    [
        (Echo(), True),
        (Echo("a fox"), True),
        (Echo("  a\n\tfox "), True),
        (Echo("un cafe\u0301 a fox"), False),
        (Echo("A fox"), False),
        (Echo(""), False),
        (Echo(None, "normal"), True),
        (Echo(None, "fun"), False),
        (Echo("a fox", "fun"), False),
        (Echo("a fox", "Normal"), False),
    ],
)
def test_an_echo_is_ours_unless_it_shows_something_else(echo, agrees):
    assert echo_agrees(echo, "a fox", "normal") is agrees


def test_letters_compare_whatever_their_form():
    assert echo_agrees(Echo("cafe\u0301"), "caf\u00e9", "normal")


@pytest.mark.parametrize(
    ("error_class", "failed", "allowed", "again"),
    [
        (ErrorClass.SERVICE, 1, 1, True),
        (ErrorClass.NO_OUTPUT, 2, 3, True),
        (ErrorClass.SERVICE, 2, 1, False),
        (ErrorClass.SERVICE, 1, 0, False),
        (ErrorClass.SERVICE, 0, 3, False),
        (ErrorClass.MODERATION, 1, 3, False),
        (ErrorClass.VALIDATION, 1, 3, False),
        (ErrorClass.LOST, 1, 3, False),
        (None, 1, 3, False),
    ],
)
def test_only_a_failure_that_another_try_can_change_is_paid_for_again(error_class, failed, allowed, again):
    assert regenerates(error_class, failed, allowed) is again
