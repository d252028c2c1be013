"""Who may end a run before its time: a person by a signal, or the program that awaits it."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """The wish to end one run, kept until there is an engine to be told; of its own accord nothing ever wishes it.

    ``signal`` is the number that the run's ending will name, ``None`` while nobody wants it to end.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._interrupt: Callable[[int], None] | None = None

    def listen(self) -> None:
        """Begin to hear; to be called inside the run's loop, before its first wait."""

    def pass_to(self, interrupt: Callable[[int], None]) -> None:
        """Tell the engine too, from now on."""
        self._interrupt = interrupt

    def wished(self, number: int) -> None:
        """Somebody wants the run to end; inside the run's loop. Only the first wish counts."""
        if self.signal is None:
            self.signal = number
            if self._interrupt is not None:
                self._interrupt(number)


class BySignals(Interruption):
    """SIGINT, SIGTERM and SIGHUP of this process, whose run must be in its main thread.

    ``leave`` is called before the second one ends the process without another word.
    """

    def __init__(self, leave: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._leave = leave

    def listen(self) -> None:
        """Take the signals over from whoever had them."""
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._came, number)

    def _came(self, number: int) -> None:
        if self.signal is not None:
            self._leave()
            os._exit(128 + number)  # the second one: at once; what is in the air is unknown at the next start
        self.wished(number)


class ByCaller(Interruption):
    """``stop``, from any thread and at any time: before the run has a loop, while it goes on, and after its end."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopped = False

    def listen(self) -> None:
        """Hear ``stop``, also the one that came before."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        if self._is_stopped:
            self.wished(signal.SIGINT)

    def stop(self) -> None:
        """End the run as the first Ctrl-C would; nothing happens where it has ended."""
        with self._lock:
            self._is_stopped = True
            loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended
                loop.call_soon_threadsafe(self.wished, signal.SIGINT)
