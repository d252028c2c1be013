"""A run from Python: what it makes, tells and raises, and that it is the run of the command line."""

import asyncio
import json
import signal
import threading

import pytest

import runner
from runner import EventName, JobState, UsageError, load_manifest, plan, run
from runner.cli import edge
from tests.security.support import TOKEN_ENV, envelope


def states(finished: runner.Finished) -> dict[JobState, int]:
    return {state: number for state, number in finished.standing.counts.by_state.items() if number}


async def test_a_run_makes_what_is_missing_and_tells_it_as_values(write, service, place):
    events = []
    finished = await run(write(), on_event=events.append)
    assert (finished.exit_code, states(finished)) == (0, {JobState.DONE: 2})
    assert [events[0].name, events[-1].name] == [EventName.STARTED, EventName.FINISHED]
    assert events[-1].details["jobs"]["done"] == 2
    assert len(list((place / "outputs" / "b").rglob("*.mp4"))) == len(service.posts) == 2


async def test_the_same_call_resumes_and_the_command_line_goes_on_where_it_ended(write, service, capsys):
    path = write()
    assert (await run(path, limit=1)).standing.counts.by_state[JobState.PENDING] == 1
    assert await asyncio.to_thread(edge.run, ["plan", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"]["pending"] == 1
    assert states(await run(path)) == {JobState.DONE: 2}
    again = len(service.requests)
    assert (states(await run(path)), len(service.requests)) == ({JobState.DONE: 2}, again)


async def test_events_come_in_the_callers_thread_and_the_loop_is_free_meanwhile(write):
    threads, turns = set(), 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(turn())
    await run(write(), on_event=lambda _: threads.add(threading.current_thread()))
    beside.cancel()
    assert (threads, turns > 100) == ({threading.current_thread()}, True)


async def test_an_error_in_the_callers_own_function_disturbs_nothing(write):
    loop, handled = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: handled.append(context["exception"]))

    def fail(event):
        raise ValueError(event.name)

    finished = await run(write(), on_event=fail)
    assert (states(finished), {type(each) for each in handled}) == ({JobState.DONE: 2}, {ValueError})


async def test_it_prints_nothing_and_takes_no_signal(write, capfd):
    kept, during = signal.getsignal(signal.SIGINT), []
    await run(write(), on_event=lambda _: during.append(signal.getsignal(signal.SIGINT)))
    assert (capfd.readouterr(), {*during, signal.getsignal(signal.SIGINT)}) == (("", ""), {kept})


async def test_several_batches_run_side_by_side_and_one_batch_only_once(write, service, held):
    first, second = write("first"), write("second", ("a bear",))
    both = [asyncio.create_task(run(path)) for path in (first, second)]
    await held.has_come(3)
    with pytest.raises(runner.BusyError, match="'first'"):
        await run(first)
    held.let_go()
    assert [end.exit_code for end in await asyncio.gather(*both)] == [0, 0]
    assert len(service.posts) == 3


def test_each_thread_may_have_a_loop_of_its_own(write, service):
    ends = {}
    paths = {name: write(name) for name in ("first", "second")}

    def work(name: str) -> None:
        ends[name] = asyncio.run(run(paths[name])).exit_code

    threads = [threading.Thread(target=work, args=(name,)) for name in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ends, len(service.posts)) == ({"first": 0, "second": 0}, 4)


async def test_jobs_that_fail_or_are_unknown_end_no_run_with_an_error(write, service):
    service.on_post = lambda asked: (
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
        if asked.sent["prompt"] == "a fox"
        else service.accept(asked)
    )
    finished = await run(write())
    assert (finished.exit_code, states(finished)) == (4, {JobState.DONE: 1, JobState.UNKNOWN: 1})


async def test_a_refused_account_is_a_service_error_with_the_reason(write, service):
    service.on_post = lambda _: envelope(402, message="no credits", status=402)
    with pytest.raises(runner.ServiceError, match=r"stopped: .*no credits"):
        await run(write())


async def test_a_budget_that_does_not_allow_it_is_a_budget_error_and_nothing_is_sent(write, service):
    with pytest.raises(runner.BudgetError, match="2 jobs need 80 credits"):
        await run(write(), budget=79)
    assert service.requests == []
    finished = await run(write(), budget=79, fit=True)
    assert (finished.standing.batch.spent, finished.standing.batch.budget) == (40, 79)


async def test_a_cap_that_ends_the_run_early_is_a_budget_error_too(write, service):
    service.on_status = lambda asked: service.complete(asked, consumed_credits=100)
    with pytest.raises(runner.BudgetError, match="no room for another"):
        await run(write(limits={"in_flight": 1, "requests_per_minute": 100000}), budget=80)
    assert len(service.posts) == 1


async def test_without_a_budget_it_must_be_confirmed_with_the_plan(write, service):
    path = write(budget={"credits": 1}, prompts=("a fox",))
    with open(path, encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - a test waits for its own file
        content = json.load(file)
    del content["budget"]
    with open(path, "w", encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - a test waits for its own file
        json.dump(content, file)
    with pytest.raises(UsageError, match=r"no budget.*budget=\.\.\., or confirm=.* 40 credits"):
        await run(path)
    with pytest.raises(UsageError, match="not confirmed"):
        await run(path, confirm=lambda _: False)
    assert service.requests == []
    asked = []
    assert (await run(path, confirm=lambda plan: asked.append(plan.needed) or True)).exit_code == 0
    assert asked == [40]


async def test_without_a_token_nothing_is_sent(write, service, monkeypatch):
    monkeypatch.delenv(TOKEN_ENV)
    with pytest.raises(UsageError, match=TOKEN_ENV):
        await run(write())
    assert service.requests == []


async def test_the_sandbox_is_apart_from_the_real_state(write, service, place):
    finished = await run(write(), sandbox=True, sandbox_options="latency=0")
    assert (states(finished), service.requests) == ({JobState.DONE: 2}, [])
    assert plan(write()).diff.new == 2
    assert plan(write(), sandbox=True).diff.new == 0


async def test_the_state_is_that_of_the_environment_as_on_the_command_line(write, place, monkeypatch):
    monkeypatch.setenv("RUNNER_STATE", f"sqlite:///{place}/elsewhere.db")
    await run(write(), limit=0)
    assert ((place / "elsewhere.db").exists(), (place / "state").exists()) == (True, False)
    await run(write(), limit=0, state=f"sqlite:///{place}/named.db")
    assert (place / "named.db").exists()


@pytest.mark.parametrize(
    "options",
    [{"budget": -1}, {"budget": 40.0}, {"budget": True}, {"limit": -1}, {"deadline_s": 0}, {"only": "mode"}],
)
async def test_an_option_that_makes_no_sense_is_a_usage_error_and_nothing_is_sent(write, service, options):
    with pytest.raises(UsageError):
        await run(write(), **options)
    assert service.requests == []


async def test_a_manifest_that_was_loaded_runs_as_long_as_its_file_says_the_same(write, service, place):
    (place / "rows.csv").write_text("text,sku\na heron,1\n")
    manifest = load_manifest(write(prompts=("a fox", {"file": "rows.csv"}), variables={"a": [1, 2]}))
    assert (plan(manifest).diff.new, (await run(manifest)).exit_code) == (2, 0)
    write(prompts=("a fox", "a bear"))
    for call in (lambda: plan(manifest), lambda: asyncio.run(run(manifest))):
        with pytest.raises(UsageError, match="changed since"):
            await asyncio.to_thread(call)
    assert len(service.posts) == 2


def test_every_problem_of_a_manifest_is_raised_at_once(place):
    (place / "m.yaml").write_text("version: 2\nprompts: []\n")
    for call in (load_manifest, plan, lambda path: asyncio.run(run(path))):
        with pytest.raises(runner.ManifestError) as error:
            call(place / "m.yaml")
        assert [problem.path for problem in error.value.problems] == ["version", "prompts"]


def test_a_plan_is_a_value_and_writes_nothing(write, service, place):
    planned = plan(write(), budget=100, limit=1, examples=1)
    assert (planned.needed, planned.books.left, planned.fits, len(planned.diff.examples)) == (
        40,
        100,
        True,
        1,
    )
    assert (service.requests, sorted(path.name for path in place.iterdir())) == ([], ["b.yaml"])
