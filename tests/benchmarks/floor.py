"""The least that keeps the promises: the bare script, and around each step what no durable runner can leave out.

A row is committed before the submission, after it, when the task is done and when the file is placed, through plain
``sqlite3`` with group commit and ``synchronous=FULL``; the file is hashed, synced and renamed, and its folder synced, in
threads. There are no limits, no checks of what is answered, no retries, and nothing is ever asked about twice: it shows what
of the runner's time is the promises' own, and is no runner.

``python -m tests.benchmarks.floor BASE_URL JOBS AT_ONCE INTERVAL_S FOLDER``
"""

import asyncio
import hashlib
import os
import queue
import sqlite3
import sys
import threading
from pathlib import Path

from tests.benchmarks.asking import Asking, open_session
from tests.benchmarks.desk import prompts

_MOST = 200


class Books:
    """A state with a row a job; each change is durable before its caller goes on."""

    def __init__(self, path: Path) -> None:
        self._asked: queue.SimpleQueue[tuple[int, str, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._path = path
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    async def note(self, job: int, state: str) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.put((job, state, done))
        await done

    def close(self) -> None:
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        for line in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT) STRICT",
        ):
            connection.execute(line)
        while group := self._gathered():
            connection.execute("BEGIN IMMEDIATE")
            for job, state, _ in group:
                connection.execute("INSERT OR REPLACE INTO job VALUES (?, ?)", (job, state))
            connection.execute("COMMIT")
            waiting = [done for _, _, done in group]
            waiting[0].get_loop().call_soon_threadsafe(_answer, waiting)
        connection.close()

    def _gathered(self) -> list[tuple[int, str, "asyncio.Future[None]"]]:
        group = []
        one = self._asked.get()
        while one is not None:
            group.append(one)
            if len(group) == _MOST or self._asked.empty():
                break
            one = self._asked.get()
        return group


def _answer(waiting: list["asyncio.Future[None]"]) -> None:
    for done in waiting:
        done.set_result(None)


class Durable(Asking):
    """Asks as the bare script does, and notes every step before the next."""

    async def durably(self, books: Books, number: int, prompt: str, path: Path) -> int:
        await books.note(number, "submitting")
        body = {"prompt": prompt, "mode": "normal", "ratio": "1:1"}
        task_id = (await self._answer("POST", "/v1/generate", json=body))["data"]["task_id"]
        await books.note(number, "running")
        while True:
            standing = (await self._answer("GET", "/v1/status", params={"task_id": task_id}))["data"]
            if standing["status"] == "completed":
                break
            await asyncio.sleep(self.interval_s)
        await books.note(number, "fetching")
        async with self.session.get(standing["response"][0]) as response:
            content = await response.read()
        await asyncio.to_thread(_placed, content, path)
        await books.note(number, "done")
        return len(content)


def _placed(content: bytes, path: Path) -> None:
    hashlib.sha256(content).hexdigest()
    partial = path.with_suffix(".partial")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def main(base_url: str, jobs: int, at_once: int, interval_s: float, folder: Path) -> None:
    slots = asyncio.Semaphore(at_once)
    books = Books(folder / "state.db")
    async with open_session() as session:
        asking = Durable(session, base_url, os.environ["GROKIMAGINE_API_TOKEN"], interval_s)

        async def one(number: int, prompt: str) -> int:
            async with slots:
                return await asking.durably(books, number, prompt, folder / f"{number}.mp4")

        sizes = await asyncio.gather(*(one(*numbered) for numbered in enumerate(prompts(jobs))))
    books.close()
    if len(sizes) != jobs or min(sizes) == 0:
        sys.exit("not every job has its file")


if __name__ == "__main__":
    _base_url, _jobs, _at_once, _interval_s, _folder = sys.argv[1:]
    Path(_folder).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(_base_url, int(_jobs), int(_at_once), float(_interval_s), Path(_folder)))
