"""The process that opens videos for ``viewer``: it is asked over a socket and is handed each file as an open handle.

It can write no file, knows no token (its environment is empty), has a bounded memory, and ends with whoever started it.
"""

import json
import os
import resource
import signal
import socket
import struct
from typing import Any

HEAD = struct.Struct(">II")
"""Before each answer: how long its JSON is, and how long the pixels behind it are."""

ASK_BYTES = 200
MOST_MEMORY_BYTES = 2 * 1024**3
REASON_CHARS = 200


def main() -> None:
    """Answer until the socket, which is the standard input, ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; whoever asks decides
    limit(memory_bytes=MOST_MEMORY_BYTES, file_bytes=0)
    from runner.media import decoding  # noqa: PLC0415 - under the limits, as everything from here on

    with socket.socket(fileno=0) as asker:
        # Whatever libraries print about a file is read by nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        answer(asker, {"ready": True})
        while True:
            asked, handles, _, _ = socket.recv_fds(asker, ASK_BYTES, 1)
            if not asked:
                return
            with os.fdopen(handles[0], "rb") as file:
                answer(asker, *_looked(decoding, json.loads(asked), file))


def limit(*, memory_bytes: int, file_bytes: int) -> None:
    """Bound what this process may take; the memory is not bounded on macOS."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_least(file_bytes, most),) * 2)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    bound = _least(memory_bytes, most)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    except (OSError, ValueError):  # macOS knows no such limit
        return


def _least(wanted: int, most: int) -> int:
    return wanted if most == resource.RLIM_INFINITY else min(wanted, most)


def _looked(decoding: Any, asked: dict[str, Any], file: Any) -> tuple[dict[str, Any], bytes]:
    try:
        if asked["edge"] is None:
            return dict(decoding.facts(file)), b""
        found, pixels = decoding.picture(file, asked["edge"])
        return dict(found), pixels
    except Exception as error:  # noqa: BLE001 - whatever a file does to the decoder is said of that file
        return {"unreadable": words_of(error)}, b""


def answer(asker: socket.socket, found: dict[str, Any], pixels: bytes = b"") -> None:
    """Send what ``process`` waits for."""
    text = json.dumps(found).encode()
    asker.sendall(HEAD.pack(len(text), len(pixels)) + text + pixels)


def words_of(error: BaseException) -> str:
    """What an error says of itself, not too long."""
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)[:REASON_CHARS]
