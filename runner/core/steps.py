"""What to do next with a job: the *decide* of decide -> perform -> record."""

import unicodedata
from enum import StrEnum

from runner.core.model import JobState
from runner.core.outcomes import Echo, ErrorClass


class Step(StrEnum):
    """The next thing to perform for a job."""

    SUBMIT = "submit"  # reserve, then the POST
    IDENTIFY = (
        "identify"  # an unknown submission left a task id in its answer's bytes: does the service know it?
    )
    FOLLOW = "follow"  # ask for its status until it ends
    FETCH = "fetch"  # download, check, place
    REST = "rest"  # nothing more in this run


def next_step(state: JobState, *, has_candidate: bool) -> Step:
    """The next step of a job in this state; ``has_candidate``: a task id was read in an unclear answer."""
    match state:
        case JobState.PENDING:
            return Step.SUBMIT
        case JobState.UNKNOWN if has_candidate:
            return Step.IDENTIFY
        case JobState.RUNNING:
            return Step.FOLLOW
        case JobState.FETCHING:
            return Step.FETCH
        # no branch: mypy proves that no other state is left
        case (
            JobState.SUBMITTING | JobState.UNKNOWN | JobState.DONE | JobState.FAILED
        ):  # pragma: no branch - mypy proves it
            return Step.REST


def echo_agrees(echo: Echo, prompt: str, mode: str) -> bool:
    """Whether what the service says the request was can be ours: prompts compare in NFC with blanks folded."""
    return (echo.prompt is None or _folded(echo.prompt) == _folded(prompt)) and (
        echo.mode is None or echo.mode == mode
    )


def regenerates(error_class: ErrorClass | None, failed_attempts: int, allowed: int) -> bool:
    """Whether the manifest's policy pays once more for a task that the service failed; ``allowed`` is how often.

    Only for what another try can change: a prompt that moderation refused stays refused.
    """
    return error_class in {ErrorClass.SERVICE, ErrorClass.NO_OUTPUT} and 1 <= failed_attempts <= allowed


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
