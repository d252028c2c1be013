"""A signal that comes between two parts of a run is not lost."""

import asyncio
import contextlib
import os
import signal

from runner.app import running


def test_a_signal_that_comes_while_the_connections_are_made_ends_the_run(bench, monkeypatch):
    made = running.service.ports

    @contextlib.asynccontextmanager
    async def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.01)
        async with made(*arguments) as ports:
            yield ports

    monkeypatch.setattr(running.service, "ports", interrupted)
    done = bench.run("run", bench.manifest("a fox"))
    assert (done.code, "completed" in done.err) == (130, False)
    assert set(bench.states()) == {"pending"}
