"""A real state with a batch in it, and the few words that tests about the store need."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from runner.core.errors import Place, StateError
from runner.core.model import Job, JobId, JobState
from runner.core.money import Credits, Price
from runner.core.outcomes import TaskId
from runner.core.records import Batch, StoredJob
from runner.store import attempts, batches, enrolment, locks, reads
from runner.store.attempts import Reservation
from runner.store.batches import BatchTerms
from runner.store.database import open_for_writing
from runner.store.holds import Hold
from runner.store.places import Server, State, state_at
from runner.store.schema import metadata
from runner.store.writer import DirectWriter

NOW = "2026-01-02T03:04:05.000+00:00"
LATER = "2026-01-02T04:04:05.000+00:00"
PRICE = Price(Credits(40), Decimal("0.40"))


def terms_of(name: str = "spring", **fields: Any) -> BatchTerms:
    """What a run brings along for the batch ``name``."""
    given = {
        "manifest": f"/m/{name}.yaml",
        "provider": "grokimagine",
        "output_dir": f"/o/{name}",
        "price": PRICE,
    }
    return BatchTerms(name=name, **(given | fields))


def job_of(number: int, **fields: Any) -> Job:
    """The job of that rank; by default all jobs have prompts of their own."""
    given = {
        "prompt_id": f"p{number}",
        "prompt": f"a fox, number {number}",
        "mode": "normal",
        "ratio": "1:1",
        "take": 1,
        "path": f"p{number}/take-01",
        "rank": number,
        "place": Place("m.yaml", number + 1),
    }
    return Job(JobId(f"{number:024x}"), **(given | fields))


@dataclass
class Shop:
    """A batch in a state, and the changes to it by their short names; jobs go by their rank."""

    path: State
    writer: DirectWriter
    pk: int

    def do(self, change: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.writer.write_now(change, *args, **kwargs)

    def enrol(self, *jobs: Job) -> None:
        generation = self.do(enrolment.begin, self.pk)
        self.do(enrolment.enrol, self.pk, jobs, generation)
        self.do(enrolment.finish, self.pk, generation, "print")

    def budget(self, credits_: int | None) -> None:
        self.do(batches.set_budget, self.pk, None if credits_ is None else Credits(credits_), None)

    def job(self, rank: int) -> StoredJob:
        found = self.rows("SELECT id FROM job WHERE batch = ? AND job_id = ?", self.pk, job_of(rank).job_id)
        return self.do(reads.stored_job, found[0][0])

    def reserve(self, rank: int) -> Reservation | None:
        return self.do(attempts.reserve, self.pk, self.job(rank).pk, NOW)

    def running(self, rank: int) -> int:
        """Bring a pending job to running as task ``t<rank>``; returns its attempt."""
        attempt = self.reserve(rank).attempt
        self.do(attempts.accept, attempt, TaskId(f"t{rank}"))
        return attempt

    def fetching(self, rank: int, *urls: str) -> int:
        attempt = self.running(rank)
        self.do(attempts.complete, attempt, None, urls or ("https://cdn/1.mp4",), NOW)
        return attempt

    def batch(self) -> Batch:
        return self.do(batches.by_pk, self.pk)

    def books(self) -> tuple[int, int, int]:
        """Spent, reserved and unknown, as the triggers keep them."""
        batch = self.batch()
        return batch.spent, batch.reserved, batch.unknown

    def states(self) -> list[JobState]:
        """The state of every job, by rank."""
        return [
            JobState(state) for (state,) in self.rows("SELECT state FROM job ORDER BY batch, rank, job_id")
        ]

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        return rows_in(self.path, sql, *parameters)

    def dump(self) -> list[str]:
        """Everything that stands in the state."""
        if isinstance(self.path, Server):
            return [
                f"{table} {row}"
                for table in metadata.tables
                for row in sorted(self.rows(f"TABLE {table}"), key=str)
            ]
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return list(connection.iterdump())


def rows_in(state: State, sql: str, *parameters: Any) -> list[Any]:
    """The rows of a statement, asked beside the program; it may change something."""
    if isinstance(state, Server):
        with outsider(state) as connection:
            done = connection.execute(sql.replace("?", "%s"), parameters or None)
            return done.fetchall() if done.description else []
    with contextlib.closing(sqlite3.connect(state)) as connection, connection:
        return connection.execute(sql, parameters).fetchall()


def outsider(server: Server) -> Any:
    """A connection of somebody else to the state on a server."""
    import psycopg

    url = server.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, options=f"-c search_path={server.schema}", application_name="outsider")


def state_of(text: str) -> State:
    """The state that a process is told of on its command line."""
    return state_at(text) if "://" in text else Path(text)


@contextlib.contextmanager
def shop_at(
    path: State,
    *jobs: Job,
    budget: int | None = 4000,
    name: str = "spring",
    hold: Hold | None = None,
) -> Iterator[Shop]:
    """A shop at ``path`` that closes again; the batch is made, or found as it was left."""
    writer = DirectWriter(open_for_writing(path, hold))
    try:
        shop = Shop(path, writer, writer.write_now(batches.open_batch, terms_of(name), NOW).pk)
        if jobs:
            shop.budget(budget)
            shop.enrol(*jobs)
        yield shop
    finally:
        writer.close()


@contextlib.contextmanager
def held_shop(path: State, *jobs: Job, **terms: Any) -> Iterator[Shop]:
    """The same, with the batch's lock held, as a run has it."""
    with (
        locks.holding(path, terms.get("name", "spring")) as hold,
        shop_at(path, *jobs, hold=hold, **terms) as shop,
    ):
        yield shop


def raw(sql: str) -> Callable[..., Any]:
    """A change that runs one statement as it is, and gives its rows."""

    def change(connection: Any) -> Any:
        done = connection.execute(text(sql))
        return done.all() if done.returns_rows else done.rowcount

    return change


def failures_of_openers(state: State, openers: int = 4) -> list[str]:
    """What is said to those who cannot open a state of which there is nothing yet, where several begin at once."""
    failed: list[str] = []
    together = threading.Barrier(openers)

    def opens() -> None:
        together.wait()
        try:
            open_for_writing(state).dispose()
        except StateError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=opens) for _ in range(openers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return failed
