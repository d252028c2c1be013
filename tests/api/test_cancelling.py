"""To cancel whoever awaits a run is the first Ctrl-C: what is in the air is waited for, and nothing becomes unknown."""

import asyncio
import threading

import pytest

from runner import EventName, JobState, UsageError, run
from runner.app import inspecting
from runner.app.workplace import Workplace


def states() -> dict[JobState, int]:
    """The jobs of the batch ``b``, by state."""
    (look,) = inspecting.standings(Workplace.at(None, sandbox=False), "b")
    return {state: number for state, number in look.standing.counts.by_state.items() if number}


def runner_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("runner")]


async def gone_again(tries: int = 200) -> bool:
    """Whether no run goes on any more."""
    for _ in range(tries):
        if not runner_threads():
            return True
        await asyncio.to_thread(threading.Event().wait, 0.02)
    return False


async def test_requests_in_the_air_are_waited_for_and_nothing_more_is_submitted(write, service, held):
    events = []
    task = asyncio.create_task(
        run(write(limits={"in_flight": 1, "requests_per_minute": 100000}), on_event=events.append)
    )
    await held.has_come()
    task.cancel()
    await asyncio.wait({task}, timeout=0.2)
    assert (task.done(), states()) == (False, {JobState.SUBMITTING: 1, JobState.PENDING: 1})
    held.let_go()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (states(), len(service.posts)) == ({JobState.RUNNING: 1, JobState.PENDING: 1}, 1)
    told = [event.name for event in events]
    assert (EventName.STOPPING in told, told[-1]) == (True, EventName.FINISHED)
    assert (await run("b.yaml")).exit_code == 0
    assert (states(), len(service.posts)) == ({JobState.DONE: 2}, 2)


async def test_to_cancel_again_does_not_make_it_unknown(write, service, held):
    task = asyncio.create_task(run(write(prompts=("a fox",))))
    await held.has_come()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    held.let_go()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert states() == {JobState.RUNNING: 1}


async def test_a_timeout_of_the_caller_is_a_timeout_error_and_the_batch_resumes(write, held):
    loop = asyncio.get_running_loop()

    async def is_up(limit: asyncio.Timeout) -> None:
        await held.has_come()
        limit.reschedule(loop.time())
        loop.call_soon(held.let_go)  # after the timeout, which is due now

    async def in_time() -> None:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
            group.create_task(is_up(limit))
            await run(write(prompts=("a fox",)))

    with pytest.raises(TimeoutError):
        await in_time()
    assert states() == {JobState.RUNNING: 1}
    assert (await run("b.yaml")).exit_code == 0


async def test_a_cancellation_before_the_run_has_begun_sends_nothing(write, service):
    task = asyncio.create_task(run(write()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (service.requests, states()) == ([], {JobState.PENDING: 2})


async def test_the_error_of_a_run_that_was_cancelled_is_the_cause_of_the_cancellation(write, service):
    task = asyncio.create_task(run(write(), budget=1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    assert "1 fit" in str(cancelled.value.__cause__) or "0 fit" in str(cancelled.value.__cause__)


async def test_a_coroutine_that_is_closed_ends_its_run_too(write, service, held):
    coroutine = run(write(limits={"in_flight": 1, "requests_per_minute": 100000}))
    coroutine.send(None)
    await held.has_come()
    coroutine.close()
    held.let_go()
    assert await gone_again()
    assert (states(), len(service.posts)) == ({JobState.RUNNING: 1, JobState.PENDING: 1}, 1)


async def test_no_thread_is_left_behind(write):
    await run(write())
    with pytest.raises(UsageError):
        await run(write(), limit=-1)
    assert await gone_again()


def test_a_loop_that_is_gone_hears_no_more_events_and_the_run_ends_well(write, service, held):
    """Whoever closes the loop under a run that it never cancelled: the batch goes on to its end all the same."""
    loop, events = asyncio.new_event_loop(), []
    coroutine = run(write(), on_event=events.append)
    task = loop.create_task(coroutine)
    loop.run_until_complete(held.has_come())
    task._log_destroy_pending = False
    loop.close()
    held.let_go()
    assert asyncio.run(gone_again())
    assert (states(), len(service.posts)) == ({JobState.DONE: 2}, 2)
    assert EventName.FINISHED not in [event.name for event in events]
    coroutine.close()
