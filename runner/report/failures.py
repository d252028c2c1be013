"""The failures of a batch by class, with what a person can do about each."""

from collections.abc import Iterable

from runner.core.advice import Advice, Invocation, advise
from runner.core.model import JobState
from runner.core.records import Trouble
from runner.report.payload import Json, Standing


def failures(standing: Standing, troubles: Iterable[Trouble], call: Invocation) -> list[Json]:  # noqa: ARG001 - the page's form
    """Objects of ``state``, ``error_class``, ``jobs``, ``why``, ``advice`` and ``command``."""
    return [_failure(one, call) for one in troubles]


def _failure(trouble: Trouble, call: Invocation) -> Json:
    advice = _advice(trouble, call)
    return {
        "state": trouble.state.value,
        "error_class": None if trouble.error_class is None else trouble.error_class.value,
        "jobs": trouble.jobs,
        "why": trouble.why,
        "advice": advice.sentence,
        "command": advice.command,
    }


def _advice(trouble: Trouble, call: Invocation) -> Advice:
    if trouble.error_class is not None:
        return advise(trouble.error_class, call, has_failed=trouble.state is JobState.FAILED)
    sentence = "The service has not finished in time: each run asks about it again, free of charge."
    return Advice(sentence, call.of_manifest("run"))
