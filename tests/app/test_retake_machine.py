"""Any order of edits, choices, retries, plans and runs, some of which die: nothing is paid for that no plan had priced.

The state is real, and so are the commands' functions; the service is not asked, a job that is paid for is simply done.
"""

import contextlib
import json
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from runner.app import enrolling, planning
from runner.app.comparison import Wishes, fingerprint
from runner.app.environment import Environment
from runner.app.remaking import RemakeWishes, make_again
from runner.app.workplace import Workplace, load_manifest
from runner.core.choice import checked
from runner.core.outcomes import TaskId
from runner.store import attempts, choices, outputs
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter

NAME = "loop"
NOW = "2026-01-02T03:04:05.000+00:00"
TEXTS = ("a fox", "an owl", "a bear")
PRICE = 40
BUDGET = 14 * PRICE
FIELDS = [
    {"flag": "reject"},
    {"again": True},
    {"flag": "reject", "again": True},
    {"flag": "keep", "again": False},
]
SOME = st.lists(st.integers(0, 8), min_size=1, max_size=3, unique=True)
PAID = st.sampled_from([0, 2, 9])

MANIFESTS = st.fixed_dictionaries(
    {
        "texts": st.lists(st.sampled_from(TEXTS), min_size=1, unique=True),
        "takes": st.integers(1, 3),
        "excluded": st.frozensets(st.integers(2, 5), max_size=2),
        "order": st.sampled_from(["manifest", "breadth", "shuffle"]),
        "layout": st.sampled_from(["{prompt_id}/{take}", "x/{prompt_id}-{take:02d}"]),
    }
)


class Loop(RuleBasedStateMachine):
    """A batch in a directory of its own; what the manifest says is kept beside it, as a model."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        environment = Environment({}, {})
        self.workplace = Workplace.at(
            f"sqlite:///{self.root}/runner.db", sandbox=False, environment=environment
        )
        self.asked = {}

    def teardown(self):
        self.folder.cleanup()

    @initialize(asked=MANIFESTS)
    def begin(self, asked):
        self.edit(asked)
        self.run(only={}, paid=9, dies=False)

    @rule(asked=MANIFESTS)
    def edit(self, asked):
        self.asked = asked
        whole = {
            "version": 1,
            "name": NAME,
            "budget": {"credits": BUDGET},
            "takes": asked["takes"],
            "order": asked["order"],
            "exclude": [{"take": take} for take in sorted(asked["excluded"])],
            "prompts": [{"id": f"p{TEXTS.index(text)}", "text": text} for text in asked["texts"]],
            "output": {"dir": f"{self.root}/out", "layout": asked["layout"]},
        }
        self.manifest.write_text(json.dumps(whole), encoding="utf-8")

    @rule(some=SOME, fields=st.sampled_from(FIELDS))
    def choose(self, some, fields):
        """Mostly about jobs that are done, as a person does."""
        jobs = self.remakable() or self.jobs()
        with self.writer() as writer:
            for at in some:
                writer.write_now(choices.choose, jobs[at % len(jobs)]["id"], checked(fields), NOW)

    @rule()
    def retry(self):
        """Each rejected job that is done and still named gets one other take, now; asked again, none does."""
        due = {job["id"] for job in self.remakable() if job["flag"] == "reject"}
        named = {job["id"] for job in self.remakable() if job["text"] in self.asked["texts"]}
        before = self.children()
        make_again(self.workplace, NAME, RemakeWishes(), lambda _: None)
        assert set(self.children()) == set(before) | due & named
        again = make_again(self.workplace, NAME, RemakeWishes(), lambda _: None)
        assert again.moved == {}

    @rule(
        only=st.sampled_from([{}, {"take": "2"}, {"prompt": "p0"}]),
        paid=PAID,
        dies=st.booleans(),
    )
    def run(self, only, paid, dies):
        """What was planned is what is pending afterwards; ``paid`` of it is paid for, unless the run ``dies`` before."""
        plan = self.plan(only)
        wished = {job["id"] for job in self.remakable() if job["again"]}
        children, jobs = self.children(), {job["job_id"] for job in self.jobs()}
        self.take_in(plan, dies=dies)
        granted = {
            job["id"] for job in self.jobs() if job["id"] in wished and job["text"] in self.asked["texts"]
        }
        assert set(self.children()) == set(children) | granted
        assert len({job["job_id"] for job in self.jobs()} - jobs) == plan.diff.new
        if not dies:
            self.check_removed()
            pending = [job for job in self.jobs() if job["state"] == "pending" and not job["removed"]]
            chosen = [job for job in pending if self.matches(job, only)]
            assert (len(pending), len(chosen)) == (self.unsent(plan), plan.diff.may_submit)
            assert not [job for job in self.remakable() if job["again"]]
            self.pay(chosen[:paid])

    @rule(some=SOME, fields=st.sampled_from(FIELDS), asked=st.none() | MANIFESTS)
    def go_round(self, some, fields, asked):
        """What people do most: choose, make again, pay, and edit something for the next time."""
        self.choose(some, fields)
        self.retry()
        self.run(only={}, paid=9, dies=False)
        if asked is not None:
            self.edit(asked)

    @rule()
    def plan_again(self):
        """To plan writes nothing, and says the same twice."""
        before = self.dump()
        first, second = self.plan({}), self.plan({})
        assert (first.diff, self.dump()) == (second.diff, before)

    @invariant()
    def nothing_is_paid_or_made_twice(self):
        paid = self.rows("SELECT job, count(*) AS n FROM attempt GROUP BY job HAVING n > 1")
        made = [job["instead_of"] for job in self.jobs() if job["instead_of"] is not None]
        spent = self.rows("SELECT spent + reserved AS held FROM batch")
        assert (paid, len(set(made)) == len(made)) == ([], True)
        assert all(row["held"] <= BUDGET for row in spent)

    # What the rules need

    @property
    def manifest(self):
        return self.root / "loop.yaml"

    @contextlib.contextmanager
    def writer(self):
        writer = DirectWriter(open_for_writing(self.workplace.state))
        try:
            yield writer
        finally:
            writer.close()

    def rows(self, sql):
        if not self.workplace.state.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.workplace.state)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    def jobs(self):
        return self.rows(
            "SELECT job.*, prompt.text, choice.flag, choice.again FROM job JOIN prompt ON prompt.id = job.prompt "
            "LEFT JOIN choice ON choice.job = job.id ORDER BY job.id"
        )

    def children(self):
        """The rows of jobs that another take was made instead of."""
        return [job["instead_of"] for job in self.jobs() if job["instead_of"] is not None]

    def remakable(self):
        made = set(self.children())
        return [
            job
            for job in self.jobs()
            if job["state"] == "done" and not job["removed"] and job["id"] not in made
        ]

    def dump(self):
        return [self.rows(f"SELECT * FROM {table}") for table in ("batch", "job", "attempt", "choice")]

    def plan(self, only):
        manifest = load_manifest(str(self.manifest)).manifest
        with self.workplace.reading() as connection:
            wishes = Wishes(examples=0, only=only)
            return planning.plan_with(connection, self.workplace, manifest, wishes)

    def take_in(self, plan, *, dies):
        manifest = load_manifest(str(self.manifest)).manifest
        with self.writer() as writer:
            batch = enrolling.open_batch(writer, manifest, plan, str(self.root / "out"))
            for _ in enrolling.enrol(writer, manifest, batch, plan.diff.retakes, fingerprint(manifest)):
                if dies:
                    return

    def unsent(self, plan):
        return plan.diff.new + plan.diff.by_state["pending"]

    def matches(self, job, only):
        return ("take" not in only or job["take"] == int(only["take"])) and (
            "prompt" not in only or job["prompt_id"] == only["prompt"]
        )

    def check_removed(self):
        """An added take goes only with its prompt, or where the manifest excludes it."""
        own = set(range(1, self.asked["takes"] + 1))
        for job in self.jobs():
            is_named = job["take"] in own or job["instead_of"] is not None
            stays = (
                job["text"] in self.asked["texts"] and is_named and job["take"] not in self.asked["excluded"]
            )
            assert (job["job_id"], job["removed"]) == (job["job_id"], int(not stays))

    def pay(self, jobs):
        with self.writer() as writer:
            for job in jobs:
                held = writer.write_now(attempts.reserve, 1, job["id"], NOW)
                if held is not None:
                    task = TaskId(f"task-{job['id']}")
                    writer.write_now(attempts.accept, held.attempt, task)
                    writer.write_now(attempts.complete, held.attempt, None, ["https://a"], NOW)
                    writer.write_now(outputs.finish, job["id"], NOW)


@pytest.mark.parametrize("examples", [25, pytest.param(250, marks=pytest.mark.faults)])
def test_whatever_is_edited_chosen_and_killed_plan_and_run_agree_and_nothing_is_paid_twice(examples):
    kind = settings(
        max_examples=examples,
        stateful_step_count=10,
        deadline=None,
        phases=(Phase.generate,),  # ten steps are short enough to read, and to shrink them takes minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Loop, settings=kind)
