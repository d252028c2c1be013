"""What a second look at a task that was booked as failed means for its job, before anybody pays again."""

from enum import IntEnum

from runner.core.outcomes import Completed, ErrorClass, Failed, NotFound, Running


class Verdict(IntEnum):
    """What may be done with the job; of several tasks the lowest verdict counts, it is the one that saves the most."""

    FETCH = 0  # the task was completed after all: its files are paid for
    FOLLOW = 1  # the task is at work: it may yet be charged, and bring its files
    WAIT = 2  # completed without a file, or an answer about somebody else's request: nothing is certain
    AGAIN = 3  # nothing is to be had of it: only another payment can help


def verdict_of(
    told: Running | Completed | Failed | NotFound, error_class: ErrorClass | None, *, is_ours: bool
) -> Verdict:
    """The verdict on one task of a job that failed with ``error_class``.

    ``is_ours``: the request that the answer echoes can be the job's. A task that was failed for having no file, and
    still has none, is given up; one that turned from failed to that gets the time that any other would get.
    """
    match told:
        case NotFound():
            return Verdict.AGAIN
        case _ if not is_ours:
            return Verdict.WAIT
        case Failed():
            return Verdict.AGAIN
        case Running():
            return Verdict.FOLLOW
        case Completed(urls=()):
            return Verdict.AGAIN if error_class is ErrorClass.NO_OUTPUT else Verdict.WAIT
        case Completed():  # pragma: no branch - mypy proves that no other answer is left
            return Verdict.FETCH
