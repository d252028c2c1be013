"""The life of a job, as one table.

    pending --reserved--> submitting --accepted--> running --completed--> fetching --placed--> done
       ^                      +--returned--> pending   +--failed--> failed
       |                      +--rejected--> failed
       +--retried-- failed    +--lost_sight--> unknown --found--> running
                                                       --released--> pending (a person, or a policy, pays again)
                                                       --written_off--> failed
    failed --reopened--> running (its task has not failed after all)
    done --missed--> fetching (its file is gone, and is fetched again)
    pending --adopted--> running (a state that was lost has paid for it)

A state is changed only along this table, and the credits of the attempt change in the same transaction.
"""

from enum import StrEnum

from runner.core.model import JobState


class Event(StrEnum):
    """What can happen to a job."""

    RESERVED = "reserved"  # credits are held, the POST may leave
    RETURNED = "returned"  # surely not sent, or refused for a passing reason or for the account
    REJECTED = "rejected"  # refused for good
    ACCEPTED = "accepted"  # the task id was read
    LOST_SIGHT = "lost_sight"  # nobody can say whether it was accepted
    FOUND = "found"  # a task id was found for an unknown submission
    RELEASED = "released"  # an unknown submission is given up and may be paid again
    WRITTEN_OFF = "written_off"  # an unknown submission is given up for good
    COMPLETED = "completed"  # the service finished the task and named its files
    FAILED = "failed"  # the service failed the task, or it has no output
    PLACED = "placed"  # every file is whole under its final name
    MISSED = "missed"  # a file of it is gone or damaged, and the service still has it
    RETRIED = "retried"  # a person or a policy allows a further paid attempt
    ADOPTED = "adopted"  # its task was found in a tree whose state was lost
    REOPENED = "reopened"  # a task that was booked as failed turned out to run, or to be completed, after all


TRANSITIONS: dict[tuple[JobState, Event], JobState] = {
    (JobState.PENDING, Event.RESERVED): JobState.SUBMITTING,
    (JobState.SUBMITTING, Event.RETURNED): JobState.PENDING,
    (JobState.SUBMITTING, Event.REJECTED): JobState.FAILED,
    (JobState.SUBMITTING, Event.ACCEPTED): JobState.RUNNING,
    (JobState.SUBMITTING, Event.LOST_SIGHT): JobState.UNKNOWN,
    (JobState.UNKNOWN, Event.FOUND): JobState.RUNNING,
    (JobState.UNKNOWN, Event.RELEASED): JobState.PENDING,
    (JobState.UNKNOWN, Event.WRITTEN_OFF): JobState.FAILED,
    (JobState.RUNNING, Event.COMPLETED): JobState.FETCHING,
    (JobState.RUNNING, Event.FAILED): JobState.FAILED,
    (JobState.FETCHING, Event.PLACED): JobState.DONE,
    (JobState.DONE, Event.MISSED): JobState.FETCHING,
    (JobState.FAILED, Event.RETRIED): JobState.PENDING,
    (JobState.PENDING, Event.ADOPTED): JobState.RUNNING,
    (JobState.FAILED, Event.REOPENED): JobState.RUNNING,
}


class IllegalTransitionError(Exception):
    """A bug: something happened to a job that cannot happen in its state."""


def after(state: JobState, event: Event) -> JobState:
    """The state that follows; raises ``IllegalTransitionError`` where the table has no such step."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(f"a job that is {state} cannot be {event}") from None
