import pytest

from runner.core.lifecycle import TRANSITIONS, Event, IllegalTransitionError, after
from runner.core.model import JobState as State

PATHS = {
    "paid for and done": (Event.RESERVED, Event.ACCEPTED, Event.COMPLETED, Event.PLACED),
    "failed, then found to be at work": (
        *(Event.RESERVED, Event.ACCEPTED, Event.FAILED),
        *(Event.REOPENED, Event.COMPLETED, Event.PLACED),
    ),
    "given up, then found to be at work": (
        *(Event.RESERVED, Event.LOST_SIGHT, Event.WRITTEN_OFF),
        *(Event.REOPENED, Event.COMPLETED, Event.PLACED),
    ),
    "its file gone, and fetched again": (
        Event.ADOPTED,
        Event.COMPLETED,
        Event.PLACED,
        Event.MISSED,
        Event.PLACED,
    ),
    "taken over from a lost state": (Event.ADOPTED, Event.COMPLETED, Event.PLACED),
}


@pytest.mark.parametrize("path", PATHS)
def test_a_life_leads_to_done(path):
    state = State.PENDING
    for event in PATHS[path]:
        state = after(state, event)
    assert state is State.DONE


@pytest.mark.parametrize("event", Event)
def test_every_event_happens_to_some_state_and_to_no_other(event):
    possible = {state for state, happening in TRANSITIONS if happening is event}
    assert possible
    for state in set(State) - possible:
        with pytest.raises(IllegalTransitionError, match=f"{state} cannot be {event}"):
            after(state, event)


def test_only_a_pending_job_can_be_reserved_so_nothing_else_leads_to_a_payment():
    assert {state for state, event in TRANSITIONS if event is Event.RESERVED} == {State.PENDING}


def test_only_a_retry_or_a_decision_leads_back_to_pending_once_something_was_accepted():
    back = {event for (_, event), to in TRANSITIONS.items() if to is State.PENDING}
    assert back == {Event.RETURNED, Event.RELEASED, Event.RETRIED}
    assert {state for state, event in TRANSITIONS if event is Event.RETURNED} == {State.SUBMITTING}


def test_what_is_done_is_left_only_to_be_fetched_again():
    assert {event: to for (state, event), to in TRANSITIONS.items() if state is State.DONE} == {
        Event.MISSED: State.FETCHING
    }
