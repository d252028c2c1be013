"""A run whose files are fetched by the workers of a real Ray cluster."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.transfers.engine import CallFailedError
from tests.engines.cluster import free_port
from tests.engines.rays import RayCluster, below, cut, environment_of, missing_ray, ray_cluster
from tests.faults import checker
from tests.faults.scene import TOKEN, Process, Scene, wait_until

pytestmark = pytest.mark.skipif(missing_ray() is not None, reason=missing_ray() or "")

LOCAL = ("--engine", "ray")
OTHER_WAYS = "what is paid for is kept: run it again, with this engine, another one (--engine) or none"

_HOOK = """
import os, signal, sys

def _look(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        note = os.path.join({victims!r}, arguments[0].partition("-")[0])
        if "/" not in arguments[0] and os.path.isfile(note):
            os.write(os.open(note, os.O_WRONLY | os.O_APPEND), b"x")
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(_look)
"""
"""Whoever opens a file dies where its job's note stands beside this, and leaves an x there."""


@pytest.fixture(scope="module")
def shared() -> Iterator[RayCluster]:
    """A head with two CPUs, for all tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="ray-") as name:
        place = Path(name)
        hook = place / "hook" / "sitecustomize.py"
        hook.parent.mkdir()
        hook.write_text(_HOOK.format(victims=str(hook.parent)))
        with ray_cluster(place, PYTHONPATH=f"{hook.parent}{os.pathsep}{Path(__file__).parents[2]}") as one:
            yield one


@pytest.fixture
def rays(shared: RayCluster, monkeypatch: pytest.MonkeyPatch) -> RayCluster:
    for name, value in shared.environment.items():
        monkeypatch.setenv(name, value)
    return shared


def files_of(scene: Scene) -> int:
    return len(checker.tree_of(scene))


def is_at_work(scene: Scene, process: Process) -> None:
    wait_until(lambda: files_of(scene) > 0 or process.popen.poll() is not None, "a file", 90)


def places() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("runner-ray-*"))


def marked(path: str, seconds: float) -> int:
    with Path(path).open("a") as log:
        log.write(f"{os.getpid()}\n")
    time.sleep(seconds)
    return os.getpid()


def test_a_local_cluster_makes_the_tree_knows_no_secret_says_nothing_and_is_gone_afterwards(scene: Scene):
    before = places()
    with scene.start(*LOCAL, PGPASSWORD="CANARY-other") as process:
        is_at_work(scene, process)
        theirs = below(process.popen.pid)
        known = "".join(environment_of(one) for one in theirs)
        done = process.end()
    assert (done.code, checker.at_the_end(scene, done)) == (0, [])
    assert ("RAY_AUTH_TOKEN=" in known, TOKEN in known, "CANARY" in known, "raylet" in done.err) == (
        (True, False, False, False)
    )
    wait_until(lambda: not [one for one in theirs if environment_of(one)], "the end of the cluster")
    assert places() <= before


def test_a_head_that_dies_ends_the_run_with_a_way_on_and_nothing_is_paid_again(scene: Scene):
    with scene.start(*LOCAL) as process:
        is_at_work(scene, process)
        for worker in below(process.popen.pid, "ray::Hand"):
            os.kill(
                worker, signal.SIGSTOP
            )  # else all may be done before anybody notices: calls do not need the head
        for head in below(process.popen.pid, "gcs_server"):
            os.kill(head, signal.SIGKILL)
        done = process.end(40)
    assert (done.code, checker.during(scene), OTHER_WAYS in done.err) == (1, [], True)
    again = scene.run()
    assert (again.code, checker.at_the_end(scene, again)) == (0, [])


def test_a_coordinator_that_is_killed_takes_its_workers_with_it_and_goes_on_where_it_was(
    rays: RayCluster, scene: Scene
):
    with scene.start("--engine", rays.address) as process:
        is_at_work(scene, process)
        theirs = [*below(process.popen.pid), *below(rays.nodes[0].pid, "ray::Hand")]
        process.kill()
    wait_until(lambda: not [one for one in theirs if environment_of(one)], "the end of its workers", 30)
    assert checker.during(scene) == []
    again = scene.run("--engine", rays.address)
    assert (again.code, checker.at_the_end(scene, again)) == (0, [])


def test_a_file_that_kills_its_workers_is_found_and_failed_alone(rays: RayCluster, scene: Scene):
    assert scene.run("--limit", "0").code == 0
    victim = scene.jobs()[3]["job_id"]
    deaths = rays.place / "hook" / victim
    deaths.touch()
    try:
        done = scene.run("--engine", rays.address)
        count = len(deaths.read_bytes())
    finally:
        deaths.unlink()
    states = {job["job_id"]: (job["state"], job["error_class"]) for job in scene.jobs()}
    assert states.pop(victim) == ("fetching", "download")
    assert (done.code, set(states.values()), checker.during(scene)) == (1, {("done", None)}, [])
    assert 5 <= count <= 8
    again = scene.run()
    assert (again.code, checker.at_the_end(scene, again)) == (0, [])


def test_what_a_killed_worker_had_begun_is_done_by_another(rays: RayCluster, scene: Scene):
    with scene.manifest.open("a") as manifest:
        manifest.write(f"transfers: {{engine: '{rays.address}'}}\n")
    with scene.start() as process:
        is_at_work(scene, process)
        killed = below(rays.nodes[0].pid, "ray::Hand")
        for one in killed:
            os.kill(one, signal.SIGKILL)
        done = process.end()
    assert (done.code, checker.at_the_end(scene, done), len(killed)) == (0, [], 2)


async def test_nodes_that_come_and_go_are_slots_and_a_call_whose_way_is_cut_meanwhile_is_answered(
    rays: RayCluster, tmp_path: Path
):
    from runner.transfers.on_ray import connected

    async def until(count: int) -> None:
        await asyncio.to_thread(wait_until, lambda: engine.slots == count, f"{count} slots", 40)

    log = tmp_path / "log"
    async with connected(rays.address) as engine, asyncio.TaskGroup() as group:
        with pytest.raises(CallFailedError, match="ValueError: invalid literal"):
            await engine.call(int, "x")
        call = group.create_task(engine.call(marked, str(log), 3.0))
        await asyncio.to_thread(wait_until, lambda: log.exists() and log.read_text(), "the call")
        worker, driver = int(log.read_text()), below(os.getpid(), "ray_driver")[0]
        is_cut = cut(driver, worker) > 0
        node = await asyncio.to_thread(rays.start_node)
        await until(3)
        rays.kill(node)
        await until(2)
        versions = await engine.versions()
    assert (len(versions), len({tuple(one.items()) for one in versions.values()})) == (3, 1)
    assert (is_cut, call.result(), set(log.read_text().split())) == (True, worker, {str(worker)})


def test_a_node_with_another_program_is_refused(rays: RayCluster, tmp_path: Path, scene: Scene):
    import shutil

    import runner

    other = tmp_path / "other"
    shutil.copytree(Path(runner.__file__).parent, other / "runner")
    named = other / "runner" / "__init__.py"
    named.write_text(named.read_text().replace(f'"{runner.__version__}"', '"0.0.9"'))
    node = rays.start_node(PYTHONPATH=str(other))
    try:
        done = scene.run("--engine", rays.address)
    finally:
        rays.kill(node)
    assert (done.code, "has runner 0.0.9, this process 0.1.0" in done.err) == (2, True)
    assert len(scene.books().tasks()) == 0


def test_a_cluster_that_is_not_there_is_refused(scene: Scene):
    nobody = f"ray://127.0.0.1:{free_port()}"
    done = scene.run("--engine", nobody)
    assert (
        done.code,
        f"--engine {nobody}: no Ray cluster can be used there (nobody answers" in done.err,
    ) == ((2, True))
