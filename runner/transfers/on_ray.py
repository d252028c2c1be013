"""The engine Ray: a cluster of this machine for one run, or one that this machine belongs to.

Ray itself is in a process of its own (``ray_driver`` says why), and this is the coordinator's end of its pipes. So whatever
becomes of Ray is here one thing: the pipe ended.
"""

import asyncio
import os
import pickle
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, cast

import runner
from runner.core.errors import UsageError
from runner.transfers import frames
from runner.transfers.engine import WORKERS_S, CallFailedError, EngineLostError, WorkersDiedError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGINS_S = 60.0
"""How long Ray's own beginning may take before the first worker is waited for."""

_ENDS_S = 15.0
_PLACE_MAX = 40
"""Characters of Ray's folder: what it puts below it are sockets, and the path of one has 107 at most."""

_PASSED = {"HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE"}
_PASSED |= {"PYTHONHOME", "PYTHONPATH", "TZ", "USER", "VIRTUAL_ENV"}
_PASSED_PREFIXES = ("LC_", "RAY_")


class Ray(asyncio.SubprocessProtocol):
    """The driver, as an engine. ``watch`` has nothing to do: the end of a pipe is noticed by itself."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first: asyncio.Future[int] = loop.create_future()
        """The number of slots at the start; an ``EngineLostError`` where it does not come to that."""
        self.ended: asyncio.Future[None] = loop.create_future()
        self._pipe: asyncio.WriteTransport | None = None
        self._unframer = frames.Unframer()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._slots = 1
        self._lost: str | None = None

    @property
    def slots(self) -> int:
        return max(1, self._slots)

    async def call(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        number = self._next()
        value = await self._asked(frames.Make(number, pickle.dumps((function, arguments))))
        return cast("T", pickle.loads(value))  # noqa: S301 - from a worker; who is one can run anything here

    async def everywhere(
        self, function: Callable[[*Ts], T], *arguments: *Ts
    ) -> dict[str, T | CallFailedError]:
        number = self._next()
        answers = await self._asked(frames.MakeEverywhere(number, pickle.dumps((function, arguments))))
        return {
            worker: pickle.loads(value) if is_made else CallFailedError(value)  # noqa: S301 - from a worker; who is one can run anything here
            for worker, (is_made, value) in answers.items()
        }

    async def versions(self) -> dict[str, dict[str, str]]:
        from importlib.metadata import version  # noqa: PLC0415 - Ray itself is not imported here

        ours = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "ray": version("ray")}
        found = await self._asked(frames.AskVersions(self._next()))
        return {"": ours} | {f"the worker {name}": theirs for name, theirs in found.items()}

    async def watch(self) -> None:
        await asyncio.Event().wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        pipe = cast("asyncio.SubprocessTransport", transport).get_pipe_transport(0)
        self._pipe = cast("asyncio.WriteTransport", pipe)

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's
        for report in self._unframer.fed(data):
            self._take(cast("frames.Report", report))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._lose("the process that drives Ray ended")

    def process_exited(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def _asked(self, request: frames.Make | frames.MakeEverywhere | frames.AskVersions) -> Any:
        if self._lost is not None or self._pipe is None:
            raise EngineLostError(self._lost or "Ray has not begun")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[request.number] = answer
        self._pipe.write(frames.framed(request))
        try:
            return await answer
        except asyncio.CancelledError:
            if self._lost is None:
                self._pipe.write(frames.framed(frames.Drop(request.number)))
            raise
        finally:
            self._waiting.pop(request.number, None)

    def _take(self, report: frames.Report) -> None:
        match report:
            case frames.Slots(count):
                self._slots = count
                if not self.first.done():
                    self.first.set_result(count)
            case frames.Answered(number, value):
                if (waiting := self._waiting.get(number)) is not None and not waiting.done():
                    waiting.set_result(value)
            case frames.Ended(number, ending, reason):
                kind = WorkersDiedError if ending is frames.Ending.DIED else CallFailedError
                if (waiting := self._waiting.get(number)) is not None and not waiting.done():
                    waiting.set_exception(kind(reason))
            case frames.Lost(reason):
                self._lose(reason)

    def _lose(self, reason: str) -> None:
        if self._lost is not None:
            return
        self._lost = reason
        for waiting in [self.first, *self._waiting.values()]:
            if not waiting.done():
                waiting.set_exception(EngineLostError(reason))
        if self.first.done():
            self.first.exception()  # seen, also where nobody waits for it any more


@asynccontextmanager
async def connected(address: str, workers_s: float = WORKERS_S) -> AsyncIterator[Ray]:
    """Ray with workers, at ``ray``, ``ray://auto`` or ``ray://host:port``. A local cluster is gone afterwards.

    Raises ``UsageError``.
    """
    place = _place()
    theirs = "local" if address == "ray" else address.removeprefix("ray://")
    words = ["-P", "-m", "runner.transfers.ray_driver", theirs, str(workers_s), place]
    quiet = asyncio.subprocess.DEVNULL
    try:
        transport, engine = await asyncio.get_running_loop().subprocess_exec(
            Ray,
            sys.executable,
            *words,
            stderr=quiet,
            env=environment_of(os.environ, theirs),
            start_new_session=True,
        )
        try:
            await _begun(engine, address, workers_s)
            yield engine
        finally:
            await _end(transport, engine)
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


def environment_of(ours: Mapping[str, str], address: str) -> dict[str, str]:
    """What the driver may know of the environment, and the workers of a local cluster with it: nothing that is secret.

    A local cluster has a secret of its own instead: its ports can be reached by whoever reaches this machine.
    """
    passed = {
        name: value for name, value in ours.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    ourselves = str(Path(runner.__file__).parent.parent)
    passed["PYTHONPATH"] = os.pathsep.join([ourselves, *filter(None, [passed.get("PYTHONPATH")])])
    if address == "local":
        passed |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        passed.pop("RAY_AUTH_TOKEN_PATH", None)
    return passed | {"RAY_USAGE_STATS_ENABLED": "0"}


async def _begun(engine: Ray, address: str, workers_s: float) -> None:
    try:
        async with asyncio.timeout(BEGINS_S + workers_s):
            await engine.first
    except (EngineLostError, TimeoutError) as error:
        reason = str(error) or f"it did not begin within {BEGINS_S:.0f} s"
        way_out = (
            "run it again, or leave --engine out"
            if address == "ray"
            else "make this machine a part of the cluster with `ray start --address=HOST:PORT` (the port of Ray Client, 10001, "
            "cannot be used), or leave --engine out"
        )
        raise UsageError(
            f"--engine {address}: no Ray cluster can be used there ({reason}); {way_out}; nothing was sent"
        ) from error


async def _end(transport: asyncio.SubprocessTransport, engine: Ray) -> None:
    """It ends with its standard input; what does not is killed, and a local cluster with it."""
    if (pipe := transport.get_pipe_transport(0)) is not None:
        pipe.close()
    try:
        async with asyncio.timeout(_ENDS_S):
            await asyncio.shield(engine.ended)
    except TimeoutError:
        with suppress(ProcessLookupError):
            transport.kill()
        await engine.ended
    transport.close()


def _place() -> str:
    """A folder that nobody else can read, for Ray's sockets and logs."""
    place = tempfile.mkdtemp(prefix="runner-ray-")
    if len(place) > _PLACE_MAX:
        Path(place).rmdir()
        place = tempfile.mkdtemp(prefix="runner-ray-", dir="/tmp")
    return place
