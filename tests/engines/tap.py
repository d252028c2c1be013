"""What a process says to the scheduler, heard on the wire."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tap:
    """A port that leads to the scheduler's, and everything that was said to it."""

    listener: socket.socket
    target: int
    heard: bytearray = field(default_factory=bytearray)
    ends: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            self.ends += [near, far]
            for source, sink, is_heard in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(source, sink, is_heard), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_heard: bool) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                if is_heard:
                    self.heard += part
                sink.sendall(part)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def tapped(target: int) -> Iterator[Tap]:
    """A tap before the port ``target`` of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tap = Tap(listener, target)
        serving = threading.Thread(target=tap.serve, daemon=True)
        serving.start()
        try:
            yield tap
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()
            for end in tap.ends:
                end.close()
