"""The first run of a batch that is large enough to be worked while its jobs are still being taken in."""

import json
import signal
from dataclasses import dataclass

import pytest

from runner.app import enrolling, planning
from runner.app.comparison import Wishes, fingerprint
from runner.app.finished import Finished
from runner.app.preflight import RunWishes
from runner.app.running import run
from runner.app.stopping import Interruption
from runner.app.workplace import Workplace, load_manifest
from runner.core.events import EventName
from runner.core.money import Budget, Credits
from runner.store import enrolment
from tests.app.bench import Bench

pytestmark = pytest.mark.faults  # tens of thousands of jobs each

A_PAGE = enrolment.TRANSACTION
THREE = Wishes(budget=Budget(credits=Credits(4000)), limit=3, examples=0)


@dataclass
class Large:
    """A batch of many prompts that stand in a file; nothing of it is in the state."""

    bench: Bench
    in_at_first: int | None = None
    """How many of its jobs were in the state at the first submission of the last run."""

    def write(self, count, kind="fox"):
        prompts = "".join(f"a {kind}, number {number}\n" for number in range(count))
        (self.bench.root / "prompts.txt").write_text(prompts)

    def say(self, **keys):
        manifest = {
            "version": 1,
            "name": "large",
            "provider": {"base_url": self.bench.base_url},
            "prompts": [{"file": "prompts.txt"}],
            "limits": {"requests_per_minute": 6000},
        }
        (self.bench.root / "demo.yaml").write_text(json.dumps(manifest | keys))

    def run(self, wishes=THREE, happens=lambda *_: None) -> Finished:
        """Run it; ``happens`` is called with the name of each event and with the interruption."""
        self.in_at_first, interruption = None, Interruption()

        def tell(event):
            if event.name is EventName.SUBMITTED and self.in_at_first is None:
                self.in_at_first = self.count("")
            happens(event.name, interruption)

        wanted = RunWishes(wishes, canary=False)
        return run(Workplace.at(None, sandbox=False), "demo.yaml", wanted, tell, interruption)

    def take_in_a_page(self):
        """As a run does that is killed then."""
        loaded, workplace = load_manifest("demo.yaml"), Workplace.at(None, sandbox=False)
        with workplace.reading() as connection:
            plan = planning.plan_with(connection, workplace, loaded.manifest, Wishes(examples=0))
        with self.bench.writer() as writer:
            batch = enrolling.open_batch(writer, loaded.manifest, plan, workplace.output_dir(loaded.manifest))
            texts = fingerprint(loaded.manifest)
            pages = enrolling.Enrolment(loaded.manifest, batch, {}, texts, plan.diff.total).pages(writer)
            next(pages)

    def count(self, where) -> int:
        return self.bench.rows(
            f"SELECT count(*) FROM job JOIN batch ON batch.id = batch WHERE name = 'large' {where}"
        )[0][0]

    def paid_for(self):
        """What the prompts of the jobs were about that an attempt was made for."""
        rows = self.bench.rows(
            "SELECT DISTINCT text FROM prompt JOIN job ON job.prompt = prompt.id JOIN attempt ON attempt.job = job.id"
        )
        return {text.removeprefix("a ").partition(",")[0] for (text,) in rows}

    def batch(self, columns):
        return self.bench.rows(f"SELECT {columns} FROM batch WHERE name = 'large'")[0]


@pytest.fixture
def large(bench_with) -> Large:
    bench = bench_with()
    large = Large(bench)
    large.say()
    return large


def test_its_first_jobs_are_submitted_before_the_last_are_in_and_all_are_in_afterwards(large):
    large.write(3 * A_PAGE + 5)
    finished = large.run()
    assert (finished.exit_code, large.in_at_first < 3 * A_PAGE, large.count("")) == (0, True, 3 * A_PAGE + 5)
    assert large.batch("spent, reserved, generation, fingerprint IS NULL") == (120, 0, 1, 0)
    assert large.count("AND state = 'done' AND rank < 3") == 3


def test_one_that_was_interrupted_before_the_last_were_in_goes_on_with_the_same_cap(large):
    large.write(3 * A_PAGE + 5)

    def interrupt(event, interruption):
        if event is EventName.SUBMITTED:
            interruption.wished(signal.SIGTERM)

    first = large.run(happens=interrupt)
    assert (first.exit_code, large.count("") < 3 * A_PAGE) == (143, True)
    again = large.run(Wishes(limit=3, examples=0))
    assert (again.exit_code, large.count(""), large.batch("budget")) == (0, 3 * A_PAGE + 5, (4000,))
    paid = 40 * large.count("AND state = 'done'")
    assert large.batch("spent")[0] == 40 * len(large.bench.asked("generate")) == paid


def test_what_an_interrupted_enrolment_of_another_text_left_is_not_paid_for(large):
    """Two texts are taken in one after the other, neither to its end, and the first is what is wanted in the end."""
    for kind in ("fox", "wolf"):
        large.write(2 * A_PAGE, kind)
        large.take_in_a_page()
    large.write(A_PAGE + 5, "fox")
    large.run(Wishes(THREE.budget, limit=3, examples=0))
    assert (large.paid_for(), large.count("AND removed = 0")) == ({"fox"}, A_PAGE + 5)


def test_prompts_that_are_edited_before_the_last_are_in_are_not_paid_for(large):
    large.write(A_PAGE + 5)

    def edit(event, _):
        if event is EventName.STARTED:
            large.write(A_PAGE + 7, "wolf")

    finished = large.run(happens=edit)
    assert finished.exit_code == 2
    assert [reason for reason in finished.reasons if "demo.yaml was edited while its jobs" in reason]
    assert large.paid_for() <= {"fox"}
    large.run()
    assert ("wolf" in large.paid_for(), large.count("AND removed = 0")) == (True, A_PAGE + 7)


def test_where_jobs_are_chosen_all_are_in_before_the_first_leaves(large):
    large.write(A_PAGE + 5)
    large.run(Wishes(THREE.budget, {"mode": "normal"}, 3, 0))
    assert large.in_at_first == A_PAGE + 5


def test_where_they_are_shuffled_all_are_in_before_the_first_leaves(large):
    large.write(A_PAGE + 5)
    large.say(order="shuffle")
    large.run()
    assert large.in_at_first == A_PAGE + 5


def test_a_run_that_is_to_submit_nothing_takes_all_of_the_batch_in(large):
    large.write(A_PAGE + 30)
    large.say()
    done = large.run(Wishes(budget=Budget(credits=Credits(4000)), limit=0, examples=0))
    assert (done.exit_code, large.count("")) == (0, A_PAGE + 30)
