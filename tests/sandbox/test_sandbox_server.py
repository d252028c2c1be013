import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import aiohttp
import pytest

from runner.core.errors import StateError, UsageError
from runner.sandbox import FAULTS, Ledger, Sandbox, SandboxOptions, Submission, running_in_thread

QUICK = SandboxOptions(latency_median_s=0)
BODY = b'{"prompt": "a fox", "mode": "fun", "ratio": "1:1"}'

SERVING = """
import sys
from pathlib import Path
from runner.sandbox import SandboxOptions, serve_forever
serve_forever(
    SandboxOptions(latency_median_s=0), Path(sys.argv[1]), "127.0.0.1", 0, lambda url: print(url, flush=True)
)
print("stopped")
"""


def post(base_url):
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    request = urllib.request.Request(base_url + "/v1/generate", BODY, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status


@pytest.fixture
def serving(tmp_path):
    started = []

    def start():
        command = [sys.executable, "-c", SERVING, str(tmp_path / "service.db")]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1], started[-1].stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


async def test_a_sandbox_listens_on_loopback_and_stops(call):
    caller = await call()
    assert caller.sandbox.base_url.startswith("http://127.0.0.1:")
    await caller.accepted()
    await caller.sandbox.stop()
    host, port = caller.sandbox.base_url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)
    assert len(caller.sandbox.ledger.tasks()) == 1


async def test_a_port_that_is_taken_is_a_usage_error(call):
    caller = await call()
    port = int(caller.sandbox.base_url.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}: .* - choose another port"):
        await Sandbox(QUICK, port=port).start()


async def test_tasks_outlast_a_restart_on_the_same_file(call, tmp_path):
    first = await call(ledger_path=tmp_path / "service.db")
    task_id = await first.accepted()
    await first.sandbox.stop()
    second = await call(ledger_path=tmp_path / "service.db")
    assert (await second.standing(task_id))["status"] == "completed"
    assert await second.accepted() != task_id


async def test_two_sandboxes_share_a_ledger(call, tmp_path):
    one, other = await call(ledger_path=tmp_path / "s.db"), await call(ledger_path=tmp_path / "s.db")
    task_ids = [await caller.accepted() for caller in (one, other, one)]
    assert [task.task_id for task in one.sandbox.ledger.tasks()] == task_ids
    assert (await one.standing(task_ids[1]))["status"] == "completed"


async def test_under_every_fault_at_once_the_server_goes_on_answering(call, caplog):
    caller = await call()
    faulty = await call(**{name: 0.15 for name in FAULTS if not name.startswith("slow")})
    for number in range(150):
        with contextlib.suppress(aiohttp.ClientError, KeyError, TypeError, ValueError):
            task_id = await faulty.accepted(f"fox {number}")
            url = (await faulty.standing(task_id))["response"][0]
            async with faulty.session.get(url) as response:
                await response.read()
    await caller.accepted()
    met = {request.decision for request in faulty.sandbox.ledger.requests()}
    assert met >= {
        "accepted",
        "completed",
        "failed",
        "post_dropped_after",
        "status_malformed",
    }
    assert [record.getMessage() for record in caplog.records if record.name.startswith("aiohttp")] == []


def test_a_sandbox_in_a_thread_serves_while_the_block_runs(tmp_path):
    with running_in_thread(QUICK, tmp_path / "service.db") as base_url:
        assert post(base_url) == 200
        assert len(Ledger(tmp_path / "service.db").tasks()) == 1
    with pytest.raises(urllib.error.URLError):
        post(base_url)


def test_a_ledger_that_cannot_be_opened_is_raised_out_of_the_thread(tmp_path):
    with pytest.raises(StateError), running_in_thread(QUICK, tmp_path):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_a_serving_process_in_an_orderly_way(serving, number):
    process, base_url = serving()
    assert post(base_url) == 200
    process.send_signal(number)
    assert (process.communicate(timeout=10)[0], process.returncode) == ("stopped\n", 0)


def test_what_was_accepted_outlasts_a_kill(serving, tmp_path):
    process, base_url = serving()
    assert [post(base_url) for _ in range(3)] == [200] * 3
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
    _, again = serving()
    assert post(again) == 200
    by_body = Ledger(tmp_path / "service.db").tasks_by_body()
    assert len({task.task_id for task in by_body[Submission("a fox", "fun", "1:1")]}) == 4
