"""What is fuzzed: bytes that others write, and the functions that must bear all of them.

A target takes bytes and returns; what it raises is a finding. So is an answer that breaks what its reader relies on.
"""

import contextlib
import tempfile
import unicodedata
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from runner.core.announced import LONGEST_S, parse_announcement, parse_retry_after
from runner.core.errors import ManifestError
from runner.core.expansion import expand
from runner.core.layout import collision_key
from runner.core.outcomes import TaskId, Unknown
from runner.files import replies
from runner.files.video import NotVideo, Video, check_video
from runner.manifest import load
from runner.providers import capabilities_of
from runner.providers.grokimagine.wire import classify_status, classify_submit

JOBS = 300
SHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_CAPABILITIES = capabilities_of("grokimagine")
_MEMORY = Path("/dev/shm")
_TEMPORARY = tempfile.TemporaryDirectory(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
_FOLDER = Path(_TEMPORARY.name)
_ROWS = ("rows.csv", "rows.jsonl", "rows.txt", "rows.yaml")


def manifest(data: bytes) -> None:
    """The first byte says what the others are: a manifest, or a prompt file of one of its kinds."""
    kind = b"1234".find(data[:1]) if data else -1
    path = _FOLDER / "m.yaml"
    if kind >= 0:
        rows = _ROWS[kind]
        (_FOLDER / rows).write_bytes(data[1:])
        path.write_text(f"version: 1\nvariables: {{a: [b]}}\nprompts: [{{file: {rows}}}]\n", encoding="utf-8")
    else:
        path.write_bytes(data)
    with contextlib.suppress(ManifestError):
        jobs = list(islice(expand(load(path, _CAPABILITIES).manifest), JOBS))
        for job in jobs:
            _expect(job.path == str(Path(job.path)) and ".." not in Path(job.path).parts, job.path)
            _expect(not job.path.startswith(("/", ".")) and len(job.path.encode()) < 1000, job.path)
            _expect(0 < len(job.prompt) <= 5000, job.prompt)
        _expect(len({job.job_id for job in jobs}) == len(jobs), "one job twice")
        _expect(len({collision_key(job.path) for job in jobs}) == len(jobs), "one path twice")


def answers(data: bytes) -> None:
    """Two bytes for the status and whether it broke off, then the body."""
    status, complete, body = 100 + data[0] * 2 if data else 200, not (data[1:2] or b"\0")[0] & 1, data[2:]
    for headers in ({}, {"Content-Encoding": "gzip"}):
        submitted = classify_submit(status, headers, body, complete)
        asked = classify_status(TaskId("task_1"), status, headers, body, complete)
        for outcome in (submitted, asked):
            for name in ("message", "reason", "word"):
                text = getattr(outcome, name, None) or ""
                odd = [char for char in text if unicodedata.category(char) in SHOWN]
                _expect(not odd and len(text) <= 500, text)
        _expect(getattr(asked, "charged", None) is None or 0 <= asked.charged < 10**9, asked)
        _expect(
            all(url.lower().startswith(("http://", "https://")) for url in getattr(asked, "urls", ())), asked
        )
        if 300 <= status <= 399:
            _expect(isinstance(submitted, Unknown) and submitted.stops_run, submitted)


def headers(data: bytes) -> None:
    """Lines of a head; a name may stand there in any case, a value may be anything that a head can hold."""
    lines = [line.partition(":") for line in data.decode("latin-1").split("\n")]
    found = {name.strip(): value.strip() for name, _, value in lines}
    announced = parse_announcement(found)
    waits = (announced.reset_after_s, parse_retry_after(found), replies.retry_after_s(found))
    _expect(all(wait is None or 0 <= wait <= LONGEST_S for wait in waits), waits)
    _expect(announced.remaining is None or announced.remaining >= 0, announced)
    source = replies.source_of("resource", found)
    _expect(source is None or source.total_bytes >= 0, source)
    replies.continues(found, replies.Source("resource", '"v1"', 100), 10)
    replies.is_end_proven(found)
    replies.is_encoded(found)


def video(data: bytes) -> None:
    """A file as it was received."""
    reads = 0

    def read_at(offset: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        _expect(offset >= 0 and 0 <= size <= 4096, (offset, size))
        return data[offset : offset + size]

    for proven in (True, False):
        verdict = check_video(read_at, len(data), length_proven=proven)
        if isinstance(verdict, NotVideo):
            _expect(verdict.reason.isascii() and verdict.reason.isprintable(), verdict.reason)
        else:
            _expect(
                verdict.extension in {".mp4", ".mov", ".webm", ".mkv"} and b"<html" not in data[:8], verdict
            )
            _expect(isinstance(verdict, Video), verdict)
    _expect(reads <= 2 * (len(data) // 8 + 4), reads)


def _expect(holds: bool, found: object) -> None:
    if not holds:
        raise AssertionError(f"{found!r}"[:500])


TARGETS: dict[str, Callable[[bytes], None]] = {
    "manifest": manifest,
    "answers": answers,
    "headers": headers,
    "video": video,
}
