"""One actor a batch: a second one is turned away at once, a reader never, and batches do not hold up one another."""

import signal
from collections.abc import Callable

from acceptance_support import PRICE, Desk, Service


def test_a_second_process_is_turned_away_within_a_second_and_readers_are_not(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve("latency=30")
    manifest = desk.manifest(prompts=["a fox"], budget={"credits": PRICE}, base_url=service.base_url)
    with desk.started("run", manifest, "--json") as first:
        task_id = first.wait_for("submitted")["task_id"]
        start_s = desk.run("status").took_s  # of the interpreter, on a machine that may be busy
        tries = [desk.run("run", manifest) for _ in range(2)]
        assert [second.code for second in tries] == [75, 75]
        assert min(second.took_s for second in tries) < start_s + 1.0
        assert str(first.popen.pid) in tries[0].err
        assert service.accepted().total() == 1

        standing = desk.status()
        assert (standing["running_pid"], standing["jobs"]["running"]) == (first.popen.pid, 1)
        assert [(job["state"], job["task_id"]) for job in desk.jobs()] == [("running", task_id)]
        assert desk.run("plan", manifest).code == 0

        first.popen.send_signal(signal.SIGSTOP)
        assert desk.run("run", manifest).code == 75, "a suspended process keeps its batch"


def test_a_killed_process_loses_its_batch_at_once(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=["a fox"], budget={"credits": PRICE}, base_url=service.base_url)
    with desk.started("run", manifest, "--json") as first:
        first.wait_for("submitted")
        first.popen.kill()
        first.end()
    assert desk.status()["running_pid"] is None
    assert desk.run("run", manifest).code == 0
    assert service.accepted() == {"a fox": 1}


def test_two_batches_in_one_state_run_side_by_side(desk: Desk, service: Service) -> None:
    names = ("foxes", "owls")
    for name in names:
        prompts = [f"{name}, scene {n}" for n in range(10)]
        terms = {"budget": {"credits": 10 * PRICE}, "base_url": service.base_url}
        desk.manifest(f"{name}.yaml", name=name, prompts=prompts, **terms)
    with (
        desk.started("run", "foxes.yaml", "--json") as one,
        desk.started("run", "owls.yaml", "--json") as other,
    ):
        ended = (one.end(), other.end())
    assert [(done.code, done.err) for done in ended] == [(0, "")] * 2
    (begin, end), (other_begin, other_end) = [
        (done.events("started")[0]["at"], done.events("finished")[0]["at"]) for done in ended
    ]
    assert max(begin, other_begin) < min(end, other_end), "one waited for the other"
    assert set(service.accepted().values()) == {1}
    assert {name: desk.states(batch=name) for name in names} == {name: {"done": 10} for name in names}


def test_two_processes_that_start_together_do_not_both_run(desk: Desk, service: Service) -> None:
    prompts = [f"scene {n}" for n in range(5)]
    manifest = desk.manifest(prompts=prompts, budget={"credits": 5 * PRICE}, base_url=service.base_url)
    with desk.started("run", manifest) as one, desk.started("run", manifest) as other:
        codes = {one.end().code, other.end().code}
    assert 0 in codes <= {0, 75}
    assert service.accepted() == dict.fromkeys(prompts, 1)
