"""Somebody is told of a run's end: once, of the right thing, without a secret, and at no cost to the run."""

import asyncio
import json
import signal
import threading

import pytest

from runner import load_manifest, run
from runner.app import notifying
from runner.app.environment import Environment
from runner.report.webhook import Patience
from tests.security.canary import Canary
from tests.security.support import TOKEN, UNHURRIED, Program, Service, answer, envelope, manifest

PROMPT = "CANARY-prompt-of-a-heron-at-dawn"
SECRET = "T0AB/CANARY-webhook-of-this-test"


@pytest.fixture
def program(tmp_path) -> Program:
    (tmp_path / "work").mkdir()
    return Program(tmp_path / "work")


@pytest.fixture
def service():
    with Service() as one:
        yield one


@pytest.fixture
def hook():
    with Service() as one:
        one.on_post = lambda _: answer(200, b"ok")
        yield one


def written(program, service, hook, prompts=(PROMPT, f"{PROMPT} 2"), **more):
    notify = {"url": f"{hook.url}/services/{SECRET}"} | more.pop("notify", {})
    program.write(manifest(service.url, prompts, notify=notify, **more))


def told(hook) -> list[dict]:
    """What arrived, as a program reads it."""
    return [asked.sent["runner"] for asked in hook.requests]


def events(hook) -> list[tuple]:
    return [(one["event"], one["exit_code"], one["causes"]) for one in told(hook)]


def test_the_end_of_a_run_is_told_once_with_its_books(program, service, hook):
    written(program, service, hook)
    assert program.ask("run", "m.yaml")[0] == 0
    (found,) = told(hook)
    assert (found["batch"], found["event"], found["exit_code"], found["causes"]) == ("b", "done", 0, [])
    assert (found["counts"]["done"], found["credits"]["spent"], found["usd"]["spent"]) == (2, 80, 0.8)
    assert hook.requests[0].sent["text"] == hook.requests[0].sent["content"]


def test_a_run_that_finds_nothing_to_do_tells_nobody(program, service, hook):
    written(program, service, hook)
    for _ in range(3):
        assert program.ask("run", "m.yaml")[0] == 0
    assert len(hook.requests) == 1


def test_a_run_that_is_refused_before_anything_is_sent_tells_nobody(program, service, hook):
    written(program, service, hook, budget={"credits": 79})
    assert (program.ask("run", "m.yaml")[0], hook.requests) == (3, [])


REFUSED = {
    "account": (lambda _: envelope(402, message=f"no credits for {PROMPT}", status=402), 5, ["service"]),
    "wrong address": (lambda _: answer(404), 5, ["service"]),
    "failures": (lambda _: envelope(422, message=PROMPT, status=422), 1, ["failures"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_an_early_end_is_told_with_its_cause(program, service, hook, kind):
    service.on_post, code, causes = REFUSED[kind]
    written(program, service, hook, limits=UNHURRIED | {"max_failures": 1, "in_flight": 1})
    assert program.ask("run", "m.yaml")[0] == code
    assert events(hook) == [("stopped", code, causes)]


def test_a_cap_that_ends_the_run_is_told(program, service, hook):
    service.on_status = lambda asked: service.complete(asked, consumed_credits=100)
    written(program, service, hook, budget={"credits": 80}, limits=UNHURRIED | {"in_flight": 1})
    assert program.ask("run", "m.yaml")[0] == 3
    assert events(hook) == [("stopped", 3, ["budget"])]


def test_unknown_outcomes_are_told_before_anything_else(program, service, hook):
    service.on_post = lambda asked: answer(500) if asked.number == 0 else service.accept(asked)
    written(program, service, hook, limits=UNHURRIED | {"in_flight": 1})
    assert program.ask("run", "m.yaml")[0] == 4
    assert events(hook) == [("unknown", 4, [])]
    assert told(hook)[0]["counts"]["unknown"] == 1


def test_only_what_is_asked_for_is_told(program, service, hook):
    written(program, service, hook, notify={"on": ["stopped", "unknown"]})
    assert (program.ask("run", "m.yaml")[0], hook.requests) == (0, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_told_after_what_is_in_the_air_was_answered(program, service, hook, number):
    async def slowly(asked):
        await asyncio.sleep(0.5)
        yield service.accept(asked)

    service.on_post = slowly
    written(program, service, hook, limits=UNHURRIED | {"in_flight": 1})
    running = program.start("run", "m.yaml")
    running.until(lambda: bool(service.posts))
    assert running.stopped(number).code == 128 + number
    assert events(hook) == [("stopped", 128 + number, ["signal"])]
    assert told(hook)[0]["counts"]["unknown"] == 0


def test_neither_token_nor_prompt_goes_there_and_the_address_is_shown_nowhere(program, service, hook):
    """Also where the service says both, and where the other side repeats what it was asked."""
    program.token = "sk-7f3a9.x0Q_d81c2-Zw"
    service.on_post = lambda _: envelope(
        402, message=f"{program.token} has no credits for {PROMPT}", status=402
    )
    hook.on_post = lambda asked: answer(500, asked.head, {"X": SECRET})
    written(program, service, hook)
    done = program.run("-v", "-v", "--log-file", "log.jsonl", "run", "m.yaml", "--json")
    received = b"".join(asked.head + asked.body for asked in hook.requests)
    assert (done.code, len(hook.requests)) == (5, 2)
    assert [Canary(text).within(received) for text in (program.token, PROMPT)] == [[], []]
    (program.folder / "m.yaml").unlink()
    assert (Canary(SECRET).within(done.said), Canary(SECRET).below(program.folder)) == ([], {})
    assert "the notification to 127.0.0.1 failed: the server answered 500" in done.err
    assert "authorization" not in received.decode().lower()


def test_a_server_that_never_answers_costs_the_end_of_a_run_a_moment_and_a_line(
    program, service, hook, monkeypatch
):
    """How long that moment is in a run, `tests/report/test_delivery.py` says."""

    async def never(_):
        await asyncio.sleep(60)
        yield b""

    monkeypatch.chdir(program.folder)
    monkeypatch.setenv("GROKIMAGINE_API_TOKEN", TOKEN)
    written(program, service, hook)
    loaded = load_manifest("m.yaml")
    finished = asyncio.run(run(loaded))
    hook.on_post = never
    patience = Patience(step_s=0.2, pause_s=0.02, whole_s=0.5)
    (line,) = notifying.told(loaded, finished, Environment.here(), sandbox=False, patience=patience)
    assert line.startswith("the notification to 127.0.0.1 failed: no answer within 0.")


def test_the_lock_is_free_while_the_notification_is_on_its_way(program, service, hook):
    may_answer = threading.Event()

    async def late(_):
        await asyncio.to_thread(may_answer.wait, 60)
        yield answer(200, b"ok")

    hook.on_post = late
    written(program, service, hook)
    running = program.start("run", "m.yaml")
    running.until(lambda: bool(hook.requests))
    other = program.ask("run", "m.yaml", "--limit", "0")[0]
    may_answer.set()
    assert (other, running.end().code) == (0, 0)


def test_a_ctrl_c_while_it_is_on_its_way_keeps_the_end_of_the_run(program, service, hook):
    async def never(_):
        await asyncio.sleep(60)
        yield b""

    hook.on_post = never
    written(program, service, hook)
    running = program.start("run", "m.yaml")
    running.until(lambda: bool(hook.requests))
    done = running.stopped(signal.SIGINT)
    assert (done.code, "failed: it was interrupted" in done.err, "2 done" in done.out) == (0, True, True)


def test_the_address_may_stand_in_a_variable(program, service, hook):
    program.env["MY_HOOK"] = f" {hook.url}/services/{SECRET}\n"
    program.write(manifest(service.url, ["a fox"], notify={"url_env": "MY_HOOK"}))
    assert (program.ask("run", "m.yaml")[0], hook.requests[0].target) == (0, f"/services/{SECRET}")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (None, "the environment variable MY_HOOK holds no address"),
        (" ", "the environment variable MY_HOOK holds no address"),
        (
            f"http://example.com/{SECRET}",
            "the environment variable MY_HOOK cannot be used: over http it would",
        ),
        (f"{TOKEN}", "the environment variable MY_HOOK cannot be used: it is no http(s) URL"),
    ],
)
def test_a_variable_without_an_address_is_a_warning_at_the_start_and_the_run_goes_on(
    program, service, held, said
):
    program.env |= {} if held is None else {"MY_HOOK": held}
    program.write(manifest(service.url, ["a fox"], notify={"url_env": "MY_HOOK"}))
    code, output = program.ask("run", "m.yaml")
    assert (code, output.count("nobody will be told"), said in output) == (0, 1, True)
    assert output.index("nobody will be told") < output.index("1 job to submit")
    assert (SECRET in output, TOKEN in output) == (False, False)


def test_a_run_in_the_sandbox_is_told_as_one(program, service, hook):
    written(program, service, hook)
    assert program.ask("run", "m.yaml", "--sandbox", "--sandbox-options", "latency=0,two_files=0")[0] == 0
    assert (told(hook)[0]["sandbox"], hook.requests[0].sent["text"][:11]) == (True, "[sandbox] b")
    assert service.requests == []


def test_what_was_sent_is_json_that_a_chat_reads(program, service, hook):
    written(program, service, hook)
    program.ask("run", "m.yaml")
    (asked,) = hook.requests
    assert asked.header("content-type") == "application/json"
    assert set(json.loads(asked.body)) == {"text", "content", "runner"}
