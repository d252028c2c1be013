"""What the tests of security share: the program in a process of its own, and a service that says any bytes at all."""

import asyncio
import contextlib
import io
import json
import os
import re
import signal
import ssl
import struct
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from runner.cli import edge
from tests.no_traceback import refuse_traceback

from . import forked

TOKEN_ENV = "GROKIMAGINE_API_TOKEN"
TOKEN = "sk-ordinary-0123456789"
UNHURRIED = {"requests_per_minute": 100000, "canary": False}
Reply = bytes | AsyncIterator[bytes]


def manifest(base_url: str, prompts: Iterable[object] = ("a fox",), **more: object) -> str:
    """A manifest as JSON, which is YAML too."""
    content: dict[str, object] = {
        "version": 1,
        "name": "b",
        "provider": {
            "base_url": base_url,
            "timeouts": {"connect": "2s", "submit": "5s", "status": "2s"},
        },
        "budget": {"credits": 4000},
        "limits": UNHURRIED,
        "prompts": list(prompts),
    }
    return json.dumps(content | more)


@dataclass(frozen=True)
class Ended:
    """A process that has ended; ``rss_bytes`` is the most memory that it ever held, ``cpu_s`` the time it worked.

    Both are 0 for a forked process that a signal ended.
    """

    code: int
    out: str
    err: str
    rss_bytes: int
    cpu_s: float

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass
class Program:
    """``runner`` in a folder of its own; its only token is ``token``.

    ``is_fresh``: in a new interpreter, ``python -m runner``; otherwise forked from one that has everything imported.
    """

    folder: Path
    token: str = TOKEN
    env: dict[str, str] = field(default_factory=dict)
    is_fresh: bool = False

    def write(self, text: str, name: str = "m.yaml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *arguments: str, umask: int | None = None, terminal: str | None = None) -> "Running":
        number = time.monotonic_ns()
        out, err, used = (self.folder.parent / f"{number}.{name}" for name in ("out", "err", "used"))
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment |= {TOKEN_ENV: self.token} | self.env
        setting = forked.Setting(self.folder, environment, out, err, used, umask, terminal)
        return Fresh(arguments, setting) if self.is_fresh else Forked(arguments, setting)

    def ask(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and all that was said, of a command inside this process: quicker, but nothing bounds it."""
        said = io.StringIO()
        before = dict(os.environ)
        os.environ.update({TOKEN_ENV: self.token, **self.env})
        try:
            with (
                contextlib.chdir(self.folder),
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
            ):
                code = edge.run(arguments)
            refuse_traceback(said.getvalue())
            return code, said.getvalue()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def run(self, *arguments: str, timeout_s: float = 60.0, **how) -> Ended:
        return self.start(*arguments, **how).end(timeout_s)


class Running(ABC):
    """A process of the program; ``out`` and ``err`` are the files with what it has said so far."""

    pid: int

    def __init__(self, setting: forked.Setting) -> None:
        self.out, self.err, self.used = setting.out, setting.err, setting.used
        self.out.touch()
        self.err.touch()

    @abstractmethod
    def ended_within(self, timeout_s: float) -> tuple[int, int, float] | None:
        """Its exit code, memory and time of work; ``None`` where it runs on."""

    def end(self, timeout_s: float = 60.0) -> Ended:
        """Wait for the end; a process that takes longer is killed, and the test fails."""
        found = self.ended_within(timeout_s)
        if found is None:
            os.kill(self.pid, signal.SIGKILL)
            self.ended_within(10.0)
            raise AssertionError(f"still running after {timeout_s} s: {self.err.read_text()[-2000:]}")
        said = [path.read_bytes().decode("utf-8", "backslashreplace") for path in (self.out, self.err)]
        refuse_traceback(*said)
        return Ended(found[0], *said, *found[1:])

    def until(self, happened: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Wait for something that the process brings about; it is killed, and the test fails, if that never comes."""
        give_up_at = time.monotonic() + timeout_s
        while not happened():
            if time.monotonic() > give_up_at:
                raise AssertionError(f"it never happened: {self.stopped(signal.SIGKILL).said[-2000:]}")
            time.sleep(0.01)

    def stopped(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Its end after that signal; it may have ended before."""
        os.kill(self.pid, number)  # not Popen's: that would reap it, and with it what it used
        return self.end()


class Forked(Running):
    def __init__(self, arguments: tuple[str, ...], setting: forked.Setting) -> None:
        super().__init__(setting)
        self._process = forked.start(arguments, setting)
        self.pid = self._process.pid or 0

    def ended_within(self, timeout_s: float) -> tuple[int, int, float] | None:
        self._process.join(timeout_s)
        code = self._process.exitcode
        if code is None:
            return None
        rss_bytes, cpu_s = json.loads(self.used.read_text()) if self.used.exists() else (0, 0.0)
        return code, rss_bytes, cpu_s


class Fresh(Running):
    def __init__(self, arguments: tuple[str, ...], setting: forked.Setting) -> None:
        super().__init__(setting)
        names = [setting.terminal] * 2 if setting.terminal else [str(setting.out), str(setting.err)]
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(Path(name).open("r+b", buffering=0)) for name in names]
            command = [sys.executable, "-m", "runner", *arguments]
            stdin = streams[0] if setting.terminal else subprocess.DEVNULL
            umask = -1 if setting.umask is None else setting.umask
            self._process = subprocess.Popen(
                command,
                cwd=setting.folder,
                env=setting.environment,
                umask=umask,
                stdin=stdin,
                stdout=streams[0],
                stderr=streams[1],
            )
        self.pid = self._process.pid

    def ended_within(self, timeout_s: float) -> tuple[int, int, float] | None:
        give_up_at = time.monotonic() + timeout_s
        while True:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > give_up_at:
                return None
            time.sleep(0.005)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    head: bytes
    body: bytes
    number: int

    @property
    def sent(self) -> Mapping[str, object]:
        return json.loads(self.body)

    @property
    def task_id(self) -> str:
        found = re.search(r"task_id=([^&]*)", self.target)
        return found[1] if found else ""

    def header(self, name: str) -> str | None:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        found = (
            line.split(":", 1)[1].strip() for line in lines if line.lower().startswith(name.lower() + ":")
        )
        return next(found, None)


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer, after which the connection ends."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode() + body


def envelope(code: int, content: object = None, status: int = 200, **more: object) -> bytes:
    body = {"code": code, "message": "success", "data": content} | more
    return answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def video(name: str = "") -> bytes:
    ftyp = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    return ftyp + box(b"moov", box(b"mvhd", bytes(100))) + box(b"mdat", name.encode() + bytes(2000))


class Service:
    """A service in a thread. As it is, it accepts everything and finishes it at once; a test replaces what it likes.

    Every request of every kind is kept in ``requests``, as it came.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Asked] = []
        self.prompts: dict[str, Mapping[str, object]] = {}
        self.on_post: Callable[[Asked], Reply] = self.accept
        self.on_status: Callable[[Asked], Reply] = self.complete
        self.on_file: Callable[[Asked], Reply] = self.deliver
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self.tls = tls
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def posts(self) -> list[Asked]:
        return [asked for asked in self.requests if asked.method == "POST"]

    def accept(self, asked: Asked) -> bytes:
        task_id = f"task_{asked.number}"
        self.prompts[task_id] = asked.sent
        return envelope(200, {"task_id": task_id})

    def complete(self, asked: Asked, **also: object) -> bytes:
        task_id = asked.task_id
        found = {"task_id": task_id, "status": "completed", "consumed_credits": 40}
        found |= {"request": self.prompts.get(task_id), "response": [f"{self.url}/files/{task_id}.mp4"]}
        return envelope(200, found | also)

    def deliver(self, asked: Asked) -> bytes:
        return answer(200, video(asked.target), {"Content-Type": "video/mp4"})

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._listener.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(await self._read(reader), writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        asked = Asked(method, target, head, body, len(self.requests))
        self.requests.append(asked)
        return asked

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        chosen = self.on_post if asked.method == "POST" else self.on_status
        if asked.method == "GET" and not asked.target.startswith("/v1/"):
            chosen = self.on_file
        reply = chosen(asked)
        if isinstance(reply, bytes):
            writer.write(reply)
            await writer.drain()
            return
        async for piece in reply:
            writer.write(piece)
            await writer.drain()
