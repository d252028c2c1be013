"""Interrupted once: what is in the air is waited for. Twice: at once. Nobody reading: it goes on."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from acceptance_support import PRICE, Desk, Process, Service, tree_of, until

PROMPTS = [f"scene {n}" for n in range(4)]
AT_ONCE_S = 5.0  # on a busy machine; the POSTs in the air would take longer, and the grace is 60 s
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def ready_to_be_interrupted(desk: Desk, service: Service) -> str:
    return desk.manifest(prompts=PROMPTS, budget={"credits": 4 * PRICE}, base_url=service.base_url)


def wait_until_in_the_air(service: Service, process: Process) -> None:
    """Until the service has taken every POST, whose answers it holds back."""
    process.wait_for("started")
    until(lambda: service.accepted().total() == len(PROMPTS))


@pytest.mark.parametrize("number", EXIT_CODES)
def test_one_signal_waits_for_what_is_in_the_air(
    desk: Desk, serve: Callable[..., Service], number: signal.Signals
) -> None:
    service = serve("latency=0.1,two_files=0,answer_delay=0.7")
    manifest = ready_to_be_interrupted(desk, service)
    with desk.started("run", manifest, "--json") as process:
        wait_until_in_the_air(service, process)
        process.popen.send_signal(number)
        ended = process.end()
    assert (ended.code, ended.took_s < AT_ONCE_S) == (EXIT_CODES[number], True)
    assert ended.states == {"running": 4}
    if number == signal.SIGINT:
        assert desk.run("run", manifest).code == 0
        assert service.accepted() == dict.fromkeys(PROMPTS, 1)
        assert len(tree_of(desk.root / "outputs/demo")) == 4


def test_a_second_signal_ends_it_at_once(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("latency=0.1,two_files=0,answer_delay=20")
    manifest = ready_to_be_interrupted(desk, service)
    with desk.started("run", manifest, "--json") as process:
        wait_until_in_the_air(service, process)
        process.popen.send_signal(signal.SIGINT)
        assert process.wait_for("stopping")["in_the_air"] == 4
        process.popen.send_signal(signal.SIGINT)
        ended = process.end()
    assert (ended.code, ended.took_s < AT_ONCE_S) == (130, True)
    standing = desk.status()
    assert (standing["jobs"]["unknown"], standing["credits"]["unknown"]) == (4, 4 * PRICE)
    assert desk.run("run", manifest).code == 4
    assert service.accepted() == dict.fromkeys(PROMPTS, 1)


def test_a_signal_while_nothing_is_in_the_air_ends_it_at_once(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve("latency=30,two_files=0")
    manifest = ready_to_be_interrupted(desk, service)
    with desk.started("run", manifest, "--json") as process:
        for _ in PROMPTS:
            process.wait_for("submitted")
        process.popen.send_signal(signal.SIGINT)
        ended = process.end()
    assert (ended.code, ended.took_s < AT_ONCE_S, ended.states) == (130, True, {"running": 4})


def test_a_download_that_is_interrupted_goes_on_later(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("latency=0,two_files=0,file_size=200000000")
    manifest = desk.manifest(prompts=["a fox"], budget={"credits": PRICE}, base_url=service.base_url)
    with desk.started("run", manifest, "--json") as process:
        process.wait_for("completed")
        until(lambda: any(path.stat().st_size > 10**6 for path in desk.root.glob("outputs/demo/.partial/*")))
        process.popen.send_signal(signal.SIGTERM)
        ended = process.end()
    assert (ended.code, ended.states) == (143, {"fetching": 1})
    assert tree_of(desk.root / "outputs/demo") == {}
    assert desk.run("run", manifest).code == 0
    assert [len(video) for video in tree_of(desk.root / "outputs/demo").values()] == [200_000_000]
    assert service.accepted() == {"a fox": 1}


@pytest.mark.parametrize("how", ["--json", "--verbose"])
def test_a_reader_that_has_gone_ends_no_run(desk: Desk, service: Service, how: str) -> None:
    manifest = ready_to_be_interrupted(desk, service)
    words = ("-v", "run", manifest) if how == "--verbose" else ("run", manifest, "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "runner", *words],
        cwd=desk.root,
        env=desk.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if how == "--verbose" else subprocess.DEVNULL,
    ) as process:
        stream = process.stderr if how == "--verbose" else process.stdout
        assert stream is not None
        stream.readline()
        stream.close()
        assert process.wait(timeout=30) == 0
    assert desk.states() == {"done": 4}


def test_a_signal_before_anything_is_sent_leaves_nothing_behind(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve("latency=0.1,two_files=0")
    prompts = [f"scene {n}" for n in range(3000)]
    manifest = desk.manifest(prompts=prompts, budget={"credits": 3000 * PRICE}, base_url=service.base_url)
    with desk.started("run", manifest) as process:
        until((desk.root / "state/runner.db").exists)
        process.popen.send_signal(signal.SIGINT)
        ended = process.end()
    assert ended.code == 130
    time.sleep(0.1)
    assert service.accepted().total() <= 10
