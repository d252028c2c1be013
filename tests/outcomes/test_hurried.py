"""The loop on which the rows stand: it skips waiting, and nothing else."""

import asyncio
import socket
import time

import pytest

from tests.outcomes.hurried import StuckError, in_hurried_time


def test_an_hour_of_waiting_takes_no_time():
    async def wait():
        await asyncio.sleep(3600.0)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert (round(in_hurried_time(wait)), time.monotonic() - began < 30.0) == (3600, True)


@pytest.fixture
def pair():
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        other.setblocking(False)
        yield one, other


def test_who_waits_for_bytes_that_are_on_their_way_gets_them_before_a_timeout(pair):
    async def talk():
        loop, found = asyncio.get_running_loop(), 0
        with loop.expecting():
            async with asyncio.timeout(2.0), asyncio.TaskGroup() as group:
                group.create_task(loop.sock_sendall(pair[0], bytes(10**6)))
                while found < 10**6:
                    found += len(await loop.sock_recv(pair[1], 65536))
        return loop.time()

    assert in_hurried_time(talk) == 0.0


def test_who_waits_for_bytes_that_never_come_meets_his_timeout(pair):
    async def talk():
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(120.0):
                await loop.sock_recv(pair[1], 1)
        return round(loop.time())

    assert in_hurried_time(talk) == 120


def test_what_threads_would_do_is_done_at_once_and_its_errors_arrive():
    async def ask():
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        return await asyncio.to_thread(lambda: 7)

    assert in_hurried_time(ask) == 7


@pytest.mark.parametrize(("seconds", "reason"), [(None, "for nothing"), (10**9, "for ever")])
def test_a_wait_without_an_end_is_an_error(seconds, reason):
    async def wait():
        await (asyncio.Event().wait() if seconds is None else asyncio.sleep(seconds))

    with pytest.raises(StuckError, match=reason):
        in_hurried_time(wait)
