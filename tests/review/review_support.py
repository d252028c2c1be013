"""A batch with real files in a real state, its review on a real port, and somebody who speaks HTTP word for word."""

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from runner.app.serving import subject_of
from runner.app.workplace import Workplace
from runner.core.choice import Choice
from runner.core.errors import Place
from runner.core.model import Job, JobId
from runner.core.money import Credits, Price
from runner.core.outcomes import TaskId
from runner.review.server import Pace, reviewing
from runner.store import attempts, batches, choices, enrolment, outputs
from runner.store.batches import BatchTerms
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter

NOW = "2026-01-02T03:04:05.000+00:00"
QUICK = Pace(pause_s=0.02, heartbeat_s=15)
VIDEO = bytes(range(256)) * 4
PATIENCE_S = 20


def job_of(number: int, **fields: Any) -> Job:
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
class Stage:
    """A batch ``spring``; jobs go by their rank, and job 0's row is 1."""

    folder: Path
    writer: DirectWriter = field(init=False)
    pk: int = field(init=False)

    def __post_init__(self) -> None:
        self.state.parent.mkdir(parents=True)
        self.writer = DirectWriter(open_for_writing(self.state))
        terms = BatchTerms(
            name="spring",
            manifest=str(self.folder / "spring.yaml"),
            provider="grokimagine",
            output_dir=str(self.tree),
            price=Price(Credits(40), Decimal("0.40")),
        )
        self.pk = self.do(batches.open_batch, terms, NOW).pk

    @property
    def state(self) -> Path:
        return self.folder / "state" / "runner.db"

    @property
    def tree(self) -> Path:
        return self.folder / "outputs"

    def do(self, change: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.writer.write_now(change, *args, **kwargs)

    def enrol(self, *jobs: Job) -> None:
        generation = self.do(enrolment.begin, self.pk)
        self.do(enrolment.enrol, self.pk, jobs, generation)
        self.do(enrolment.finish, self.pk, generation, "print")

    def run(self, rank: int) -> int:
        attempt = self.do(attempts.reserve, self.pk, rank + 1, NOW).attempt
        self.do(attempts.accept, attempt, TaskId(f"t{rank}"))
        return attempt

    def finish(self, rank: int, content: bytes = VIDEO) -> Path:
        """Bring a pending job to done, with a file in the tree."""
        attempt = self.run(rank)
        self.do(attempts.complete, attempt, None, ("https://cdn/1.mp4",), NOW)
        path = f"p{rank}/take-01.mp4"
        (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
        (self.tree / path).write_bytes(content)
        self.do(outputs.verified, attempt, path, len(content), hashlib.sha256(content).hexdigest())
        self.do(outputs.placed, attempt)
        self.do(outputs.finish, rank + 1, NOW)
        return self.tree / path

    def books(self) -> tuple[int, int, int]:
        batch = self.do(batches.by_pk, self.pk)
        return batch.spent, batch.reserved, batch.unknown

    def chosen(self) -> dict[int, Choice]:
        """All choices there are, by the rank of their jobs, as they are without their times."""
        found = self.do(choices.of_jobs, range(1, 100))
        return {pk - 1: replace(one, chosen_at="", revision=0) for pk, one in found.items()}

    @contextlib.asynccontextmanager
    async def review(self, pace: Pace = QUICK) -> AsyncIterator["Visitor"]:
        place = Workplace.at(f"sqlite:///{self.state}", sandbox=False)
        async with (
            reviewing(subject_of(place, "spring"), pace=pace) as url,
            aiohttp.ClientSession() as session,
        ):
            yield Visitor(url, session)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """Somebody who knows the URL of the page."""

    url: str
    session: aiohttp.ClientSession

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    @property
    def root(self) -> str:
        """The path with the token: ``/<token>/``."""
        return "/" + self.url.split("/", 3)[3]

    async def ask(
        self, path: str = "", headers: dict[str, str] | None = None, *, method: str = "GET", body: bytes = b""
    ) -> Answer:
        """What is answered to this path behind the token, sent as it stands here; a header ``None`` is left out."""
        return await self.send(self.root + path, headers, method=method, body=body)

    async def send(
        self, target: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: bytes = b""
    ) -> Answer:
        given = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", "Content-Length": str(len(body))}
        given |= headers or {}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        received = await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
        await writer.wait_closed()
        top, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = top.decode("latin-1").split("\r\n")
        return Answer(int(status.split(" ")[1]), dict(line.split(": ", 1) for line in lines), rest)

    async def page(self) -> dict[str, Any]:
        """What stands in the page, by the names of its blocks."""
        text = (await self.ask()).body.decode()
        blocks = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', text, re.DOTALL)
        return {name: json.loads(block) for name, block in blocks}

    async def choose(self, wish: object, headers: dict[str, str] | None = None) -> Answer:
        """Send a choice, as the page does."""
        given = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"} | (
            headers or {}
        )
        body = wish if isinstance(wish, bytes) else json.dumps(wish).encode()
        return await self.ask("choices", given, method="POST", body=body)

    @contextlib.asynccontextmanager
    async def events(self, since: int = 0, headers: dict[str, str] | None = None) -> AsyncIterator["Events"]:
        """An open page that hears what changes."""
        async with self.session.get(f"{self.url}events?since={since}", headers=headers) as answer:
            heard = Events(answer)
            await heard.line()  # retry: it is connected
            yield heard


@dataclass
class Events:
    """What an open page hears."""

    answer: aiohttp.ClientResponse

    async def line(self) -> str:
        line = await asyncio.wait_for(self.answer.content.readuntil(b"\n\n"), PATIENCE_S)
        return line.decode()

    async def next(self) -> dict[str, Any]:
        """The next change; signs of life are passed over."""
        while (text := await self.line()).startswith(":"):
            pass
        fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
        told = json.loads(fields["data"])
        assert (fields["event"], fields["id"]) == ("change", str(told["sequence"]))
        return told

    async def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first row that is what was waited for."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for row in (await self.next())["jobs"]:
                    if is_it(row):
                        return row
