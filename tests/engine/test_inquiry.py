import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from runner.core.model import Limits
from runner.core.outcomes import (
    Completed,
    ErrorClass,
    Failed,
    NotFound,
    NothingLearned,
    RefusalKind,
    Refused,
    Running,
    StatusOutcome,
    TaskId,
    Throttled,
)
from runner.engine.inquiry import TRIES, Inquiry

TASK = TaskId("task_0")
SILENT = NothingLearned("no answer in time", reached=False)


class Scripted:
    """A provider that answers with these outcomes, the last one for ever."""

    def __init__(self, outcomes: Sequence[StatusOutcome]) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0

    async def status(self, task_id):
        self.asked += 1
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


class NoWait(Random):
    """Draws 0: no backoff waits."""

    def random(self) -> float:
        return 0.0


def inquiry_of(*outcomes):
    provider = Scripted(outcomes)
    return provider, Inquiry.within(Limits(requests_per_minute=6000), provider, NoWait())


@pytest.mark.parametrize("told", [Running(), Completed(()), Failed("no luck"), NotFound("gone")])
async def test_an_answer_about_the_task_is_given_at_once(told):
    provider, inquiry = inquiry_of(told)
    assert (await inquiry.told(TASK), provider.asked, inquiry.stopped) == (told, 1, None)


@pytest.mark.parametrize("trouble", [SILENT, NothingLearned("HTTP 500"), Throttled("slowly", 0.01)])
async def test_a_passing_trouble_is_asked_through(trouble):
    provider, inquiry = inquiry_of(*[trouble] * (TRIES - 1), Running())
    assert (await inquiry.told(TASK), provider.asked, inquiry.stopped) == (Running(), TRIES, None)


async def test_a_lasting_trouble_ends_all_questions():
    provider, inquiry = inquiry_of(SILENT)
    assert (await inquiry.told(TASK), provider.asked) == (None, TRIES)
    assert inquiry.stopped == "the service gave no usable answer: no answer in time"
    assert (await inquiry.told(TASK), provider.asked) == (None, TRIES)


async def test_a_refusal_ends_all_questions_at_once():
    provider, inquiry = inquiry_of(Refused(RefusalKind.ACCOUNT, "no such token", ErrorClass.AUTH))
    assert (await inquiry.told(TASK), provider.asked, inquiry.stopped) == (None, 1, "no such token")


async def test_questions_side_by_side_stop_together():
    provider, inquiry = inquiry_of(SILENT)
    answers = await asyncio.gather(*(inquiry.told(TASK) for _ in range(50)))
    assert set(answers) == {None}
    assert provider.asked <= 2 * 50 + 1  # two rounds, and the first of the third


async def test_a_cancelled_question_gives_its_turn_back():
    class Stuck:
        async def status(self, task_id):
            await asyncio.sleep(60)

    inquiry = Inquiry.within(Limits(requests_per_minute=6000), Stuck(), NoWait())
    question = asyncio.create_task(inquiry.told(TASK))
    await asyncio.sleep(0)
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert inquiry.stopped is None
