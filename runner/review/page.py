"""The page itself, as of one moment, with the number of the change up to which it knows everything."""

import asyncio
import base64
import hashlib
import json
import re

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
    headers = {**door.HEADERS, "Content-Security-Policy": policy_of(text)}
    return web.Response(text=text, content_type="text/html", headers=headers)


def policy_of(page: str) -> str:
    """What the page may do: run its own scripts, by their hashes, and ask this server. Nothing else that got into it runs."""
    scripts = (
        base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in _SCRIPT.findall(page)
    )
    allowed = " ".join(f"'sha256-{each}'" for each in scripts) or "'none'"
    return f"{_POLICY}; script-src {allowed}"


_SCRIPT = re.compile(r"<script(?: type=\"module\")?>(.*?)</script>", re.DOTALL)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


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
