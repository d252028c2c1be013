"""A service in virtual time behind the real gate, pace and polling: how many requests a batch takes, and how long.

Nothing here but the decisions is under test: no store, no HTTP, a task is a moment at which it is done. ``oracle`` asks
about each task once, when it is done.
"""

import asyncio
import math
from dataclasses import dataclass, field
from random import Random

from clock import in_virtual_time

from runner.core.outcomes import Announcement, Completed, Running, Throttled
from runner.core.pacing import Pace
from runner.core.polling import Question
from runner.core.task_times import TaskTimes
from runner.engine.gate import Gate


@dataclass
class Service:
    """``window_requests`` in ``window_s``, a window beginning with its first request; answers after ``answer_s``.

    ``round_s`` is what a reset is rounded up to, as whole seconds and a ``Date`` of whole seconds make it.
    """

    window_requests: int = 10**9
    window_s: float = 2.0
    median_s: float = 1.0
    spread: float = 0.35
    answer_s: float = 0.005
    round_s: float = 0.0
    hidden_cap: int = 10**9
    random: Random = field(default_factory=lambda: Random(7))
    requests: int = 0
    refused: int = 0

    def __post_init__(self):
        self._ends_at, self._left = -math.inf, 0
        self.running = set()
        self.took_s = []

    async def request(self, work):
        now = asyncio.get_running_loop().time()
        self.requests += 1
        if now >= self._ends_at:
            self._ends_at, self._left = now + self.window_s, self.window_requests
        announced = self._ends_at - now
        if self.round_s:
            announced = (
                math.ceil(self._ends_at / self.round_s) - math.floor(now / self.round_s)
            ) * self.round_s
        if self._left <= 0:
            self.refused += 1
            outcome = Throttled("too many", announced, Announcement(0, announced))
        else:
            self._left -= 1
            limits = Announcement(self._left, announced) if self.window_requests < 10**6 else Announcement()
            outcome = work(now, limits)
        await asyncio.sleep(self.answer_s)
        return outcome

    def submit(self, now, limits):
        self.running = {end for end in self.running if end > now}
        if len(self.running) >= self.hidden_cap:
            self.refused += 1
            return Throttled("too many tasks", min(self.running) - now, limits)
        self.took_s.append(self.median_s * math.exp(self.random.gauss(0, self.spread)))
        end = now + self.took_s[-1]
        self.running.add(end)
        return end, limits


@dataclass
class Played:
    requests_a_job: float
    jobs_a_s: float
    refused_share: float


def play(service, *, jobs=200, in_flight=10, per_minute=6000.0, oracle=False):
    """What came of a batch of ``jobs``."""
    return in_virtual_time(lambda: _play(service, jobs, in_flight, per_minute, oracle))


async def _play(service, jobs, in_flight, per_minute, oracle):
    loop, times = asyncio.get_running_loop(), TaskTimes()
    gate = Gate(Pace(per_minute), Random(3), lambda _event: None)
    slots = asyncio.Semaphore(in_flight)

    async def submitted():
        while True:
            sent_at = await gate.to_submit()
            outcome = await service.request(service.submit)
            if isinstance(outcome, Throttled):
                gate.heard(sent_at, outcome)
                continue
            end, limits = outcome
            gate.heard(sent_at, Running(limits=limits))
            return end, loop.time()

    async def job():
        async with slots:
            end, accepted_at = await submitted()
            running_at = accepted_at
            while True:
                if oracle:
                    await asyncio.sleep(max(0.0, end - loop.time()))
                    sent_at = await gate.at_once()
                else:
                    sent_at = await gate.worth_asking(Question(times, accepted_at, running_at, sent_by[0]))
                outcome = await service.request(
                    lambda now, limits: (
                        Completed(("https://a",), limits=limits) if now >= end else Running(limits=limits)
                    )
                )
                gate.heard(sent_at, outcome)
                if isinstance(outcome, Completed):
                    times.ended(running_at - accepted_at, loop.time() - accepted_at)
                    return
                if isinstance(outcome, Running):
                    running_at = sent_at

    sent_by = [0.0]
    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            group.create_task(job())
    took_s = loop.time()
    return Played(service.requests / jobs, jobs / took_s, service.refused / service.requests)
