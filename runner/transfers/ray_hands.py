"""The workers of a Ray cluster: one actor for each CPU of each node, replaced where it dies, and the calls they make.

Actors, not tasks: Ray starts tasks with a lease each, where an actor is a process that is there. Each is given one call at a
time and the others wait here, so that a death counts against the call that was being made and no other.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray  # type: ignore[import-not-found, unused-ignore]  # an extra
from ray.exceptions import (  # type: ignore[import-not-found, unused-ignore]  # an extra
    ActorUnavailableError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import (  # type: ignore[import-not-found, unused-ignore]  # an extra
    NodeAffinitySchedulingStrategy,
)

from runner.transfers import ray_hand
from runner.transfers.engine import first_line
from runner.transfers.frames import Answered, Ended, Ending

DEATHS_MAX = 4
"""After so many workers died of one call it is given up."""

FATE_S = 30.0
"""How long a worker that cannot be reached is asked whether it lives."""

NODES_S = 20.0
"""How long the head may take to say which nodes there are."""

_LOOK_EVERY_S = 0.5
_DEAD = (RayActorError, OutOfMemoryError, WorkerCrashedError)


class ClusterLostError(Exception):
    """Nothing more can be had of the cluster; its text is the reason."""


class _HandDiedError(Exception):
    """The worker's process is gone, or is taken for gone."""


@dataclass(slots=True, eq=False)
class _Worker:
    """``name`` is for people; empty as long as it has not answered."""

    node: str
    actor: Any
    name: str = ""
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, order=True)
class Job:
    """A call that waits for a worker; the oldest goes first, also where it comes back."""

    number: int
    call: bytes = field(compare=False)
    answer: "asyncio.Future[Answered | Ended]" = field(compare=False)
    deaths: int = field(default=0, compare=False)


class Hands:
    """``changed`` is called with the number of workers that are ready, each time that it is another one."""

    def __init__(self, changed: Callable[[int], None]) -> None:
        self._changed = changed
        self._workers: dict[_Worker, asyncio.Task[None]] = {}
        self._jobs: asyncio.PriorityQueue[Job] = asyncio.PriorityQueue()
        self._look = asyncio.Event()
        self._told = 0
        ray.cloudpickle.register_pickle_by_value(ray_hand)
        self._kind = ray.remote(ray_hand.Hand)

    @property
    def ready(self) -> list[_Worker]:
        """The workers that have answered and live."""
        return [worker for worker in self._workers if worker.name]

    @property
    def are_all_ready(self) -> bool:
        """Whether there is one, and none that is awaited."""
        return bool(self._workers) and len(self.ready) == len(self._workers)

    async def keep(self) -> None:
        """Have a worker for each CPU of each node; ends only by an error.

        Raises ``ClusterLostError``, and ``TimeoutError`` where the head does not answer.
        """
        async with asyncio.TaskGroup() as group:
            while True:
                nodes = await asyncio.wait_for(asyncio.to_thread(ray.nodes), NODES_S)
                if not any(node["Alive"] for node in nodes):
                    raise ClusterLostError("no node of the Ray cluster is alive")
                for node in nodes:
                    self._man(group, node)
                try:
                    await asyncio.wait_for(self._look.wait(), _LOOK_EVERY_S)
                except TimeoutError:
                    continue
                self._look.clear()
                # One that dies at once must not be replaced in a tight loop.
                await asyncio.sleep(_LOOK_EVERY_S)

    async def make(self, number: int, call: bytes) -> Answered | Ended:
        """What came of the call, wherever it was made; who is cancelled takes it back where it was not begun."""
        job = Job(number, call, asyncio.get_running_loop().create_future())
        self._jobs.put_nowait(job)
        return await job.answer

    async def make_everywhere(self, call: bytes) -> dict[str, tuple[bool, bytes | str]]:
        """By worker, what ``Hand.make`` answers; those that die are left out."""

        async def made(worker: _Worker) -> tuple[bool, bytes | str] | None:
            try:
                return await self._answer(worker, call)
            except _HandDiedError:
                return None

        async with asyncio.TaskGroup() as group:
            tasks = {worker.name: group.create_task(made(worker)) for worker in self.ready}
        return {name: answer for name, task in tasks.items() if (answer := task.result()) is not None}

    def _man(self, group: asyncio.TaskGroup, node: dict[str, Any]) -> None:
        if not node["Alive"]:
            return  # its workers end by themselves
        wanted = int(node["Resources"].get("CPU", 0))
        have = sum(worker.node == node["NodeID"] for worker in self._workers)
        where = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
        options = self._kind.options(num_cpus=1, max_restarts=0, max_concurrency=8, scheduling_strategy=where)
        for _ in range(wanted - have):
            worker = _Worker(node["NodeID"], options.remote())
            self._workers[worker] = group.create_task(self._lives(worker))

    async def _lives(self, worker: _Worker) -> None:
        """From its start to its death."""
        try:
            worker.name, worker.versions = await worker.actor.described.remote()
            self._tell()
            async with asyncio.TaskGroup() as group:
                both = {group.create_task(self._works(worker)), group.create_task(self._ended(worker))}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for task in both:
                    task.cancel()
        except RayError:
            return  # it never began
        finally:
            ray.kill(worker.actor)
            del self._workers[worker]
            self._look.set()
            self._tell()

    async def _ended(self, worker: _Worker) -> None:
        """Until the worker's process is gone."""
        while True:
            try:
                await worker.actor.stay.remote()
            except ActorUnavailableError:
                if not await self._is_alive(worker):
                    return
            except RayError:
                return

    async def _works(self, worker: _Worker) -> None:
        """One call after the other, until the worker dies of one or under one."""
        while True:
            job = await self._jobs.get()
            if job.answer.done():
                continue
            try:
                is_made, value = await self._answer(worker, job.call)
            except _HandDiedError as error:
                self._came_back(job, str(error))
                return
            except asyncio.CancelledError:
                self._came_back(job, "the worker's process died")
                raise
            if not job.answer.done():
                ended = Ended(job.number, Ending.FAILED, str(value))
                job.answer.set_result(Answered(job.number, value) if is_made else ended)

    def _came_back(self, job: Job, reason: str) -> None:
        job.deaths += 1
        if job.answer.done():
            return
        if job.deaths < DEATHS_MAX:
            self._jobs.put_nowait(job)
            return
        job.answer.set_result(Ended(job.number, Ending.DIED, f"{job.deaths} workers died of it: {reason}"))

    async def _answer(self, worker: _Worker, call: bytes) -> tuple[bool, bytes | str]:
        """What ``Hand.make`` answers; asked again where the way to a living worker was cut. Raises ``_HandDiedError``."""
        while True:
            try:
                is_made, value = await worker.actor.make.remote(call)
            except ActorUnavailableError as error:
                if not await self._is_alive(worker):
                    raise _HandDiedError("a worker's process died") from error
            except _DEAD as error:
                raise _HandDiedError("a worker's process died") from error
            except RayError as error:
                return False, f"{type(error).__name__}: {first_line(error)}"
            else:
                return is_made, value

    async def _is_alive(self, worker: _Worker) -> bool:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + FATE_S
        while loop.time() < give_up_at:
            try:
                await asyncio.wait_for(worker.actor.described.remote(), give_up_at - loop.time())
            except ActorUnavailableError:
                await asyncio.sleep(_LOOK_EVERY_S)
            except (RayError, TimeoutError):
                return False
            else:
                return True
        return False

    def _tell(self) -> None:
        count = len(self.ready)
        if count != self._told:
            self._told = count
            self._changed(count)
