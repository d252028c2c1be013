"""The page itself, as of one moment, with the number of the change up to which it knows everything."""

import asyncio
import contextlib
from collections.abc import Generator
from functools import cache
from typing import Final

from aiohttp import web

from runner.report.catalogue import Numbers
from runner.report.gallery import Head, page
from runner.report.gallery import policy as page_policy
from runner.review import door
from runner.review.subject import Subject
from runner.store import batches, database

_TAKEN_WITHIN_S: Final = 60.0


async def send(
    request: web.BaseRequest, subject: Subject, sequence: int, numbers: Numbers
) -> web.StreamResponse:
    """Answer with the page, a piece at a time; raises ``StateError`` where the state cannot be read.

    A browser that does not take a piece within a minute gets no more: while the page is read from the state, what a run
    writes piles up in its log.
    """
    headers = {
        **door.HEADERS,
        "Content-Security-Policy": policy(),
        "Content-Type": "text/html; charset=utf-8",
    }
    answer = web.StreamResponse(headers=headers)
    pieces = _pieces(subject, sequence, numbers)
    try:
        piece = await asyncio.to_thread(
            next, pieces, b""
        )  # a state that cannot be read is told before the page begins
        await answer.prepare(request)
        while piece and request.method == "GET":
            async with asyncio.timeout(_TAKEN_WITHIN_S):
                await answer.write(piece)
            piece = await asyncio.to_thread(next, pieces, b"")
    finally:
        with contextlib.suppress(
            ValueError
        ):  # a browser that left: the piece that is being made is the last one
            pieces.close()
    await answer.write_eof()
    return answer


@cache
def policy() -> str:
    """What the page may do, with what only a header can say: no other page shows it in a frame."""
    return f"{page_policy(is_live=True)}; frame-ancestors 'none'"


def _pieces(subject: Subject, sequence: int, numbers: Numbers) -> Generator[bytes, None, None]:
    with database.reading(subject.state) as connection:
        figures = subject.figures(connection)
        batch = batches.by_pk(connection, subject.batch_pk)
        head = Head(
            subject.name, batch.price, figures.figures, figures.failures, again=batch.reservation_price
        )
        yield from page(subject.records(connection), head, sequence, numbers)
