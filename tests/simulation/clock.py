"""Time that costs nothing: an event loop whose clock jumps to its next timer."""

import asyncio
import selectors


class StuckError(Exception):
    """Nothing is ready and nothing ever will be: whoever is still waiting waits for ever."""


class _Jumping(selectors.SelectSelector):
    """Files are never ready here; waiting for them moves the clock instead."""

    def __init__(self):
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout=None):
        if timeout is None:
            raise StuckError("nothing is left that could wake anybody")
        self.now_s += max(0.0, timeout)
        return []


class _NumberedTask(asyncio.Task):
    """A task whose hash does not depend on where it lies in memory: sets of tasks are walked in the same order."""

    def __init__(self, number, *args, **kwargs):
        self._number = number
        super().__init__(*args, **kwargs)

    def __hash__(self):
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds from 0; real time does not pass. Raises ``StuckError`` where nobody can go on."""

    def __init__(self):
        self._jumping = _Jumping()
        self._tasks_made = 0
        super().__init__(self._jumping)
        self.set_task_factory(self._made)

    def time(self):
        return self._jumping.now_s

    @staticmethod
    def _made(loop, coroutine, **kwargs):
        loop._tasks_made += 1
        return _NumberedTask(loop._tasks_made, coroutine, loop=loop, **kwargs)


def run_on_virtual_clock(main):
    """What the coroutine returns; on a loop of its own, which is closed afterwards. Raises what it raises."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        leave_nothing(loop)
        loop.close()


def leave_nothing(loop):
    """Cancel what an exception left running, so that no task is destroyed while it is pending."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
