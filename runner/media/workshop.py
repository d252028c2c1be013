"""The process that makes pictures and videos for ``maker``: it gets each video, and one empty file to write to, as open handles.

It can make no other file, knows no token (its environment is empty), has a bounded memory and so much to write, steps back
behind everything else on the machine, and ends with whoever started it.
"""

import contextlib
import errno
import json
import os
import signal
import socket
from typing import Any

from runner.media.worker import answer, limit, words_of

ASK_BYTES = 4096
MOST_MEMORY_BYTES = 4 * 1024**3
MOST_BYTES = 4 * 1024**3
"""What is made of one video, at most."""

_NICE = 10
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def main() -> None:
    """Answer until the socket, which is the standard input, ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; whoever asks decides
    os.nice(_NICE)
    limit(memory_bytes=MOST_MEMORY_BYTES, file_bytes=MOST_BYTES)
    from runner.media import making  # noqa: PLC0415 - under the limits, as everything from here on

    with socket.socket(fileno=0) as asker:
        # Whatever libraries print about a file is read by nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        answer(asker, {"ready": True})
        while True:
            asked, handles, _, _ = socket.recv_fds(asker, ASK_BYTES, 2)
            if not asked:
                return
            answer(asker, _carried_out(making, json.loads(asked), handles))


def _carried_out(making: Any, asked: dict[str, Any], handles: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with (
        contextlib.suppress(OSError),  # a full target fails again when it is closed; it is answered for
        os.fdopen(handles[0], "rb") as source,
        os.fdopen(handles[1], "r+b") as target,
    ):
        found = _made(making, asked, source, target)
    return found


def _made(making: Any, asked: dict[str, Any], source: Any, target: Any) -> dict[str, Any]:
    try:
        lengths = making.make(asked["kind"], asked["parameters"], source, target)
        target.flush()
    except Exception as error:  # noqa: BLE001 - whatever a file does to the libraries is said of that file
        return {"trouble": _trouble(error, target), "reason": words_of(error)}
    return {"lengths": lengths}


def _trouble(error: Exception, target: Any) -> str:
    """A word of ``StepTrouble``, or ``disk``, which is not the file's fault."""
    if isinstance(error, OverflowError) or os.fstat(target.fileno()).st_size >= MOST_BYTES:
        return "too_large"
    return "disk" if isinstance(error, OSError) and error.errno in _FULL else "unreadable"
