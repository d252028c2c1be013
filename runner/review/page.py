"""The page itself, as of one moment, with the number of the change up to which it knows everything."""

import asyncio
import json

from aiohttp import web

from runner.report.catalogue import Catalogue, Numbers
from runner.review import door
from runner.review.subject import Subject
from runner.store import database


async def send(subject: Subject, sequence: int, numbers: Numbers) -> web.StreamResponse:
    """Answer with the page; raises ``StateError`` where the state cannot be read."""

    def build() -> str:
        with database.reading(subject.state) as connection:
            known = Catalogue(numbers)
            rows = [known.row(record) for record in subject.records(connection)]
            whole = {"live": {"sequence": sequence}, "jobs": rows, "texts": known.take_new()}
            text = json.dumps(whole).replace("<", "\\u003c")
            return f'<!doctype html><title>Review</title><script type="application/json">{text}</script>'

    return web.Response(text=await asyncio.to_thread(build), content_type="text/html", headers=door.HEADERS)
