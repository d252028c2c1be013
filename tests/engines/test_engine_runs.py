"""A run whose files are fetched by the workers of a real scheduler."""

import json

from tests.engines.cluster import Cluster, free_port
from tests.engines.deadly import deadly
from tests.engines.tap import tapped
from tests.faults import checker
from tests.faults.scene import TOKEN, Scene, wait_until

OTHER_WAYS = "run it again, with this engine, another one (--engine) or none"


def files_of(scene: Scene) -> int:
    return len(checker.tree_of(scene))


def test_the_workers_make_the_tree_that_this_process_would_make(cluster: Cluster, scene: Scene):
    done = scene.run("--engine", cluster.address)
    assert (done.code, checker.at_the_end(scene, done)) == (0, [])


def test_the_manifest_names_the_engine_and_the_flag_wins(cluster: Cluster, scene: Scene):
    nobody = f"tcp://127.0.0.1:{free_port()}"
    with scene.manifest.open("a") as manifest:
        manifest.write(f"transfers: {{engine: '{nobody}'}}\n")
    refused = scene.run()
    done = scene.run("--engine", cluster.address)
    assert (refused.code, f"--engine {nobody}: no scheduler" in refused.err, done.code) == (2, True, 0)
    assert checker.during(scene) == []


def test_what_a_killed_worker_had_begun_is_done_by_another(cluster: Cluster, scene: Scene):
    with scene.start("--engine", cluster.address) as process:
        for _ in range(3):
            before = files_of(scene)
            wait_until(lambda had=before: files_of(scene) > had or process.popen.poll() is not None, "a file")
            cluster.kill_worker(cluster.workers[0])
            cluster.start_worker()
        done = process.end()
    assert (done.code, checker.at_the_end(scene, done)) == (0, [])


def test_a_coordinator_that_is_killed_goes_on_where_it_was(cluster: Cluster, scene: Scene):
    for _ in range(2):
        with scene.start("--engine", cluster.address) as process:
            before = files_of(scene)
            wait_until(lambda had=before: files_of(scene) > had, "a file")
            process.kill()
        assert checker.during(scene) == []
    done = scene.run("--engine", cluster.address)
    assert (done.code, checker.at_the_end(scene, done)) == (0, [])


def test_a_scheduler_that_dies_ends_the_run_with_a_way_on_and_nothing_is_paid_again(
    cluster: Cluster, scene: Scene
):
    with scene.start("--engine", cluster.address) as process:
        wait_until(lambda: files_of(scene) > 0, "a file")
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        done = process.end(30)
    assert (done.code, checker.during(scene)) == (1, [])
    assert f"the scheduler at {cluster.address} is gone; what is paid for is kept: {OTHER_WAYS}" in done.err
    again = scene.run()
    assert (again.code, checker.at_the_end(scene, again)) == (0, [])


def test_a_scheduler_that_began_again_takes_up_the_next_run(cluster: Cluster, scene: Scene):
    with scene.start("--engine", cluster.address) as process:
        wait_until(lambda: files_of(scene) > 0, "a file")
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        cluster.start_scheduler()
        ended = process.end(30)
    cluster.start_worker()
    done = scene.run("--engine", cluster.address)
    assert (ended.code, done.code, checker.at_the_end(scene, done)) == (1, 0, [])


def test_workers_that_come_are_used_and_those_that_go_are_not_missed(cluster: Cluster, scene: Scene):
    with scene.start("--engine", cluster.address) as process:
        wait_until(lambda: files_of(scene) > 0, "a file")
        fresh = cluster.start_worker(threads=2)
        for worker in cluster.workers[:2]:
            cluster.kill_worker(worker)
        done = process.end()
    assert (done.code, checker.at_the_end(scene, done), fresh.popen.poll()) == (0, [], None)


def test_a_file_that_kills_its_workers_is_found_and_failed_alone(cluster: Cluster, scene: Scene):
    assert scene.run("--limit", "0").code == 0
    victim = scene.jobs()[3]["job_id"]
    for worker in list(cluster.workers):
        cluster.kill_worker(worker)
    with deadly(cluster, victim) as deaths:
        done = scene.run("--engine", cluster.address)
    states = {job["job_id"]: (job["state"], job["error_class"]) for job in scene.jobs()}
    assert states.pop(victim) == ("fetching", "download")
    assert (done.code, set(states.values()), checker.during(scene)) == (1, {("done", None)}, [])
    assert 5 <= deaths.count <= 8
    assert "the run without --engine fetches it in this process" in json.dumps(scene.jobs())
    again = scene.run()
    assert (again.code, checker.at_the_end(scene, again)) == (0, [])


def test_the_token_never_reaches_the_engine(cluster: Cluster, scene: Scene):
    with tapped(cluster.port) as tap:
        done = scene.run("--engine", f"tcp://127.0.0.1:{tap.port}")
    assert (done.code, b"fetch_all" in tap.heard, TOKEN.encode() in tap.heard) == (0, True, False)
