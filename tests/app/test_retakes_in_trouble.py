"""Takes that a person added, where somebody edits, chooses or tidies at the worst moment."""

import pytest

from runner.app import enrolling, planning
from runner.app.comparison import Wishes, fingerprint
from runner.app.pruning import prune
from runner.app.workplace import Workplace, load_manifest
from tests.app.bench import NAME, Bench

ADDED = "SELECT path, state, removed FROM job WHERE instead_of IS NOT NULL ORDER BY id"
QUEUED = "SELECT count(*) FROM choice WHERE again = 1"


@pytest.fixture
def seen(bench: Bench) -> Bench:
    """Three done jobs, the first of which was rejected."""
    for place in range(3):
        bench.done(place)
    bench.choose(0, flag="reject")
    bench.list_tree()
    return bench


class Run:
    """The beginning of a run: it has its plan, and has taken nothing in yet; ``meanwhile`` happens before the plan."""

    def __init__(self, bench, meanwhile=lambda: None):
        self.bench = bench
        self.manifest = load_manifest("demo.yaml").manifest
        self.texts = fingerprint(self.manifest)
        self.workplace = Workplace.at(None, sandbox=False)
        meanwhile()
        with self.workplace.reading() as connection:
            self.plan = planning.plan_with(connection, self.workplace, self.manifest, Wishes(examples=0))

    def take_in(self):
        with self.bench.writer() as writer:
            output_dir = self.workplace.output_dir(self.manifest)
            batch = enrolling.open_batch(writer, self.manifest, self.plan, output_dir)
            for _ in enrolling.enrol(writer, self.manifest, batch, self.plan.diff.retakes, self.texts):
                pass


def made_again(bench):
    assert bench.run("retry", NAME, "--rejected").code == 0
    assert bench.run("run", "demo.yaml").code == 0


def paths(bench):
    return sorted(path.relative_to(bench.tree).as_posix() for path in bench.tree.rglob("*.mp4"))


@pytest.mark.parametrize(("before", "after"), [({}, {"order": "breadth"}), ({"order": "breadth"}, {})])
def test_an_edit_while_a_finished_run_begins_removes_no_added_take(seen, before, after):
    made_again(seen)
    seen.manifest(**before)
    Run(seen, lambda: seen.manifest(**after)).take_in()
    assert seen.rows(ADDED) == [("p0/take-02", "done", 0)]
    assert (seen.run("run", "demo.yaml").code, seen.rows(ADDED)) == (0, [("p0/take-02", "done", 0)])


def test_what_is_no_longer_wished_when_it_would_be_taken_in_is_not_paid_for(seen):
    seen.choose(1, again=True)
    seen.choose(2, again=True)
    run = Run(seen)
    seen.choose(1, again=False)
    run.take_in()
    assert (seen.rows(ADDED), seen.rows(QUEUED)) == ([("p2/take-02", "pending", 0)], [(0,)])
    assert (seen.run("run", "demo.yaml").code, len(seen.asked("generate"))) == (0, 1)


def test_a_new_take_whose_path_a_removed_one_has_gets_it_and_both_files_are_kept(seen):
    made_again(seen)
    seen.manifest("a blue fox", "a grey owl", "a brown bear")
    assert seen.run("run", "demo.yaml").code == 0
    seen.choose(0, flag="reject")
    assert seen.run("retry", NAME, "--rejected").code == 0
    before = len(seen.asked("generate"))
    ran = seen.run("run", "demo.yaml")
    assert (ran.code, len(seen.asked("generate")) - before, seen.run("verify", NAME).code) == (0, 1, 0)
    assert [path for path in paths(seen) if not path.startswith("removed/")] == [
        "p0/take-01.mp4",
        "p0/take-02.mp4",
        "p1/take-01.mp4",
        "p2/take-01.mp4",
    ]
    assert len(paths(seen)) == 6


@pytest.mark.parametrize("between", [("prune", NAME, "--rejected", "--yes"), ("verify", NAME, "--repair")])
def test_what_tidies_in_between_leaves_the_removed_one_to_give_way(seen, between):
    made_again(seen)
    seen.manifest("a blue fox", "a grey owl", "a brown bear")
    assert seen.run("run", "demo.yaml").code == 0
    seen.choose(0, flag="reject")
    assert seen.run("retry", NAME, "--rejected").code == 0
    assert seen.run(*between).code == 0
    assert (seen.run("run", "demo.yaml").code, seen.run("verify", NAME).code) == (0, 0)
    assert {"p0/take-02.mp4", "p1/take-01.mp4", "p2/take-01.mp4"} <= {*paths(seen)}


def test_what_is_kept_after_all_while_others_are_being_deleted_stays(seen):
    seen.choose(1, flag="reject")
    told = []

    def tell(pruning):
        told.append((pruning.path, pruning.left_because))
        seen.choose(1, flag="keep")

    pruned = prune(Workplace.at(None, sandbox=False), NAME, lambda _: True, tell)
    assert (paths(seen), pruned.files, seen.run("verify", NAME).code) == (
        ["p1/take-01.mp4", "p2/take-01.mp4"],
        1,
        0,
    )
    assert told == [("p0/take-01.mp4", None), ("p1/take-01.mp4", "p1/take-01.mp4 is not rejected any more")]
