"""What went wrong in a batch, as the page's table of failures: by state and class, with what a person can do about it."""

from collections.abc import Iterable
from dataclasses import replace

from runner.core.advice import Invocation
from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Trouble
from runner.report.closing import advice_of
from runner.report.payload import Json, Standing

WHY_CHARS = 300


def failures(standing: Standing, troubles: Iterable[Trouble], call: Invocation) -> list[Json]:
    """A row for each trouble: ``state, error_class, jobs, why, advice, command``, the most frequent first.

    Submissions that a dead process left under way are counted as unknown, as they are everywhere.
    """
    known = [_with_extra(trouble, standing.unknown_extra) for trouble in troubles]
    if standing.unknown_extra and not any(map(_is_unknown, known)):
        known.append(Trouble(JobState.UNKNOWN, ErrorClass.UNKNOWN, standing.unknown_extra))
    return [_row(trouble, call) for trouble in sorted(known, key=lambda each: -each.jobs)]


def _with_extra(trouble: Trouble, extra: int) -> Trouble:
    return replace(trouble, jobs=trouble.jobs + extra) if _is_unknown(trouble) else trouble


def _is_unknown(trouble: Trouble) -> bool:
    return trouble.state is JobState.UNKNOWN and trouble.error_class is ErrorClass.UNKNOWN


def _row(trouble: Trouble, call: Invocation) -> Json:
    advice = advice_of(trouble, call)
    return {
        "state": trouble.state.value,
        "error_class": None if trouble.error_class is None else trouble.error_class.value,
        "jobs": trouble.jobs,
        "why": trouble.why[:WHY_CHARS],
        "advice": advice.sentence,
        "command": advice.command,
    }
