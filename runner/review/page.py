"""The page itself, as of one moment, with the number of the change up to which it knows everything."""

import asyncio

from aiohttp import web

from runner.report.catalogue import Numbers
from runner.report.gallery import Head, page
from runner.review import door
from runner.review.subject import Subject
from runner.store import batches, database

# What the page may do stands in the page; a header would have to allow it too.
_HEADERS = {**door.HEADERS, "Content-Security-Policy": "frame-ancestors 'none'"}


async def send(subject: Subject, sequence: int, numbers: Numbers) -> web.StreamResponse:
    """Answer with the page; raises ``StateError`` where the state cannot be read."""
    body = await asyncio.to_thread(_page, subject, sequence, numbers)
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _page(subject: Subject, sequence: int, numbers: Numbers) -> bytes:
    with database.reading(subject.state) as connection:
        now = subject.figures(connection)
        price = batches.by_pk(connection, subject.batch_pk).price
        head = Head(subject.name, price, now.figures, now.failures)
        return b"".join(page(subject.records(connection), head, sequence, numbers))
