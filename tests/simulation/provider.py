"""The provider of one simulated process: it talks to the scripted service over a network that has latencies."""

import asyncio

from runner.core.outcomes import Completed, Failed


class SimulatedProvider:
    """Implements ``runner.providers.Provider`` for one process."""

    capabilities = None

    def __init__(self, process):
        self._process = process
        self._world = process.world
        self._service = process.world.service

    async def submit(self, request):
        process, service = self._process, self._service
        process.point("post leaves")
        post = service.sent(process.number, process.reserved_by_this_task(), request, process.now())
        process.log("post", post.number, "job", post.job, "attempt", post.attempt, post.fate.word)
        self._world.checker.post_leaves(process, post)
        if post.is_open:
            # The bytes are on their way, whatever becomes of this process.
            asyncio.get_running_loop().call_later(post.fate.travel_s, self._world.arrive, post)
        await asyncio.sleep(post.fate.answer_s)
        process.point("post answered")
        answer = service.answer(post, process.now())
        process.log("answer to post", post.number, answer)
        self._world.checker.post_answered(process, post, answer)
        return answer

    async def status(self, task_id):
        process, service = self._process, self._service
        process.point("status asked")
        self._world.checker.status_asked(process, task_id)
        await asyncio.sleep(self._world.latency_s())
        answer = service.status(task_id, process.now())
        await asyncio.sleep(self._world.latency_s())
        process.point("status answered")
        process.log("status of", task_id, answer)
        if isinstance(answer, Completed | Failed):
            service.tasks[task_id].told = answer
        self._world.checker.status_answered(process, answer)
        return answer

    async def close(self):
        """Nothing is open."""
