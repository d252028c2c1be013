"""A process that looks into videos, seen from here: it is started for the first file, and again where a file was too much for it."""

import json
import os
import socket
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from runner.core.errors import UsageError
from runner.core.records import Media
from runner.media.outcomes import TURNS, Pictured, Probed, Still, Unreadable
from runner.media.worker import HEAD

LONGEST_S = 20.0
"""What one file may take; a whole one takes some milliseconds."""

_START_S = 60.0
_MOST_TEXT_BYTES = 4096
_MOST_PIXEL_BYTES = 16 * 1024 * 1024
_STRANGE = "the decoder answers what it never should"
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from runner.media.worker import main; main()"
)
_PASSED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


class Viewer:
    """Looks into one file after the other; to be used by one thread at a time, and closed.

    Whatever a file holds, each answer comes within ``longest_s`` or is ``Unreadable``.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
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

    def probe(self, handle: int) -> Probed:
        """What the open file holds; its handle stays the caller's, and its position is moved.

        Raises ``UsageError`` where the extra ``media`` cannot be used at all.
        """
        answer = self._asked(handle, None)
        return answer if isinstance(answer, Unreadable) else _media(answer[0])

    def still(self, handle: int, edge: int) -> Pictured:
        """One picture that stands for the open file, at most ``edge`` pixels wide and high; as for ``probe``."""
        answer = self._asked(handle, edge)
        return answer if isinstance(answer, Unreadable) else _still(*answer)

    def _asked(self, handle: int, edge: int | None) -> tuple[dict[str, Any], bytes] | Unreadable:
        line = self._line or self._started()
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            socket.send_fds(line, [json.dumps({"edge": edge}).encode()], [handle])
            found, pixels = _received(line)
        except TimeoutError:
            self.close()
            return Unreadable(f"it takes the decoder more than {self._longest_s:.0f} s")
        except (OSError, ValueError):
            self.close()
            return Unreadable("it ends the decoder")
        except BaseException:  # Ctrl-C: an answer that nobody has read must not be taken for the next one's
            self.close()
            raise
        return Unreadable(str(found["unreadable"])) if "unreadable" in found else (found, pixels)

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._line = ours
        try:
            with theirs:
                self._process = self._begun(theirs)
            ours.settimeout(_START_S)
            _received(ours)
        except OSError as error:
            raise UsageError(f"videos cannot be looked into: {self._last_words() or error}") from error
        ours.settimeout(self._longest_s)
        return ours

    def _begun(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - this interpreter and this code
            [sys.executable, "-I", "-c", _CODE, json.dumps(sys.path)],
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


def _media(found: dict[str, Any]) -> Probed:
    """The answer field by field: a file that took the decoder over could send anything."""
    match found:
        case {
            "width": int(width),
            "height": int(height),
            "duration_s": (float() | None) as duration_s,
            "fps": (float() | None) as fps,
            "codec": str(codec),
        }:
            return Media(width, height, duration_s, fps, codec)
        case _:
            return Unreadable(_STRANGE)


def _still(found: dict[str, Any], pixels: bytes) -> Pictured:
    match found:
        case {"width": int(width), "height": int(height), "turn": turn} if (
            turn in TURNS and len(pixels) == width * height * 3 > 0
        ):
            return Still(width, height, pixels, turn)
        case _:
            return Unreadable(_STRANGE)


def _received(line: socket.socket) -> tuple[dict[str, Any], bytes]:
    head = _exactly(line, HEAD.size)
    text_bytes, pixel_bytes = HEAD.unpack(head)
    if text_bytes > _MOST_TEXT_BYTES or pixel_bytes > _MOST_PIXEL_BYTES:
        raise ValueError("that is no answer of ours")
    found: dict[str, Any] = json.loads(_exactly(line, text_bytes))
    return found, _exactly(line, pixel_bytes)


def _exactly(line: socket.socket, size: int) -> bytes:
    """So many bytes; raises ``OSError`` where the process has ended before."""
    received = bytearray()
    while len(received) < size:
        piece = line.recv(min(size - len(received), 1 << 20))
        if not piece:
            raise ConnectionResetError
        received += piece
    return bytes(received)
