"""The page itself, as of one moment, with the number of the change up to which it knows everything."""

import asyncio
import json

from aiohttp import web

from runner.core.safe_text import for_html
from runner.report.catalogue import Catalogue, Numbers
from runner.report.payload import Json
from runner.review import door
from runner.review.subject import Subject
from runner.store import database


async def send(subject: Subject, sequence: int, numbers: Numbers) -> web.StreamResponse:
    """Answer with the page; raises ``StateError`` where the state cannot be read."""
    text = await asyncio.to_thread(_page, subject, sequence, numbers)
    return web.Response(text=text, content_type="text/html", headers=door.HEADERS)


def _page(subject: Subject, sequence: int, numbers: Numbers) -> str:
    with database.reading(subject.state) as connection:
        figures = subject.figures(connection)
        known = Catalogue(numbers)
        jobs = [known.row(record) for record in subject.records(connection)]
    prompts, details = known.take_new()
    batch: Json = {
        "batch": subject.name,
        "made_at": subject.now(),
        "figures": figures.figures,
        "failures": list(figures.failures),
        "live": {"sequence": sequence},
    }
    blocks = {"batch": batch, "jobs": jobs, "prompts": _listed(prompts), "details": _listed(details)}
    body = "".join(_block(name, value) for name, value in blocks.items())
    title = for_html(subject.name)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{body}</html>'


def _listed(numbered: dict[int, Json]) -> list[Json | None]:
    """A list in which each stands at its number; those that no job has any more are ``None``."""
    return [numbered.get(number) for number in range(max(numbered, default=-1) + 1)]


def _block(name: str, value: object) -> str:
    # No "<": what stands in a script ends at "</script", and at nothing else.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
