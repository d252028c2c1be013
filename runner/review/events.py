"""What has changed, told to each open page as server-sent events (HTML Living Standard, 9.2)."""

import json
from collections.abc import Callable
from typing import Final

from aiohttp import web

from runner.report.catalogue import Catalogue, Numbers
from runner.report.payload import Json
from runner.review.feed import Feed
from runner.review.lookout import Lookout
from runner.review.subject import Subject
from runner.store.writer import Connection

HEARTBEAT_S: Final = 15.0
_KEPT = 8


class Teller:
    """Puts changes into words. Pages that are equally far are told the same words, which are found once."""

    def __init__(self, subject: Subject, feed: Feed, lookout: Lookout, numbers: Numbers) -> None:
        self._subject = subject
        self._feed = feed
        self._lookout = lookout
        self._numbers = numbers
        self._told: dict[tuple[int, int], bytes] = {}

    async def after(self, sequence: int) -> tuple[int, bytes]:
        """The next event after this number, and the number up to which it tells everything."""
        reached, pks = self._feed.after(sequence)
        event = self._told.get((sequence, reached))
        if event is None:
            figures = self._feed.figures
            told: Json = {"sequence": reached, **await self.rows(pks)}
            told |= {"figures": figures.figures, "failures": list(figures.failures)}
            event = f"event: change\nid: {reached}\ndata: {_line(told)}\n\n".encode()
            self._told[sequence, reached] = event
            while len(self._told) > _KEPT:
                del self._told[next(iter(self._told))]
        return reached, event

    async def rows(self, pks: list[int]) -> Json:
        """The rows of these jobs (a page) as they are now, with the prompts and the details that they name."""
        return await self._lookout.read(self._reading(pks))

    def _reading(self, pks: list[int]) -> Callable[[Connection], Json]:
        def read(connection: Connection) -> Json:
            known = Catalogue(self._numbers)
            jobs = [known.row(record) for record in self._subject.records(connection, pks)] if pks else []
            prompts, details = known.take_new()
            return {"jobs": jobs, "prompts": prompts, "details": details}

        return read


async def stream(
    request: web.BaseRequest, answer: web.StreamResponse, feed: Feed, teller: Teller, heartbeat_s: float
) -> None:
    """Tell a page what changes, until it leaves or the server ends.

    Nothing is put together before the page has taken what came before it: one that is slow, or asleep, costs nothing.
    """
    sequence = _since(request)
    await answer.prepare(request)
    await answer.write(b"retry: 1000\n\n")  # also: the browser learns at once that it is connected
    while not feed.is_closed:
        if not await feed.wait(sequence, heartbeat_s):
            await answer.write(b":\n\n")
        elif not feed.is_closed:
            sequence, event = await teller.after(sequence)
            await answer.write(event)


def _since(request: web.BaseRequest) -> int:
    """Where the page stands: a browser that comes back by itself says so in a header."""
    given = request.headers.get("Last-Event-ID") or request.query.get("since", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


def _line(told: Json) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
