"""Rejected jobs of which another take is made, and those that wait for the next run."""

import json

import pytest

from tests.app.bench import NAME, Bench

JOBS = "SELECT path, take, state, removed, instead_of FROM job ORDER BY rank, job_id"


@pytest.fixture
def seen(bench: Bench) -> Bench:
    """Three done jobs, the first two of which were rejected."""
    for place in range(3):
        bench.done(place)
    for place in (0, 1):
        bench.choose(place, flag="reject")
    bench.list_tree()
    return bench


def retry(bench, *more):
    return bench.run("retry", NAME, "--rejected", *more)


def plan_of(bench, *more):
    return json.loads(bench.run("plan", "demo.yaml", "--json", *more).out)


def counted(bench, *more):
    """New, pending and done jobs of a plan, and what it costs."""
    plan = plan_of(bench, *more)
    return *(plan["jobs"][name] for name in ("new", "pending", "done")), plan["credits"]["needed"]


def takes(bench):
    """What there is beyond take 1: path, take, state, removed, and the row that it is made instead of."""
    return [row for row in bench.rows(JOBS) if row[1] > 1]


def test_each_rejected_job_gets_another_take_that_is_pending_and_nothing_is_sent(seen):
    done = retry(seen)
    assert (done.code, takes(seen), seen.asked()) == (
        0,
        [("p0/take-02", 2, "pending", 0, 1), ("p1/take-02", 2, "pending", 0, 2)],
        [],
    )
    assert "take 2, instead of the rejected p0/take-01" in done.out
    assert "a run pays up to 80 credits ($0.80) for them" in done.out
    assert (counted(seen), seen.books()) == ((0, 2, 3, 80), (120, 0, 0))


def test_asked_again_there_is_nothing_more_to_do(seen):
    retry(seen)
    before = seen.rows(JOBS)
    done = retry(seen)
    assert (done.code, done.out, seen.rows(JOBS)) == (
        0,
        "there is no rejected job of which no other take was made yet\n",
        before,
    )


def test_a_new_take_that_is_rejected_in_its_turn_gets_another(seen):
    retry(seen, "--job", seen.job(0).job_id)
    assert seen.run("run", "demo.yaml").code == 0
    seen.choose(3, flag="reject")
    retry(seen)
    assert takes(seen) == [
        ("p0/take-02", 2, "done", 0, 1),
        ("p0/take-03", 3, "pending", 0, 4),
        ("p1/take-02", 2, "pending", 0, 2),
    ]


def test_only_the_jobs_that_are_named_are_made_again(seen):
    done = retry(seen, "--job", seen.job(1).job_id, "--job", seen.job(2).job_id)
    assert ([row[0] for row in takes(seen)], done.code) == (["p1/take-02"], 0)
    assert "not rejected, or made again already" in done.out


def test_the_next_run_pays_for_the_new_takes_only_and_keeps_the_rejected_files(seen):
    retry(seen)
    ran = seen.run("run", "demo.yaml")
    assert (ran.code, len(seen.asked("generate")), seen.books()) == (0, 2, (200, 0, 0))
    assert sorted(path.relative_to(seen.tree).as_posix() for path in seen.tree.rglob("*.mp4")) == [
        f"p{place}/take-{take:02d}.mp4"
        for place, last in ((0, 2), (1, 2), (2, 1))
        for take in range(1, last + 1)
    ]
    again = seen.run("run", "demo.yaml")
    assert (again.code, len(seen.asked("generate")), counted(seen)) == (0, 2, (0, 0, 5, 0))


def test_a_queued_job_is_planned_and_run_alike_and_its_wish_is_fulfilled(seen):
    seen.choose(2, again=True)
    assert counted(seen) == (1, 0, 3, 40)
    assert seen.run("run", "demo.yaml").code == 0
    assert takes(seen) == [("p2/take-02", 2, "done", 0, 3)]
    assert (counted(seen), seen.rows("SELECT count(*) FROM choice WHERE again = 1")) == ((0, 0, 4, 0), [(0,)])


def test_a_queued_job_counts_against_the_budget(seen):
    seen.choose(2, again=True)
    refused = seen.run("run", "demo.yaml", "--budget", "159")
    assert (refused.code, seen.asked("generate"), takes(seen)) == (3, [], [])
    assert seen.run("run", "demo.yaml", "--budget", "160").code == 0
    assert seen.books() == (160, 0, 0)


def test_of_what_is_queued_as_much_is_made_as_the_budget_has_room_for(seen):
    for place in (2, 1):
        seen.choose(place, again=True)
    plan = plan_of(seen, "--fit", "--budget", "199")
    ran = seen.run("run", "demo.yaml", "--fit", "--budget", "199")
    assert (plan["jobs"]["new"], plan["fit_jobs"], ran.code) == (2, 1, 0)
    assert (len(seen.asked("generate")), seen.books()) == (1, (160, 0, 0))


def test_a_queued_job_is_met_by_only_and_limit(seen):
    seen.choose(2, again=True)
    seen.choose(1, again=True)
    assert counted(seen, "--only", "prompt=p2") == (2, 0, 3, 40)
    assert seen.run("run", "demo.yaml", "--only", "prompt=p2", "--limit", "5").code == 0
    assert {row[0]: row[2] for row in takes(seen)} == {"p1/take-02": "pending", "p2/take-02": "done"}


def test_a_rejected_job_that_is_queued_too_is_made_once(seen):
    seen.choose(0, again=True)
    retry(seen)
    assert counted(seen) == (0, 2, 3, 80)


def test_a_saved_plan_with_a_queued_job_runs_as_it_was_reviewed(seen):
    seen.choose(2, again=True)
    assert seen.run("plan", "demo.yaml", "-o", "plan.json").code == 0
    assert seen.run("run", "demo.yaml", "--plan", "plan.json").code == 0
    assert takes(seen) == [("p2/take-02", 2, "done", 0, 3)]


def test_a_wish_after_the_plan_was_saved_is_a_difference(seen):
    assert seen.run("plan", "demo.yaml", "-o", "plan.json").code == 0
    seen.choose(2, again=True)
    refused = seen.run("run", "demo.yaml", "--plan", "plan.json")
    assert (refused.code, seen.asked("generate"), takes(seen)) == (2, [], [])


EDITS = {
    "nothing": ({}, ["p0/take-02", "p1/take-02"]),
    "another order": ({"order": "breadth"}, ["p0/take-02", "p1/take-02"]),
    "a layout": ({"output": {"layout": "x/{prompt_id}-{take}"}}, ["x/p0-2", "x/p1-2"]),
    "a take more": ({"takes": 2}, ["p0/take-02", "p1/take-02", "p2/take-02"]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_manifest_keeps_the_takes_that_a_person_added(seen, edit):
    retry(seen)
    assert seen.run("run", "demo.yaml").code == 0
    keys, paths = EDITS[edit]
    seen.manifest(**keys)
    ran = seen.run("run", "demo.yaml")
    new = len(paths) - 2
    assert (ran.code, seen.books()) == (0, (200 + 40 * new, 0, 0))
    assert sorted((row[0], row[2], row[3]) for row in takes(seen)) == [(path, "done", 0) for path in paths]


def test_a_prompt_that_is_dropped_takes_its_new_takes_along_unpaid(seen):
    retry(seen)
    seen.manifest("another fox", "a grey owl", "a brown bear")
    assert counted(seen) == (1, 1, 2, 80)
    assert seen.run("run", "demo.yaml").code == 0
    assert {row[0]: row[2:4] for row in takes(seen)} == {
        "p0/take-02": ("pending", 1),
        "p1/take-02": ("done", 0),
    }


def test_a_wish_for_a_prompt_that_is_dropped_is_none(seen):
    seen.choose(2, again=True)
    seen.manifest("a red fox", "a grey owl")
    assert (counted(seen), seen.run("run", "demo.yaml").code, takes(seen)) == ((0, 0, 2, 0), 0, [])


def test_a_layout_that_would_give_two_takes_one_path_is_refused(seen):
    seen.manifest(output={"layout": "{prompt_id}"})
    done = retry(seen)
    assert (done.code, takes(seen)) == (2, [])
    assert "add {take} to output.layout" in done.err


def test_what_would_not_be_clear_is_refused(seen):
    refused = {
        more: seen.run("retry", NAME, "--rejected", *more).code
        for more in (("--failed",), ("--class", "service"))
    }
    assert (set(refused.values()), takes(seen)) == ({2}, [])


def test_a_batch_that_somebody_works_on_is_left_alone(seen):
    from runner.store import locks

    with locks.holding(seen.state, NAME):
        assert (retry(seen).code, takes(seen)) == (75, [])


def test_an_unfinished_enrolment_is_finished_by_the_next_run(seen):
    seen.manifest("a red fox", "a grey owl", "a brown bear", "a white hare")
    retry(seen)
    assert (len(seen.rows(JOBS)), counted(seen)) == (5, (1, 2, 3, 120))
    assert seen.run("run", "demo.yaml").code == 0
    assert (len(seen.rows(JOBS)), counted(seen)) == (6, (0, 0, 6, 0))
