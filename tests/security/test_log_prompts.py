"""S34: what the log file holds without ``--log-prompts``, and with it; and that no log holds up or ends a run."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runner.cli import logs
from runner.sandbox import FAULTS, SandboxOptions, running_in_thread, with_faults

from .canary import Canary
from .support import envelope, manifest

PROMPT = 'CANARY prompt: a heron & "its" ünder-lit pond, 7f3a9c'
TOKEN = "CANARY-token/7f3a9+x&0Q_d81c2"
FULL = Path("/dev/full")


def lines_of(path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    yield path
    logs.set_up(0, None)


SLOW = ("status_", "download_", "wrong_range", "url_expires_early", "empty_response")
"""Faults after which a run waits for some seconds: left to the long suite."""


@pytest.mark.parametrize(
    ("kept", "share", "without"),
    [(False, 0.15, SLOW), pytest.param(False, 0.12, (), marks=pytest.mark.faults), (True, 0.0, ())],
)
def test_a_whole_run_under_every_fault_logs_prompts_only_where_asked_for_and_the_token_never(
    kept, share, without, program, tmp_path
):
    program.token = TOKEN
    (program.folder / ".env").write_text(f"OTHER_SECRET={TOKEN}\n")
    quick = SandboxOptions(latency_median_s=0.02, slow_answer_s=0.1, pause_s=0.1)
    rare = {name: share / 6 for name in FAULTS if name.startswith("post_")}
    none = {name: 0.0 for name in FAULTS if without and name.startswith(without)}
    options = replace(with_faults(quick, share), **rare | none)
    asked = ("--log-prompts",) if kept else ()
    with running_in_thread(options, tmp_path / "service" / "ledger.db") as base_url:
        prompts = [f"{PROMPT} {number}" for number in range(8)]
        program.write(manifest(base_url, prompts))
        words = ("-v", "--log-file", "log.jsonl", *asked, "run", "m.yaml")
        done = program.run(*words, timeout_s=120.0)
        refused = program.run(*words, "--budget", "1")
    path = program.folder / "log.jsonl"
    events = {str(line["message"]) for line in lines_of(path)}
    assert (done.code in {0, 1, 4}, "Traceback" in done.said + refused.said) == (True, False)
    assert events >= {"started", "submitted", "completed", "file", "finished"}
    assert {"at", "level", "logger", "message", "job_id"} <= set(
        next(line for line in lines_of(path) if line["message"] == "submitted")
    )
    content = path.read_bytes()
    assert (Canary(TOKEN).within(content), bool(Canary(PROMPT).within(content))) == ([], kept)


@pytest.mark.parametrize("kept", [False, True])
def test_a_manifest_that_is_refused_is_logged_by_its_places(kept, program):
    program.write(f"version: 1\nprompts: [a]\norder: '{PROMPT}'\n")
    asked = ("--log-prompts",) if kept else ()
    done = program.run("--log-file", "log.jsonl", *asked, "run", "m.yaml")
    (line,) = lines_of(program.folder / "log.jsonl")
    assert (done.code, line["kind"], line["exit_code"]) == (2, "ManifestError", 2)
    assert (line["places"], bool(Canary(PROMPT).within(json.dumps(line)))) == (
        ["m.yaml:3:8: order"],
        kept,
    )


def test_a_refusal_is_logged_in_its_own_words(program, service):
    program.write(manifest(service.url, budget={"credits": 1}))
    done = program.run("--log-file", "log.jsonl", "run", "m.yaml")
    (line,) = lines_of(program.folder / "log.jsonl")
    assert (done.code, line["level"], line["kind"], line["exit_code"]) == (3, "ERROR", "BudgetError", 3)
    assert str(line["refusal"]) in done.err


def raised(error: BaseException) -> BaseException:
    try:
        throw(error)
    except BaseException as caught:  # noqa: BLE001 - a group is none of Exception's
        return caught
    return error


def throw(error: BaseException) -> None:
    raise error


def of_a_chain() -> BaseException:
    try:
        throw(ValueError(PROMPT))
    except ValueError:
        return raised(KeyError(PROMPT))
    return ValueError()


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    ("error", "names"),
    [
        (raised(ValueError(PROMPT)), ("ValueError",)),
        (of_a_chain(), ("ValueError", "KeyError")),
        (
            raised(ExceptionGroup(PROMPT, [raised(OSError(PROMPT)), raised(ValueError("x"))])),
            ("OSError", "ExceptionGroup"),
        ),
    ],
)
def test_what_an_error_says_is_left_out_of_its_trace(kept, error, names, log):
    logs.set_up(0, str(log), with_prompts=kept)
    logs.note_internal_error(error)
    (line,) = lines_of(log)
    trace = str(line["trace"])
    assert ([name in trace for name in names], __file__ in trace) == ([True] * len(names), True)
    assert bool(Canary(PROMPT).within(log.read_bytes())) == kept


@pytest.mark.parametrize("kept", [False, True])
def test_words_of_the_service_and_of_other_libraries_are_left_out(kept, log):
    logs.set_up(0, str(log), with_prompts=kept)
    logging.getLogger("aiohttp.client").warning("odd: %s", PROMPT)
    logging.getLogger("asyncio").error(f"never retrieved\nfuture: {PROMPT}")  # noqa: G004 - as asyncio does it
    logging.getLogger("runner.engine.context").warning("the service calls a task %r", PROMPT)
    logging.getLogger("runner.x").warning("100 % sure")
    found = lines_of(log)
    assert bool(Canary(PROMPT).within(log.read_bytes())) == kept
    assert found[3]["message"] == "100 % sure"
    if not kept:
        assert found[2]["message"] == "the service calls a task '***'"
        assert "test_log_prompts.py:" in str(found[0]["message"])


def test_to_keep_prompts_without_a_log_is_a_mistake(program):
    done = program.run("--log-prompts", "status")
    assert (done.code, "add --log-file FILE" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["no/such/folder/log", ".", "pipe"])
def test_a_log_that_cannot_be_opened_ends_everything_before_anything_is_sent(name, program, service):
    os.mkfifo(program.folder / "pipe")
    program.write(manifest(service.url))
    done = program.run("--log-file", name, "run", "m.yaml", timeout_s=30.0)
    assert (done.code, service.requests, name in done.err, "Traceback" in done.err) == (2, [], True, False)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_ends_no_run_and_is_told_once(program, service):
    program.write(manifest(service.url, ["a fox", "an owl"]))
    done = program.run("--log-file", str(FULL), "run", "m.yaml")
    assert (done.code, len(service.posts)) == (0, 2)
    assert done.err.count("--log-file /dev/full: it cannot be written any more: No space left on device") == 1


def test_after_a_line_that_was_cut_the_next_one_stands_by_itself(tmp_path, log):
    """A pipe that is full takes a part of a line, as a disk does that fills up."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    logs.set_up(0, str(pipe))
    for _ in range(12):
        logging.getLogger("runner.x").info("x" * 9000)
    os.read(reader, 1 << 20)
    logging.getLogger("runner.x").info("after the gap")
    after = os.read(reader, 1 << 20).decode().split("\n")
    logs.set_up(0, None)
    os.close(reader)
    assert (after[0], json.loads(after[1])["message"]) == ("", "after the gap")


STRAYS = {
    "in a thread": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
    "while it is thrown away": "type('X', (), {'__del__': lambda self: 1 / 0})()",
}


@pytest.mark.parametrize("kind", STRAYS)
def test_an_error_that_nobody_waits_for_shows_no_traceback(kind, program):
    script = (
        "import sys, threading\nfrom runner.__main__ import main\nsys.argv = ['runner', '--version']\n"
        f"try:\n    main()\nexcept SystemExit:\n    pass\n{STRAYS[kind]}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=program.folder, capture_output=True, text=True, check=False
    )
    assert ("internal error: ZeroDivisionError" in done.stderr, "Traceback" in done.stderr) == (True, False)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)


def test_an_internal_error_says_that_it_is_a_bug_and_where_its_details_are(program, service, tmp_path):
    service.on_post = lambda _: envelope(200, {"task_id": "t1"})
    program.write(manifest(service.url))
    assert program.run("run", "m.yaml", "--limit", "0").code == 0
    code = (
        "import sqlite3; c = sqlite3.connect('state/runner.db'); "
        "c.execute(\"UPDATE job SET error_class = 'odd'\"); c.commit()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=program.folder, check=True)
    done = program.run("--log-file", "log.jsonl", "run", "m.yaml")
    line = lines_of(program.folder / "log.jsonl")[-1]
    assert (done.code, line["level"], "trace" in line) == (70, "CRITICAL", True)
    for words in ("internal error: ", "this is a bug in runner", "log.jsonl", "The state is safe"):
        assert words in done.err
