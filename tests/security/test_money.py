"""S38, S39: whatever a service answers, no job is paid for twice and the cap holds."""

import asyncio
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from runner.core.errors import Place
from runner.core.model import Job, JobId, JobState, Limits, Retries
from runner.core.money import Credits, Price
from runner.core.outcomes import (
    Accepted,
    GenerationRequest,
    RefusalKind,
    Refused,
    StatusOutcome,
    SubmitOutcome,
    TaskId,
    Throttled,
)
from runner.engine.ports import Orders, Ports
from runner.engine.run import Run
from runner.files.outcomes import Content, Fetched, FetchOutcome, Placed, PlaceOutcome
from runner.providers.grokimagine.wire import classify_status, classify_submit
from runner.store import batches, enrolment, reads
from runner.store.batches import BatchTerms
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter
from tests.simulation.clock import run_on_virtual_clock

from .crafted import Answer, Crafter
from .support import Program, manifest

PRICE = 40
JOBS = 20
LIVES = 12
"""How often the program is started anew on one batch."""

START = datetime(2026, 1, 2, tzinfo=UTC)
SENT_AGAIN = (RefusalKind.ACCOUNT, RefusalKind.CREDIT, RefusalKind.ADDRESS)


def is_no(outcome: SubmitOutcome) -> bool:
    """Whether the engine may send the same job again by itself."""
    return isinstance(outcome, Throttled) or (isinstance(outcome, Refused) and outcome.kind in SENT_AGAIN)


def test_of_ten_thousand_crafted_answers_none_is_taken_for_a_no_that_may_have_been_a_yes():
    crafter = Crafter(Random(11))
    kinds: Counter[str] = Counter()
    wrong: list[Answer] = []
    for _ in range(10_000):
        answer = crafter.submission()
        outcome = classify_submit(answer.status, answer.headers, answer.body, answer.complete)
        kinds[type(outcome).__name__] += 1
        if is_no(outcome) and not answer.may_be_sent_again:
            wrong.append(answer)
    assert wrong == []
    assert set(kinds) == {"Accepted", "Refused", "Throttled", "Unknown"}
    assert min(kinds.values()) > 200, kinds


@dataclass
class Attacker:
    """A service that answers with whatever was crafted, and notes each POST that it should never have got."""

    crafter: Crafter
    books: Callable[[], tuple[int, int, int, int]]
    posts: Counter[str] = field(default_factory=Counter)
    closed: dict[str, Answer] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    wrong: list[object] = field(default_factory=list)
    allowed_again: int = 0
    capabilities: object = None

    async def submit(self, request: GenerationRequest) -> SubmitOutcome:
        prompt = request.prompt
        self.posts[prompt] += 1
        if prompt in self.closed:
            self.wrong.append((prompt, self.closed[prompt]))
        spent, reserved, budget, dearest = self.books()
        if spent + reserved > budget and dearest <= PRICE:
            self.wrong.append(("over the cap", spent, reserved))
        await asyncio.sleep(self.crafter.draw.random())
        answer = self.crafter.submission()
        if answer.may_be_sent_again:
            self.allowed_again += 1
        else:
            self.closed[prompt] = answer
        outcome = classify_submit(answer.status, answer.headers, answer.body, answer.complete)
        if isinstance(outcome, Accepted):
            self.prompts[outcome.task_id] = prompt
        return outcome

    async def status(self, task_id: TaskId) -> StatusOutcome:
        await asyncio.sleep(self.crafter.draw.random())
        answer = self.crafter.standing(task_id, self.prompts.get(task_id, "a stranger's"))
        return classify_status(task_id, answer.status, answer.headers, answer.body, answer.complete)

    async def close(self) -> None:
        """Nothing is open."""


class Files:
    async def fetch(self, url: str, partial: str) -> FetchOutcome:
        return Fetched(Content(7, "ab" * 32), ".mp4")

    async def place(self, partial: str, path: str, content: Content) -> PlaceOutcome:
        return Placed()


@dataclass
class Attack:
    """One batch under crafted answers, over several lives of the program."""

    path: Path
    seed: int
    is_stern: bool

    def carried_out(self) -> Attacker:
        writer = DirectWriter(open_for_writing(self.path))
        try:
            return self._carried_out(writer)
        finally:
            writer.close()

    def _carried_out(self, writer: DirectWriter) -> Attacker:
        terms = BatchTerms("b", "/m.yaml", "grokimagine", "/o", Price(Credits(PRICE), Decimal("0.40")))
        pk = writer.write_now(batches.open_batch, terms, START.isoformat()).pk
        writer.write_now(batches.set_budget, pk, Credits(JOBS * PRICE), None)
        generation = writer.write_now(enrolment.begin, pk)
        writer.write_now(enrolment.enrol, pk, [_job(number) for number in range(JOBS)], generation)

        def books() -> tuple[int, int, int, int]:
            batch = writer.write_now(batches.by_pk, pk)
            return batch.spent, batch.reserved, batch.budget or 0, batch.highest_charge

        attacker = Attacker(Crafter(Random(self.seed), self.is_stern), books)
        for life in range(LIVES):
            run_on_virtual_clock(self._life(writer, pk, attacker, life))
            if not writer.write_now(reads.counts, pk).by_state[JobState.PENDING]:
                break
        batch = writer.write_now(batches.by_pk, pk)
        if (batch.spent, batch.reserved, batch.unknown) != writer.write_now(reads.books, pk):
            attacker.wrong.append("the books are not the sums of the attempts")
        return attacker

    async def _life(self, writer: DirectWriter, pk: int, attacker: Attacker, life: int) -> None:
        loop = asyncio.get_running_loop()
        begun = START + timedelta(days=life)
        ports = Ports(
            state=writer,
            provider=attacker,
            files=Files(),
            tell=lambda _event: None,
            utc_now=lambda: begun + timedelta(seconds=loop.time()),
            random=Random(self.seed + life),
        )
        limits = Limits(in_flight=8, requests_per_minute=6000.0, canary=False, task_deadline_s=600.0)
        orders = Orders(pk, limits, Retries(), stop_submitting_after_s=3600.0)
        await Run(orders, ports).execute()


def _job(number: int) -> Job:
    return Job(
        job_id=JobId(f"{number:024x}"),
        prompt_id=f"p{number}",
        prompt=f"a fox, number {number}",
        mode="normal",
        ratio="1:1",
        take=1,
        path=f"p{number}/take-01",
        rank=number,
        place=Place("m.yaml", number + 1),
    )


@pytest.fixture
def folder(tmp_path):
    """A folder in memory, where there is one: thousands of commits are not worth the wait for a disk."""
    memory = Path("/dev/shm")
    place = memory / f"runner-{tmp_path.name}-{id(tmp_path)}" if memory.is_dir() else tmp_path / "state"
    place.mkdir()
    yield place
    shutil.rmtree(place)


ROUNDS = [8, pytest.param(250, marks=pytest.mark.faults)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_answers_make_the_program_send_a_job_again_that_may_have_been_accepted(rounds, folder):
    attackers = [Attack(folder / f"{seed}.db", seed, is_stern=False).carried_out() for seed in range(rounds)]
    posts = sum(attacker.posts.total() for attacker in attackers)
    again = sum(attacker.allowed_again for attacker in attackers)
    assert [attacker.wrong for attacker in attackers if attacker.wrong] == []
    assert (posts <= rounds * JOBS + again, posts > rounds * 5) == (True, True)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_without_a_plain_no_there_are_never_more_submissions_than_jobs(rounds, folder):
    attackers = [Attack(folder / f"{seed}.db", seed, is_stern=True).carried_out() for seed in range(rounds)]
    most = max(max(attacker.posts.values()) for attacker in attackers)
    assert ([attacker.wrong for attacker in attackers if attacker.wrong], most) == ([], 1)


BIG = {"a": [f"a{number}" for number in range(100)], "b": [f"b{number}" for number in range(100)]}


@pytest.mark.parametrize("takes", [1, pytest.param(100, marks=pytest.mark.faults)])
def test_a_manifest_of_thousands_of_cells_is_priced_and_refused_before_a_byte_is_sent(
    takes, program, service
):
    """A few words make 10,000 jobs; with a typo in ``takes``, a million."""
    program.write(manifest(service.url, ["{a} {b}"], variables=BIG, takes=takes))
    code, said = program.ask("run", "m.yaml")
    assert (code, service.requests) == (3, [])
    assert f"{takes * 10_000} jobs need {takes * 400_000} credits" in said


def test_without_a_budget_and_without_anybody_to_ask_nothing_is_sent(program, service):
    content = json.loads(manifest(service.url))
    del content["budget"]
    program.write(json.dumps(content))
    done = program.run("run", "m.yaml")
    assert (done.code, service.requests, "--budget" in done.err, "40 credits" in done.err) == (
        2,
        [],
        True,
        True,
    )


BUDGETS = ["0", "-40", "39.5", "40 credits", "1e30", "9" * 30, "free", "nan", "inf", "", "0usd"]


@pytest.mark.parametrize("budget", BUDGETS)
def test_no_odd_budget_is_an_unlimited_one(budget, program: Program, service):
    program.write(manifest(service.url))
    code, _ = program.ask("run", "m.yaml", f"--budget={budget}")
    assert (code in {2, 3}, service.requests) == (True, [])


def test_a_charge_of_a_million_is_booked_and_ends_spending(program, service):
    service.on_status = lambda asked: service.complete(asked, consumed_credits=1_000_000)
    limits = {"requests_per_minute": 100000, "in_flight": 1, "canary": False}
    program.write(manifest(service.url, ["a fox", "a hen", "an owl"], limits=limits))
    done = program.run("run", "m.yaml")
    with closing(sqlite3.connect(program.folder / "state" / "runner.db")) as state:
        books = state.execute("SELECT spent, reserved FROM batch").fetchone()
    assert (done.code, len(service.posts), books) == (3, 1, (1_000_000, 0))
