"""The review as an HTTP server on loopback, in this event loop, or alone in a process."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from runner.core.errors import StateError, UsageError
from runner.report.catalogue import Numbers
from runner.report.payload import Json
from runner.review import door, events, page, videos
from runner.review.choosing import Chooser, RefusedError, Wish
from runner.review.feed import Feed
from runner.review.lookout import PAUSE_S, Lookout
from runner.review.subject import Subject
from runner.store.places import beside

_LOOPBACK = "127.0.0.1"
_STOP_S = 1.0
_MOST_STREAMS = 64
_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
BODY_BYTES_MAX: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at the state, at least, and between two signs of life to a page, at most."""

    pause_s: float = PAUSE_S
    heartbeat_s: float = events.HEARTBEAT_S


USUAL = Pace()


class _NoRequests(logging.Filter):
    """Keeps requests that are no HTTP out of the log: what is said of them repeats their path, which holds the token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is kept."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_log = logging.getLogger(__name__)
_log.addFilter(_NoRequests())


@contextlib.asynccontextmanager
async def reviewing(subject: Subject, port: int = 0, pace: Pace = USUAL) -> AsyncIterator[str]:
    """Serve the review of a batch; gives the URL of its page, with the token: whoever knows it may choose.

    ``port`` 0 takes a free one. Raises ``UsageError`` if the port is taken, and ``StateError`` where the state cannot be
    read. At the end open pages are told, and choices that were asked for are written.
    """
    async with contextlib.AsyncExitStack() as stack:
        feed = Feed()
        lookout = Lookout(subject, feed, pace.pause_s)
        stack.push_async_callback(asyncio.to_thread, lookout.close)
        await lookout.begin()
        chooser = Chooser(subject)
        stack.push_async_callback(asyncio.to_thread, chooser.close)
        trees = videos.Trees(beside(subject.state).parent)
        stack.callback(trees.close)
        service = _Service(subject, feed, lookout, chooser, trees)
        service.heartbeat_s = pace.heartbeat_s
        number = await stack.enter_async_context(_listening(service.handle, port))
        stack.callback(feed.close)  # first: what is open ends by itself then
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(lookout.watch())
            try:
                yield f"http://{_LOOPBACK}:{number}/{service.token}/"
            finally:
                watching.cancel()


def serve_forever(subject: Subject, port: int, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT, SIGTERM or SIGHUP, then stops in an orderly way; call it from the main thread.

    ``on_ready`` is called once with the URL. Raises what ``reviewing`` raises.
    """

    async def main() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with reviewing(subject, port) as url:
            on_ready(url)
            await stopping.wait()

    asyncio.run(main())


@contextlib.asynccontextmanager
async def _listening(handle: _Handler, port: int) -> AsyncIterator[int]:
    """Answer on loopback alone; gives the port."""
    # No access log: paths hold the token. A page that leaves ends what is done for it.
    server = web.Server(handle, access_log=None, logger=_log, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=_STOP_S)
    await runner.setup()
    try:
        await _listen(runner, port)
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _listen(runner: web.ServerRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, _LOOPBACK, port).start()
    except OSError as error:
        raise UsageError(
            f"the review cannot listen on {_LOOPBACK}:{port}: {os.strerror(error.errno or 0)}; choose another with --port, "
            "or leave it out for a free one"
        ) from error


class _Service:
    """What is answered to whom."""

    def __init__(
        self, subject: Subject, feed: Feed, lookout: Lookout, chooser: Chooser, trees: videos.Trees
    ) -> None:
        self.token = door.new_token()
        self._subject = subject
        self._feed = feed
        self._lookout = lookout
        self._chooser = chooser
        self._trees = trees
        self.heartbeat_s = events.HEARTBEAT_S
        self._numbers = Numbers()
        self._teller = events.Teller(subject, feed, lookout, self._numbers)
        self._streams = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        refused = door.refusal_of(request)
        if refused is not None:
            return _said(*refused)
        path = door.inner_path(request.raw_path, self.token)
        if path is None:
            return _nothing()
        if path == "":  # names in the page are relative to the folder
            return web.Response(status=308, headers={**door.HEADERS, "Location": f"/{self.token}/"})
        try:
            return await self._routed(request, path.removeprefix("/"))
        except RefusedError as error:
            return _said(error.status, str(error))
        except StateError as error:
            return _said(503, str(error))

    async def _routed(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        match (path, request.method):
            case ("choices", "POST"):
                return await self._choose(request)
            case ("choices", _) | (_, "POST"):
                return _said(405, "choices are sent with POST, everything else is fetched with GET")
            case ("", _):
                return await page.send(request, self._subject, self._feed.sequence, self._numbers)
            case ("events", "GET"):
                return await self._tell(request)
            case _:
                return await self._file(request, path)

    async def _choose(self, request: web.BaseRequest) -> web.StreamResponse:
        wish = Wish.read(await _body(request))
        pks = await self._chooser.choose(wish)
        await self._lookout.look()
        told: Json = {"sequence": self._feed.sequence, **await self._teller.rows(pks)}
        return web.json_response(told, headers=door.HEADERS)

    async def _tell(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._streams >= _MOST_STREAMS:
            return _said(503, f"{self._streams} pages are open already; close some")
        answer = web.StreamResponse(headers={**door.HEADERS, "Content-Type": "text/event-stream"})
        self._streams += 1
        try:
            await events.stream(request, answer, self._feed, self._teller, self.heartbeat_s)
        finally:
            self._streams -= 1
        return answer

    async def _file(self, request: web.BaseRequest, raw_path: str) -> web.StreamResponse:
        path = videos.path_of(raw_path)
        if path is None:
            return _nothing()
        file = await self._lookout.read(lambda view: self._lookout.watched.placed_file(view, path))
        if file is None:
            return _nothing()
        tree = await self._lookout.read(self._subject.tree)
        return await videos.send(request, door.HEADERS, self._trees, tree, file) or _nothing()


async def _body(request: web.BaseRequest) -> bytes:
    body = bytearray()
    async for block in request.content.iter_any():
        body += block
        if len(body) > BODY_BYTES_MAX:
            raise RefusedError(
                413, f"the body is larger than {BODY_BYTES_MAX} bytes; choose for fewer jobs at once"
            )
    return bytes(body)


def _nothing() -> web.Response:
    """The one answer to everything that is not there, or is not for whoever asks."""
    return _said(404, "there is nothing here")


def _said(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status, headers=door.HEADERS)
