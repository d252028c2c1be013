"""What a notification says: numbers and words of our own."""

import json
from dataclasses import replace

import pytest
from report_support import BATCH

from runner.core.ending import Ending
from runner.core.model import JobState, Occasion
from runner.core.records import Counts
from runner.report.notification import body_of
from runner.report.payload import Standing, status_json

COUNTS = Counts(dict.fromkeys(JobState, 0) | {JobState.DONE: 3, JobState.UNKNOWN: 2}, removed=1, overdue=0)
STANDING = Standing(BATCH, COUNTS, files=3, bytes=999, running_pid=None)


QUIET = Ending()


def told(occasion=Occasion.DONE, ending=QUIET, standing=STANDING, *, sandbox=False):
    return json.loads(body_of(occasion, ending, standing, sandbox=sandbox))


def test_slack_and_discord_read_the_same_text_and_programs_an_object():
    found = told(Occasion.UNKNOWN, Ending(undecided=2))
    text = (
        "spring: 2 submissions have an unknown outcome and wait for `runner resolve`, exit code 4. "
        "5 jobs: 3 done, 2 unknown. 120 credits spent ($1.20), 80 reserved, 800 left."
    )
    status = status_json(STANDING)
    assert found == {
        "text": text,
        "content": text,
        "runner": {
            "batch": "spring",
            "event": "unknown",
            "exit_code": 4,
            "causes": [],
            "sandbox": False,
            "counts": status["jobs"],
            "credits": status["credits"],
            "usd": status["usd"],
        },
    }


@pytest.mark.parametrize(
    ("occasion", "ending", "begins"),
    [
        (Occasion.DONE, Ending(incomplete=1), "spring: done, exit code 1. "),
        (
            Occasion.STOPPED,
            Ending(budget=True, disk="x"),
            "spring: stopped early (disk, budget), exit code 3. ",
        ),
    ],
)
def test_the_text_says_what_happened(occasion, ending, begins):
    assert told(occasion, ending)["text"].startswith(begins)


def test_without_a_budget_nothing_is_left_and_a_sandbox_is_marked():
    found = told(standing=replace(STANDING, batch=replace(BATCH, budget=None)), sandbox=True)
    assert found["text"].startswith("[sandbox] spring: done")
    assert (found["text"].endswith("80 reserved."), found["runner"]["sandbox"]) == (True, True)


def test_what_the_service_said_is_not_repeated():
    said = "a red fox in the snow"
    ending = Ending(service=said, disk=said, canary=said, failures=said, state=said)
    assert said not in json.dumps(told(Occasion.STOPPED, ending))
