"""What is on its way from the servers now, and how many bytes have come since the start."""

import contextlib
from collections.abc import Iterator


class Meter:
    """Kept by the event loop alone; whoever looks at it twice knows the speed."""

    def __init__(self) -> None:
        self.active = 0
        self.received_bytes = 0

    def received(self, size_bytes: int) -> None:
        """So many bytes have come."""
        self.received_bytes += size_bytes

    @contextlib.contextmanager
    def downloading(self) -> Iterator[None]:
        """While this holds, one more download is on its way."""
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1
