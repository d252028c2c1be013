"""The service as a real HTTP server on loopback, in this event loop, in a thread, or alone in a process."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Self

from aiohttp import web

from runner.core.errors import UsageError
from runner.sandbox import downloads, statuses, submissions
from runner.sandbox.answers import Answer, refusal, send
from runner.sandbox.ledger import Ledger
from runner.sandbox.options import SandboxOptions
from runner.sandbox.service import Service

_LOOPBACK = "127.0.0.1"
_FLUSH_S = 0.02
_STOP_S = 0.2


class Sandbox:
    """A service with one ledger and one port; usable from one event loop.

    ``ledger_path`` ``None`` keeps the ledger in memory; ``port`` 0 takes a free one; ``clock`` gives epoch seconds. As
    an async context manager it starts, gives itself, and stops. ``ledger`` can be read before, meanwhile and after.
    Raises ``StateError`` where the ledger cannot be opened.
    """

    def __init__(
        self,
        options: SandboxOptions | None = None,
        ledger_path: Path | None = None,
        *,
        host: str = _LOOPBACK,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options or SandboxOptions()
        self.ledger = Ledger(ledger_path)
        self.base_url = ""
        self._address = (host, port)
        self._service = Service(self.options, self.ledger, clock)
        self._runner: web.ServerRunner | None = None
        self._flush: asyncio.TimerHandle | None = None

    async def start(self) -> str:
        """Listens, and gives the base URL (``http://127.0.0.1:PORT``); raises ``UsageError`` if the port is taken."""
        host, port = self._address
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=_STOP_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise UsageError(
                f"the sandbox cannot listen on {host}:{port}: {error} - choose another port"
            ) from error
        self._runner = runner
        shown_host = f"[{host}]" if ":" in host else host
        self.base_url = f"http://{shown_host}:{runner.addresses[0][1]}"
        return self.base_url

    async def stop(self) -> None:
        """Closes the port and every connection, within 0.2 s, and commits the ledger, which stays open."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._flush is not None:
            self._flush.cancel()
        self._commit()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(downloads.PREFIX):
            answer = self._file_answer(request)
        else:
            answer = await self._api_answer(request)
        if self._flush is None:
            # Notes of requests share a commit; an accepted task was committed by itself and never waits for this.
            self._flush = asyncio.get_running_loop().call_later(_FLUSH_S, self._commit)
        return await send(request, answer)

    def _commit(self) -> None:
        self._flush = None
        self.ledger.flush()

    def _file_answer(self, request: web.BaseRequest) -> Answer:
        if request.method not in ("GET", "HEAD"):
            return self._service.no_such_path(request.path, 405)
        return downloads.answer(self._service, request.path, request.query, request.headers)

    async def _api_answer(self, request: web.BaseRequest) -> Answer:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            body = None
        answer = self._let_in(request, body)
        headers = {**self._service.window.headers(self._service.clock()), **answer.headers}
        return replace(answer, headers=headers, delay_s=answer.delay_s + self.options.answer_delay_s)

    def _let_in(self, request: web.BaseRequest, body: bytes | None) -> Answer:
        service, path = self._service, request.path
        token = _bearer(request)
        if not token or self.options.token not in (None, token):
            return service.turn_away(path, refusal(401, "INVALID_API_KEY", "Invalid or missing API key"))
        now_s = service.clock()
        if not service.window.take(now_s):
            return service.too_many(path, "Too many requests", service.window.ends_at_s - now_s)
        if body is None:
            return service.turn_away(path, refusal(413, "PAYLOAD_TOO_LARGE", "The body is larger than 1 MiB"))
        return self._routed(request, body, token)

    def _routed(self, request: web.BaseRequest, body: bytes, token: str) -> Answer:
        service, path = self._service, request.path
        match (path, request.method):
            case (submissions.PATH, "POST"):
                return submissions.answer(service, body, token)
            case (statuses.PATH, "GET"):
                origin = f"{request.scheme}://{request.host}"
                return statuses.answer(service, request.query.get("task_id"), origin)
            case (submissions.PATH | statuses.PATH, _):
                return service.no_such_path(path, 405)
            case _:
                return service.no_such_path(path, 404)


def _bearer(request: web.BaseRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


@contextmanager
def running_in_thread(options: SandboxOptions, ledger_path: Path | None) -> Iterator[str]:
    """A sandbox on an event loop of its own, in a daemon thread; gives its base URL, and stops it afterwards.

    Raises ``StateError`` where the ledger cannot be opened.
    """
    sandbox = Sandbox(options, ledger_path)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    try:
        base_url = asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result()
        try:
            yield base_url
        finally:
            asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_end_the_rest(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        sandbox.ledger.close()


async def _end_the_rest() -> None:
    """End the answers whose client has left: nobody else does, and asyncio complains of each on stderr."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def serve_forever(
    options: SandboxOptions,
    ledger_path: Path | None,
    host: str = _LOOPBACK,
    port: int = 0,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serves until SIGINT, SIGTERM or SIGHUP, then stops in an orderly way; call it from the main thread.

    ``on_ready`` is called once with the base URL. Raises ``UsageError`` where the port is taken, ``StateError`` where
    the ledger cannot be opened.
    """

    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stopping.set)
        async with Sandbox(options, ledger_path, host=host, port=port) as sandbox:
            on_ready(sandbox.base_url)
            await stopping.wait()
        sandbox.ledger.close()

    asyncio.run(main())
