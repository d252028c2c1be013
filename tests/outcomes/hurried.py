"""An event loop with real sockets and hurried time: whenever nobody has anything to do, what is due next is due now.

Everything is in one thread: the server, the client, the engine, and what would otherwise run in threads. So when the
sockets are silent, nothing but time can make a difference, and the longest timeout costs milliseconds.
"""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

LONGEST_S = 2 * 24 * 3600.0
_KERNEL_S = 0.002
_LOADED_KERNEL_S = 0.03

T = TypeVar("T")


class StuckError(RuntimeError):
    """Nothing would ever happen again, or two days went by without an end."""


class _Hurried(selectors.DefaultSelector):
    """A selector that waits for what the kernel still carries, and then lets the rest of its timeout have passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.under_way = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and (timeout is None or timeout > 0):
            ready = super().select(self._kernel_s(timeout))
            if not ready:
                self._jump(timeout)
        return ready

    def _kernel_s(self, timeout: float | None) -> float:
        """Bytes between two sockets of one machine arrive at once, but on a loaded one that may take a moment.

        It matters only while somebody waits for them, and most where the jump could end his patience.
        """
        if not self.under_way:
            return 0.0
        return _KERNEL_S if timeout is not None and timeout < 1.0 else _LOADED_KERNEL_S

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            raise StuckError("everybody waits, and for nothing")
        self.now += timeout
        if self.now > LONGEST_S:
            raise StuckError("this goes on for ever")


class HurriedLoop(asyncio.SelectorEventLoop):
    """Begins at second 0."""

    def __init__(self) -> None:
        self._hurried = _Hurried()
        super().__init__(self._hurried)

    def time(self) -> float:
        return self._hurried.now

    @contextlib.contextmanager
    def expecting(self) -> Iterator[None]:
        """While this holds, somebody waits for what comes over a socket."""
        self._hurried.under_way += 1
        try:
            yield
        finally:
            self._hurried.under_way -= 1

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Run it here and now: of a thread nobody could say whether it is still at work."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            done.set_exception(error)
        return done


def in_hurried_time(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``main()`` returns, run in such a loop."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(main())
