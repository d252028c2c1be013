"""``runner review`` as its users have it: a process of its own, beside a run that is another."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.no_traceback import refuse_traceback
from tests.review.review_support import PATIENCE_S, Visitor

OPTIONS = "latency=0.3,two_files=0"
PROMPTS = 8


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNNER_STATE", raising=False)
    manifest = {
        "version": 1,
        "name": "demo",
        "budget": {"credits": 4000},
        "prompts": [
            {"id": f"p{place}", "text": f"<img src=x onerror=alert({place})>"} for place in range(PROMPTS)
        ],
        "limits": {"requests_per_minute": 6000, "in_flight": 2},
    }
    (tmp_path / "demo.yaml").write_text(json.dumps(manifest))
    return tmp_path


@contextlib.asynccontextmanager
async def process(*words):
    """The program, ended with the test whatever happens."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runner", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.wait()


async def ended(started):
    """Its exit code and what it said, once it has ended."""
    out, err = await asyncio.wait_for(started.communicate(), 60)
    refuse_traceback(out.decode(), err.decode())
    return started.returncode, out.decode(), err.decode()


async def run(*words):
    async with process(*words) as started:
        return await ended(started)


@contextlib.asynccontextmanager
async def reviewed(*words):
    """A review in a process of its own, and somebody who has read its URL."""
    async with process(*words) as started, aiohttp.ClientSession() as session:
        url = (await asyncio.wait_for(started.stdout.readline(), PATIENCE_S)).decode().strip()
        yield started, Visitor(url, session)


async def test_it_says_the_address_and_ends_in_peace_though_a_page_is_open(desk):
    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    for number in (signal.SIGINT, signal.SIGTERM):
        async with reviewed("review", "demo", "--sandbox") as (started, visitor), visitor.events():
            started.send_signal(number)
            code, rest, said = await ended(started)
            assert (code, rest, f"-L {visitor.port}:127.0.0.1:{visitor.port}" in said) == (0, "", True)


async def test_rows_appear_and_choices_are_kept_while_a_run_goes_on_and_the_run_ends_well(desk):
    """From before the first video on, with a choice for each as soon as it is there, in the midst of the run's commits."""
    async with process("run", "demo.yaml", "--sandbox", "--sandbox-options", OPTIONS, "--json") as running:
        await asyncio.wait_for(running.stdout.readline(), PATIENCE_S)  # started: the batch is there
        async with reviewed("review", "demo", "--sandbox") as (_, visitor), visitor.events() as page:
            done = {}
            known = (await visitor.page())["jobs"]
            while len(done) < PROMPTS:
                new = [row for row in known if row["state"] == "done" and row["id"] not in done]
                for row in new:
                    wish = {"jobs": [row["id"]], "set": {"rating": 4, "flag": "keep"}}
                    answers = [await visitor.choose(wish) for _ in range(3)]
                    answers.append(await visitor.ask(row["files"][0]))
                    done[row["id"]] = [one.status for one in answers]
                known = (await page.next())["jobs"] if len(done) < PROMPTS else []
            code, out, _ = await ended(running)
    listed = (await run("jobs", "demo.yaml", "--sandbox", "--json"))[1]
    states = {json.loads(line)["job_id"]: json.loads(line)["state"] for line in listed.splitlines()}
    finished = json.loads(out.splitlines()[-1])
    assert (code, finished["jobs"]["done"], finished["credits"]["spent"]) == (0, PROMPTS, 40 * PROMPTS)
    assert (set(done), set(map(tuple, done.values()))) == (set(states), {(200, 200, 200, 200)})


async def test_prompts_with_markup_are_text_in_the_page(desk):
    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    async with reviewed("review", "demo", "--sandbox") as (_, visitor):
        page = (await visitor.ask()).body
    assert (b"<img src=x" in page, b"onerror=alert(3)" in page) == (False, True)


async def test_a_port_that_is_taken_ends_with_2_and_the_way_out(desk):
    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, said = await run("review", "demo", "--sandbox", "--port", str(port))
    assert (code, out) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port" in said


async def test_the_port_that_is_named_is_taken(desk):
    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with reviewed("review", "demo", "--sandbox", "--port", str(port)) as (_, visitor):
        assert visitor.port == port


@pytest.mark.parametrize("words", [("review",), ("review", "demo", "--port", "70000"), ("review", "a", "b")])
async def test_what_is_no_use_of_it_ends_with_2(desk, words):
    assert (await run(*words))[0] == 2


async def test_without_a_batch_it_ends_with_2_and_makes_no_state(desk):
    code, _, said = await run("review", "demo")
    assert (code, "there is no batch 'demo'" in said, (desk / "state").exists()) == (2, True, False)


async def test_the_log_holds_no_token_at_its_most_talkative(desk):
    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    async with reviewed("--log-file", "all.log", "-vv", "review", "demo", "--sandbox") as (started, visitor):
        for path in ("", "nothing", "choices", "%ff", "\x00"):
            await visitor.ask(path)
        await visitor.choose({"jobs": ["x"], "set": {"rating": 1}})
        started.send_signal(signal.SIGINT)
        _, out, said = await ended(started)
        token = visitor.root.strip("/")
    assert token not in (desk / "all.log").read_text() + out + said


async def test_an_older_state_is_brought_up_to_date_first(desk):
    """As other commands do that write; a copy of it is kept."""
    import sqlite3

    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    with contextlib.closing(sqlite3.connect("state/sandbox.db")) as connection:
        connection.executescript(
            "DROP TABLE standing; DROP TABLE derived; DROP TABLE making; DROP TABLE step;"
            "DROP TRIGGER account_booked; DROP TRIGGER account_rebooked; DROP TABLE spending;"
            "ALTER TABLE attempt DROP COLUMN account; DROP TABLE account;"
            "DROP TABLE choice; DROP TABLE media; DROP INDEX job_instead_of;"
            "ALTER TABLE job DROP COLUMN instead_of; PRAGMA user_version = 3;"
        )
    async with reviewed("review", "demo", "--sandbox") as (_, visitor):
        answer = await visitor.ask()
    assert (answer.status, (desk / "state" / "sandbox.db.v3").exists()) == (200, True)


async def test_the_browser_is_led_there_by_a_file_for_its_owner_and_no_command_line_holds_the_token(desk):
    await run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    os.mkfifo("seen")
    browser = desk / "browser.sh"
    browser.write_text('#!/bin/sh\necho "$@" > seen\n')
    browser.chmod(0o755)
    os.environ["BROWSER"] = f"{browser} %s"
    try:
        async with reviewed("review", "demo", "--sandbox", "--open") as (started, visitor):
            address = (await asyncio.to_thread((desk / "seen").read_text)).strip()
            file = Path(address.removeprefix("file://"))
            kept = await asyncio.to_thread(held_by, file)
            started.send_signal(signal.SIGINT)
            code, _, _ = await ended(started)
    finally:
        del os.environ["BROWSER"]
    gone = await asyncio.to_thread(held_by, file)
    assert (code, visitor.url in kept[0], kept[1], gone) == (0, True, 0o600, None)


def held_by(file):
    """What a file says and who may read it; ``None`` where there is none."""
    return (file.read_text(), file.stat().st_mode & 0o777) if file.exists() else None
