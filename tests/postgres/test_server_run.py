"""A batch whose state is on a server, from the command line: killed, cut off, taken over, looked at from elsewhere."""

import contextlib
import json
import os
import signal

import pytest

from tests.faults import checker
from tests.faults.scene import BATCH, PRICE, Scene, served, wait_until
from tests.forked import run_forked
from tests.postgres.server import PASSWORD, USER

SLOW = "limits: {requests_per_minute: 6000, in_flight: 1}\n"
PROMPTS = ("fox", "owl", "elk", "ape")


class ServerScene(Scene):
    """A scene whose state the environment names; no file of it is asked whether there is one."""

    def status(self):
        done = self.ask("status", "--json", BATCH)
        return None if done.code == 2 else self._read(done)[0]


@contextlib.contextmanager
def scene_on(url, place, **options):
    """The scene with eight jobs, one after the other."""
    ledger = place / "service" / "ledger.db"
    with served(ledger, **options) as base_url:
        yield ServerScene(
            place / "work",
            base_url,
            ledger,
            PROMPTS,
            2 * PRICE * len(PROMPTS),
            SLOW,
            environment={"RUNNER_STATE": url},
        )


@pytest.fixture
def url(cluster, monkeypatch):
    """A new database, named by the environment of this process and of all that it starts."""
    named = cluster.url(cluster.database())
    monkeypatch.setenv("RUNNER_STATE", named)
    return named


@pytest.fixture
def scene(url, tmp_path):
    with scene_on(url, tmp_path) as one:
        yield one


def accepted(scene, at_least):
    """Whether the service has taken so many jobs."""
    return lambda: len(scene.books().tasks()) >= at_least


def elsewhere(tmp_path, *words, **environment):
    """The program in a directory that knows nothing of the batch, as on another machine."""
    other = tmp_path / "elsewhere"
    other.mkdir(exist_ok=True)
    return run_forked(words, other, {**os.environ, **environment})


def test_a_batch_is_made_and_made_again_for_nothing_and_can_be_looked_at_from_anywhere(scene, tmp_path):
    first = scene.run()
    found = checker.at_the_end(scene, first)
    status = elsewhere(tmp_path, "status", BATCH, "--json")
    jobs = elsewhere(tmp_path, "jobs", BATCH, "--json")
    assert (found, first.code, json.loads(status.stdout)["jobs"]["done"], len(jobs.stdout.splitlines())) == (
        *([], 0),
        *(8, 8),
    )
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (scene.root / "state").exists()


def test_wherever_a_run_is_killed_the_next_one_goes_on_and_nothing_is_paid_twice(scene):
    found = []
    for tasks in range(1, 8):
        with scene.start() as process:
            wait_until(accepted(scene, tasks), f"{tasks} tasks")
            process.kill()
        found += checker.during(scene)
    assert (found, checker.at_the_end(scene, scene.run())) == ([], [])


@pytest.mark.parametrize(
    "which", ["application_name LIKE 'runner%'", "application_name = 'runner'"], ids=["all", "the writer's"]
)
def test_a_run_whose_connections_are_cut_ends_with_74_and_says_to_run_it_again(cluster, scene, which):
    with scene.start() as process:
        wait_until(accepted(scene, 2), "two tasks")
        cluster.cut(which)
        done = process.end()
    assert (done.code, "run it again: it goes on from what is in the state" in done.err) == (74, True)
    assert (checker.during(scene), checker.at_the_end(scene, scene.run())) == ([], [])


def test_a_server_that_restarts_ends_a_run_and_the_next_one_goes_on(cluster, scene):
    with scene.start() as process:
        wait_until(accepted(scene, 2), "two tasks")
        cluster.control("-m", "fast", "-l", str(cluster.directory / "log"), "restart")
        done = process.end()
    assert (done.code, checker.during(scene), checker.at_the_end(scene, scene.run())) == (74, [], [])


def test_a_second_process_is_told_who_works_the_batch_and_on_which_machine(scene, tmp_path):
    with scene.start() as process:
        wait_until(accepted(scene, 1), "a task")
        process.signal(signal.SIGSTOP)  # it keeps the batch
        second = scene.run()
        status = json.loads(elsewhere(tmp_path, "status", BATCH, "--json").stdout)
        process.kill()
    who = f"process {process.popen.pid} on {os.uname().nodename} is working on batch 'four'"
    assert (second.code, who in second.err, status["running_pid"]) == (75, True, process.popen.pid)


def test_a_process_that_sleeps_while_another_takes_over_sends_nothing_when_it_wakes_up(
    cluster, url, tmp_path
):
    """As a machine that is cut off: its sessions are gone, it does not know, and its batch is finished by another one."""
    # So slow that nothing is done when it falls asleep: a file of its tree would be missing in the other one's.
    with scene_on(url, tmp_path, latency_median_s=0.5) as scene, scene.start() as process:
        wait_until(accepted(scene, 1), "a task")
        process.signal(signal.SIGSTOP)
        cluster.cut()
        # A tree of its own: the other machine does not see this one's.
        other = ServerScene(tmp_path / "other", scene.base_url, scene.ledger, PROMPTS, 8 * PRICE)
        done = other.run()
        posts = len(list(scene.books().requests("generate")))
        process.signal(signal.SIGCONT)
        woken = process.end()
        after = len(list(scene.books().requests("generate")))
    assert (woken.code, posts, after) == (74, 8, 8), (done, woken)
    assert done.code in {0, 4}, (
        done
    )  # 4: the one that slept had a submission in the air, and nobody repeats that


def test_a_password_in_the_url_is_found_nowhere(cluster, tmp_path, monkeypatch):
    database = cluster.database()
    secret = f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{cluster.port}/{database}"
    monkeypatch.setenv("RUNNER_STATE", secret)
    with scene_on(secret, tmp_path) as scene:
        said = [
            scene.run(),
            scene.ask("--state", secret, "status", BATCH),
            scene.ask("--state", secret, "doctor", "batch.yaml"),
            scene.ask("--state", secret, "plan", "batch.yaml"),
            scene.ask("--state", secret, "report", BATCH),
            scene.ask("--state", secret.replace(database, "none"), "status", BATCH),
            scene.ask("--state", secret.replace("postgresql+psycopg", "postgres"), "status", BATCH),
        ]
    cluster.cut()
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    rows = [
        cluster.ask(
            f"SELECT count(*) FROM runner.{table} AS row WHERE row::text LIKE '%CANARY-pass%'",
            database=database,
        )
        for table in ("batch", "job", "attempt", "hold", "mark")
    ]
    assert ([one.code for one in said], [PASSWORD in one.out + one.err for one in said]) == (
        [0, 0, 0, 0, 0, 74, 2],
        [False] * 7,
    )
    assert (kept, rows) == ([], [[(0,)]] * 5)
