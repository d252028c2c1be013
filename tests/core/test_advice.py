"""What a person is told to do about a failure."""

import shlex

import pytest

from runner.core.advice import Advice, Invocation, advise
from runner.core.outcomes import ErrorClass

CALL = Invocation("spring", "spring.yaml")
RUN = "runner run spring.yaml"
RESOLVE = "runner resolve spring --task-id JOB=TASK"
RETRIED = (
    ErrorClass.AUTH,
    ErrorClass.CREDIT,
    ErrorClass.SERVICE,
    ErrorClass.LOST,
    ErrorClass.NO_OUTPUT,
    ErrorClass.DOWNLOAD,
    ErrorClass.DISK,
)
FAILED = {each: f"runner retry spring --class {each}" for each in RETRIED} | {
    ErrorClass.VALIDATION: RUN,
    ErrorClass.MODERATION: RUN,
    ErrorClass.UNKNOWN: RESOLVE,
}
UNFINISHED = dict.fromkeys(ErrorClass, RUN) | {
    ErrorClass.SERVICE: RESOLVE,
    ErrorClass.UNKNOWN: RESOLVE,
    ErrorClass.NO_OUTPUT: "runner retry spring --class no_output",
}


@pytest.mark.parametrize("error_class", ErrorClass)
def test_a_failed_job_has_a_command_that_goes_on(error_class):
    assert advise(error_class, CALL).command == FAILED[error_class]


@pytest.mark.parametrize("error_class", ErrorClass)
def test_a_job_that_is_not_at_its_end_is_not_paid_for_again(error_class):
    assert advise(error_class, CALL, has_failed=False).command == UNFINISHED[error_class]


@pytest.mark.parametrize("error_class", ErrorClass)
@pytest.mark.parametrize("has_failed", [True, False])
def test_advice_is_one_sentence(error_class, has_failed):
    sentence = advise(error_class, CALL, has_failed=has_failed).sentence
    assert (sentence[0].isupper(), sentence.endswith("."), ". " in sentence) == (True, True, False)


def test_what_moderation_refused_is_never_advised_to_be_paid_for_again():
    assert "retry" not in advise(ErrorClass.MODERATION, CALL).command


def test_a_command_names_the_sandbox_and_the_state_that_are_in_use():
    call = Invocation("spring", "my files/spring.yaml", sandbox=True, state="sqlite:///other.db")
    assert [call.of_batch("retry", "--failed"), call.of_manifest("run")] == [
        "runner --state sqlite:///other.db retry spring --failed --sandbox",
        "runner --state sqlite:///other.db run 'my files/spring.yaml' --sandbox",
    ]


def test_a_path_cannot_become_another_command():
    call = Invocation("spring", "a; rm -rf b.yaml")
    assert shlex.split(call.of_manifest("run")) == ["runner", "run", "a; rm -rf b.yaml"]


def test_advice_is_a_value():
    assert advise(ErrorClass.CREDIT, CALL, has_failed=False) == Advice(
        "The account has no credits left: add some and go on.", RUN
    )


def test_a_saved_plan_is_run_where_it_was_made():
    call = Invocation("spring", "spring.yaml", sandbox=True, state="sqlite:///s.db")
    assert call.of_plan("my plan.json") == "runner --state sqlite:///s.db run --plan 'my plan.json' --sandbox"
