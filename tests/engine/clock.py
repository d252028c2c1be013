"""An event loop whose time jumps to whatever is due next, so that a day of waiting takes no time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

LONGEST_S = 30 * 24 * 3600.0

T = TypeVar("T")


class StuckError(RuntimeError):
    """Nothing would ever happen again, or a month went by without an end."""


class _Jumping(selectors.DefaultSelector):
    """A selector that does not wait for its timeout but lets it have passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError("everybody waits, and for nothing")
        self.now += timeout
        if self.now > LONGEST_S:
            raise StuckError("this goes on for ever")
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """Begins at second 0. Real sockets and threads have no place in it: time does not wait for them."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``main()`` returns, run in such a loop."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main())
