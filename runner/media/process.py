"""A process that opens what came from outside, seen from here: started for the first file, and again where one was too much for it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from runner.core.errors import UsageError
from runner.media.outcomes import UnwantedError
from runner.media.worker import HEAD

_START_S = 60.0
_LOOK_S = 0.25
"""How often it is asked whether anybody still wants the answer."""

_MOST_TEXT_BYTES = 256 * 1024
_MOST_PIXEL_BYTES = 16 * 1024 * 1024
_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {module} import main; main()"
_PASSED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


class Decoder:
    """Asked one question after the other; to be used by one thread at a time, and closed.

    ``module`` is whose ``main`` runs in the process; ``longest_s`` is what one answer may take, and ``is_wanted`` is asked
    while it is waited for.
    """

    def __init__(self, module: str, longest_s: float, is_wanted: Callable[[], bool] = lambda: True) -> None:
        self.longest_s = longest_s
        self._module = module
        self._is_wanted = is_wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; a second call does nothing, and a further question starts another one."""
        line, self._line = self._line, None
        process, self._process = self._process, None
        if line is not None:
            line.close()
        if process is not None:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    def ask(self, question: dict[str, Any], handles: Sequence[int]) -> tuple[dict[str, Any], bytes]:
        """The answer of the process, which gets these open files; they stay the caller's.

        Raises ``TimeoutError``, ``OSError`` and ``ValueError`` where it has none, ``UnwantedError`` where nobody wants it any
        more, and ``UsageError`` where the process cannot be had at all. After any of these it is closed.
        """
        line = self._line or self._started()
        try:
            socket.send_fds(line, [json.dumps(question).encode()], handles)
            return _received(line, self._patience(self.longest_s))
        except (
            BaseException
        ):  # Ctrl-C as well: an answer that nobody has read must not be taken for the next one's
            self.close()
            raise

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._line = ours
        ours.settimeout(_LOOK_S)
        try:
            with theirs:
                self._process = self._begun(theirs)
            _received(ours, self._patience(_START_S))
        except OSError as error:
            raise UsageError(f"videos cannot be looked into: {self._last_words() or error}") from error
        except UnwantedError:
            self.close()
            raise
        return ours

    def _begun(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - this interpreter and this code
            [sys.executable, "-I", "-c", _CODE.format(module=self._module), json.dumps(sys.path)],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={name: os.environ[name] for name in _PASSED if name in os.environ},
        )

    def _last_words(self) -> str:
        """What the process said at its end, if there was one and it said anything; it is gone afterwards."""
        process, lines = self._process, []
        if process is not None and process.stderr is not None:
            process.kill()
            lines = process.stderr.read().decode(errors="replace").strip().splitlines()
        self.close()
        return lines[-1] if lines else ""

    def _patience(self, longest_s: float) -> Callable[[], None]:
        """Raises once it has been waited for that long, or nobody wants it any more."""
        end = time.monotonic() + longest_s

        def look() -> None:
            if not self._is_wanted():
                raise UnwantedError
            if time.monotonic() >= end:
                raise TimeoutError

        return look


def _received(line: socket.socket, look: Callable[[], None]) -> tuple[dict[str, Any], bytes]:
    head = _exactly(line, HEAD.size, look)
    text_bytes, pixel_bytes = HEAD.unpack(head)
    if text_bytes > _MOST_TEXT_BYTES or pixel_bytes > _MOST_PIXEL_BYTES:
        raise ValueError("that is no answer of ours")
    found = json.loads(_exactly(line, text_bytes, look))
    if not isinstance(found, dict):
        raise ValueError("that is no answer of ours")  # noqa: TRY004 - what a file sends, not a type of ours
    return found, _exactly(line, pixel_bytes, look)


def _exactly(line: socket.socket, size: int, look: Callable[[], None]) -> bytes:
    """So many bytes; raises ``OSError`` where the process has ended before."""
    received = bytearray()
    while len(received) < size:
        look()
        try:
            piece = line.recv(min(size - len(received), 1 << 20))
        except TimeoutError:
            continue
        if not piece:
            raise ConnectionResetError
        received += piece
    return bytes(received)
