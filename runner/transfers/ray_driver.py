"""``python -m runner.transfers.ray_driver ADDRESS WORKERS_S PLACE``: the process that Ray knows, started by ``on_ray``.

Ray takes over the process that it is imported into: it writes to its terminal, replaces its signal handlers, hands its
environment to workers, and ends it where the head is gone. The coordinator, which has the token and the books, must not be
that process. This one has neither. What it has to say goes over its standard output, and it ends with its standard input.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

import psutil  # type: ignore[import-not-found, import-untyped, unused-ignore]  # an extra
import ray  # type: ignore[import-not-found, unused-ignore]  # an extra

from runner.transfers import frames
from runner.transfers.engine import ALONE_S
from runner.transfers.ray_hands import ClusterLostError, Hands

OTHERS_S = 5.0
"""How long the other workers are waited for at the start when the first one is there."""

_STORE_BYTES = 100_000_000
"""Of shared memory, for a local cluster: what goes through it are paths and hashes. Ray's least is 75 MB."""

_LOOK_EVERY_S = 0.2
_HEAD_EVERY_S = 1.0
_HEAD_S = 5.0
_MISSES_MAX = 2


class Driver:
    """Requests from ``stdin``, reports to ``out``."""

    def __init__(self, out: BinaryIO, workers_s: float) -> None:
        self._out = out
        self._workers_s = workers_s
        self._hands = Hands(self._changed)
        self._has_begun = False
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def drive(self) -> None:
        """Until ``stdin`` ends; raises ``ClusterLostError``."""
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(work)
                for work in (self._hands.keep(), self._begin(), _watch_head(), self._alone())
            ]
            await self._serve(group)
            for task in [*beside, *self._tasks.values()]:
                task.cancel()

    def report(self, report: frames.Report) -> None:
        """Say it; raises ``OSError`` where nobody listens any more."""
        self._out.write(frames.framed(report))
        self._out.flush()

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        reader, unframer = asyncio.StreamReader(), frames.Unframer()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while piece := await reader.read(65536):
            for request in unframer.fed(piece):
                self._take(group, cast("frames.Request", request))

    def _take(self, group: asyncio.TaskGroup, request: frames.Request) -> None:
        match request:
            case frames.Drop(number):
                if number in self._tasks:
                    self._tasks[number].cancel()
            case frames.Make(number, _) | frames.MakeEverywhere(number, _) | frames.AskVersions(number):
                task = group.create_task(self._answered(request))
                self._tasks[number] = task
                task.add_done_callback(lambda _: self._tasks.pop(number))

    async def _answered(self, request: frames.Request) -> None:
        match request:
            case frames.Make(number, call):
                self.report(await self._hands.make(number, call))
            case frames.MakeEverywhere(number, call):
                self.report(frames.Answered(number, await self._hands.make_everywhere(call)))
            case frames.AskVersions(number):
                found = {worker.name: worker.versions for worker in self._hands.ready}
                self.report(frames.Answered(number, found))
            case frames.Drop():
                pass  # taken by _take

    async def _begin(self) -> None:
        """Wait for the workers that begin at once, so that all of these are asked what they see."""
        loop = asyncio.get_running_loop()
        began_at, first_at = loop.time(), None
        while not self._hands.are_all_ready:
            now = loop.time()
            if first_at is None and self._hands.ready:
                first_at = now
            if first_at is not None and now - first_at > OTHERS_S:
                break
            if first_at is None and now - began_at > self._workers_s:
                raise ClusterLostError(
                    f"no worker began within {self._workers_s:.0f} s: every CPU of the cluster is taken, or it has none"
                )
            await asyncio.sleep(_LOOK_EVERY_S)
        self._has_begun = True
        self._changed(len(self._hands.ready))

    def _changed(self, count: int) -> None:
        if self._has_begun:
            self.report(frames.Slots(count))

    async def _alone(self) -> None:
        loop = asyncio.get_running_loop()
        seen_at = loop.time()
        while loop.time() - seen_at <= ALONE_S:
            await asyncio.sleep(_HEAD_EVERY_S)
            if self._hands.ready or not self._has_begun:
                seen_at = loop.time()
        raise ClusterLostError(f"the cluster has had no worker for {ALONE_S:.0f} s")


async def _watch_head() -> None:
    """Raise ``ClusterLostError`` when the head is gone; Ray itself asks for a minute, and then ends this process."""
    address = ray.get_runtime_context().gcs_address
    host, _, port = address.rpartition(":")
    misses = 0
    while misses < _MISSES_MAX:
        await asyncio.sleep(_HEAD_EVERY_S)
        try:
            async with asyncio.timeout(_HEAD_S):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except (OSError, TimeoutError):
            misses += 1
        else:
            misses = 0
            writer.close()
    raise ClusterLostError(f"the head of the Ray cluster at {address} is gone")


def _started(address: str, place: str) -> None:
    """Ray, quiet; raises ``ClusterLostError``, and what Ray raises: it names no classes for these."""
    if ":" in address:
        host, _, port = address.rpartition(":")
        try:  # Ray asks for minutes
            socket.create_connection((host.strip("[]"), int(port)), _HEAD_S).close()
        except OSError as error:
            raise ClusterLostError(f"nobody answers: {error.strerror or error}") from error
    quiet = {"include_dashboard": False} if address == "local" else {}
    local = {"object_store_memory": _STORE_BYTES, "_temp_dir": place} if address == "local" else {}
    ray.init(address=address, log_to_driver=False, logging_level="CRITICAL", **quiet, **local)


def _reason(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return _reason(error.exceptions[0])
    if isinstance(error, ClusterLostError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "the head of the Ray cluster does not answer"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


async def _driven(out: BinaryIO, workers_s: float) -> None:
    """Says what ended it before the loop ends: that waits for threads, and one of them may wait for the head."""
    try:
        await Driver(out, workers_s).drive()
    except Exception as error:  # noqa: BLE001 - it is said where somebody reads it
        _end(out, error)


def _end(out: BinaryIO, error: BaseException | None) -> NoReturn:
    """The end of this process and of all that it started: without a head, Ray's own end would wait for it."""
    with contextlib.suppress(OSError):
        if error is not None:
            out.write(frames.framed(frames.Lost(_reason(error))))
        out.flush()
    for process in psutil.Process().children(recursive=True):  # workers are in groups of their own
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(Path.cwd(), ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
    raise AssertionError("it is dead")


def main(address: str, workers_s: float, place: str) -> None:
    """All of it; does not return. Is the first of its process group; ``place`` is removed at the end."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.chdir(place)
    sys.argv = [str(Path(place) / "runner")]  # Ray gives its folder to workers, as one to import from
    try:
        _started(address, place)
        asyncio.run(_driven(out, workers_s))
        ray.shutdown()
    except BaseException as error:  # noqa: BLE001 - it is said where somebody reads it, also what ends the interpreter
        _end(out, error)
    _end(out, None)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
