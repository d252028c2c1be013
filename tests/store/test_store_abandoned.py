"""Callers that are cancelled while their change waits for its commit."""

import asyncio
import gc
import threading

from sqlalchemy import text

from runner.store.database import open_for_writing
from runner.store.writer import GroupWriter


async def test_a_commit_that_fails_after_its_caller_left_leaves_no_exception_that_nobody_saw(state):
    # The interpreter would print its traceback on stderr, among the task ids that a person must get to see.
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context["message"]))
    writer, begun, gate = GroupWriter(open_for_writing(state)), threading.Event(), threading.Event()
    first = asyncio.create_task(writer.write(lambda _: (begun.set(), gate.wait())))
    await asyncio.to_thread(begun.wait)  # so that the other one goes into a transaction of its own
    second = asyncio.create_task(
        writer.write(lambda connection: connection.execute(text("SELECT * FROM none")))
    )
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    gate.set()
    await first
    await asyncio.to_thread(writer.close)
    await asyncio.sleep(0)
    del second, writer  # the future is reported as it is thrown away
    gc.collect()
    assert unseen == []
