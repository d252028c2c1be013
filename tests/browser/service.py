"""A small review server of one page: what it is told to tell, and what pages sent to it."""

import asyncio
import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Self

from aiohttp import web

from runner.core.choice import checked
from runner.report.catalogue import Catalogue
from tests.browser import trees
from tests.browser.trees import Wanted


@dataclass
class Service:
    """Serves on a loopback port in a thread of its own, inside a ``with``."""

    jobs: list[Wanted]
    sent: list[Any] = field(default_factory=list)
    refusal: str | None = None
    url: str = ""
    is_closed_to_events: bool = False

    def __enter__(self) -> Self:
        self._sequence = 0
        self._listening: set[asyncio.Queue[bytes | None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._do(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def change(self, index: int, **fields: Any) -> None:
        """Change a job, or add one behind the last, and tell every page."""
        if index == len(self.jobs):
            self.jobs.append(Wanted(**fields))
        else:
            self.jobs[index] = replace(self.jobs[index], **fields)
        self._do(self._tell([index]))

    def cut(self) -> None:
        """End every stream of events, and answer none until ``mend``."""
        self.is_closed_to_events = True
        self._do(self._hang_up())

    def mend(self) -> None:
        """Answer again."""
        self.is_closed_to_events = False

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/token/", self._page)
        app.router.add_get("/token/events", self._events)
        app.router.add_post("/token/choices", self._choices)
        app.router.add_get("/token/{path:.+}", self._video)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/token/"

    async def _stop(self) -> None:
        await self._hang_up()
        await self._runner.cleanup()

    async def _hang_up(self) -> None:
        for queue in self._listening:
            queue.put_nowait(None)

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(body=trees.page_of(self.jobs, self._sequence), content_type="text/html")

    async def _video(self, request: web.Request) -> web.Response:
        ratio = "3x2" if "3x2" in request.path else "1x1" if "1x1" in request.path else "2x3"
        return web.Response(body=trees.clip(ratio), content_type="video/mp4")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.is_closed_to_events:
            request.transport.abort()
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await answer.prepare(request)
        await answer.write(b"retry: 100\n\n")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._listening.add(queue)
        try:
            while (event := await queue.get()) is not None:
                await answer.write(event)
        finally:
            self._listening.discard(queue)
        return answer

    async def _choices(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.sent.append(body)
        if self.refusal is not None:
            return web.json_response({"error": self.refusal}, status=409)
        index = int(body["jobs"][0], 16)
        choice = replace(self.jobs[index].choice, **checked(body["set"]))
        self.jobs[index] = replace(self.jobs[index], choice=choice)
        rows = await self._tell([index])
        return web.json_response({"sequence": self._sequence, "jobs": rows})

    async def _tell(self, indexes: list[int]) -> list[Any]:
        self._sequence += 1
        known = Catalogue()
        everything = [known.row(trees.record_of(*one)) for one in enumerate(self.jobs)]
        prompts, details = known.take_new()
        rows = [everything[index] for index in indexes]
        head = trees.head_of(self.jobs)
        told = {"sequence": self._sequence, "jobs": rows, "prompts": prompts, "details": details}
        told |= {"figures": head.figures, "failures": head.failures}
        event = f"event: change\nid: {self._sequence}\ndata: {json.dumps(told)}\n\n".encode()
        for queue in self._listening:
            queue.put_nowait(event)
        return rows
