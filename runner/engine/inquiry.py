"""Questions about tasks outside a run, for a person's decisions: few, polite, and ended by the first sign that they are vain."""

import asyncio
from random import Random

from runner.core.backoff import backoff_s
from runner.core.model import Limits
from runner.core.outcomes import (
    Completed,
    Failed,
    NotFound,
    NothingLearned,
    Refused,
    Running,
    StatusOutcome,
    TaskId,
    Throttled,
)
from runner.core.pacing import Pace
from runner.engine.gate import Gate
from runner.providers import Provider

TRIES = 3

Told = Running | Completed | Failed | NotFound
"""The outcomes that say something about the task."""


class Inquiry:
    """``stopped`` says why nothing more is asked: the service refused to answer, or gave no usable answer."""

    def __init__(self, provider: Provider, gate: Gate, random: Random) -> None:
        self._provider = provider
        self._gate = gate
        self._random = random
        self.stopped: str | None = None

    @classmethod
    def within(cls, limits: Limits, provider: Provider, random: Random) -> "Inquiry":
        """One with a pace of its own; to be made inside the loop."""
        return cls(provider, Gate(Pace(limits.requests_per_minute), random, lambda _: None), random)

    async def told(self, task_id: TaskId) -> Told | None:
        """What the service says about the task now; ``None`` where it says nothing, and ``stopped`` is then set."""
        trouble = "nothing was asked"
        for tries in range(1, TRIES + 1):
            outcome = None if self.stopped is not None else await self._asked(task_id)
            match outcome:
                case None:
                    return None
                case Refused(message=message):
                    self.stopped = message
                    return None
                case Throttled(message=trouble):
                    pass  # the gate makes everybody wait
                case NothingLearned(reason=trouble):
                    if tries < TRIES:
                        await asyncio.sleep(backoff_s(tries, self._random.random()))
                case _:
                    return outcome
        self.stopped = f"the service gave no usable answer: {trouble}"
        return None

    async def _asked(self, task_id: TaskId) -> StatusOutcome | None:
        sent_at = await self._gate.at_once()
        if self.stopped is not None:  # while this waited for its turn
            self._gate.lost(sent_at)
            return None
        try:
            outcome = await self._provider.status(task_id)
        except asyncio.CancelledError:
            self._gate.lost(sent_at)
            raise
        self._gate.heard(sent_at, outcome)
        return outcome
