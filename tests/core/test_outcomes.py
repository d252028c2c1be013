"""What a provider may answer."""

import dataclasses
from typing import get_args

import pytest

from runner.core.events import EventName, RunEvent
from runner.core.outcomes import SILENT, Announcement, ErrorClass, StatusOutcome, SubmitOutcome, task_id_of

OUTCOMES = {*get_args(SubmitOutcome), *get_args(StatusOutcome)}


@pytest.mark.parametrize(
    "kind", sorted(OUTCOMES, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__
)
def test_an_outcome_is_a_value_that_nobody_changes_and_says_nothing_of_limits_by_itself(kind):
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert kind.__dataclass_params__.frozen
    assert "limits" not in fields or fields["limits"].default is SILENT


def test_silence_announces_nothing():
    assert Announcement() == SILENT == Announcement(None, None)


def test_the_classes_of_failure_are_those_of_the_contract():
    words = "auth credit validation moderation service unknown lost no_output download disk"
    assert [each.value for each in ErrorClass] == words.split()


def test_the_words_of_events_are_those_of_the_contract():
    words = "started submitted refused unknown completed failed file paused resumed stopping processing step finished"
    assert ([each.value for each in EventName], RunEvent(EventName.STARTED)) == (
        words.split(),
        RunEvent(EventName.STARTED, None, {}),
    )


@pytest.mark.parametrize("text", ["a", "A-b_c.d:e", "0" * 200])
def test_a_task_id_is_kept_as_it_is(text):
    assert task_id_of(text) == text


@pytest.mark.parametrize(
    "value", ["", "0" * 201, "a b", "a/b", "a\n", "é", "\ud800", None, 7, ["a"], "a?b=c"]
)
def test_what_cannot_be_a_task_id_is_none(value):
    assert task_id_of(value) is None
