"""``metadata.jsonl`` read back: what its rows claim about jobs, whoever wrote them.

Nothing in here is believed: a row is taken apart into values of the right kind or refused with a reason. Whether they
are true is decided by hashing the files.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from runner.core.choice import Field, checked
from runner.core.combination import TAKES_MAX
from runner.core.errors import UsageError
from runner.core.model import JobId
from runner.core.money import Credits
from runner.core.outcomes import TaskId, task_id_of
from runner.core.records import Claim, ClaimedFile

LONGEST_ROW_BYTES = 1024 * 1024
FILES_MOST = 16
"""Files of one job; the service names no more."""

_JOB_ID = re.compile(r"[0-9a-f]{24}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXT_CHARS_MOST = 4096
_CREDITS_MOST = 1_000_000
_BYTES_MOST = 2**53


@dataclass(frozen=True, slots=True)
class Row:
    """What one row claims."""

    job_id: JobId
    task_id: TaskId
    credits: Credits
    file: ClaimedFile


@dataclass(frozen=True, slots=True)
class Particulars:
    """What one row says its job was asked for, and what a person thought of it: fields of a choice, fit to be stored."""

    job_id: JobId
    prompt: str
    images: tuple[str, ...]
    mode: str
    ratio: str
    take: int
    choice: Mapping[str, Field]


def row_in(line: bytes | None) -> Row | str:
    """The row in a line (``None``: a line that was too long to keep), or what is wrong with it."""
    if line is None:
        return f"longer than {LONGEST_ROW_BYTES} bytes"
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(found, dict):
        return "not a JSON object"
    job_id = found.get("job_id")
    if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
        return "job_id is not 24 hex digits"
    task_id = task_id_of(found.get("task_id"))
    if task_id is None:
        return "task_id is not the id of a task"
    credits_ = found.get("credits")
    if not _is_whole(credits_, 1, _CREDITS_MOST):
        return f"credits is not a whole number from 1 to {_CREDITS_MOST}"
    file = _file_in(found)
    return file if isinstance(file, str) else Row(JobId(job_id), task_id, Credits(credits_), file)


def job_id_in(line: bytes | None) -> JobId | None:
    """The job that a line names, whatever else is wrong with it; ``None`` if it names none."""
    try:
        found = json.loads(line or b"null")
    except (ValueError, RecursionError):
        return None
    job_id = found.get("job_id") if isinstance(found, dict) else None
    return JobId(job_id) if isinstance(job_id, str) and _JOB_ID.fullmatch(job_id) else None


def particulars_in(line: bytes | None) -> Particulars | None:
    """The particulars in a line, ``None`` where they are not all there or not of their kinds."""
    job_id = job_id_in(line)
    if job_id is None or line is None:
        return None
    found = json.loads(line)
    prompt, mode, ratio = (found.get(key) for key in ("prompt", "mode", "ratio"))
    take, images = found.get("take"), found.get("images", [])
    if not (isinstance(prompt, str) and _is_text(mode) and _is_text(ratio) and isinstance(images, list)):
        return None
    if not _is_whole(take, 1, TAKES_MAX) or not all(map(_is_text, images)) or not _is_sound(prompt):
        return None
    return Particulars(job_id, prompt, tuple(images), mode, ratio, take, _choice_in(found))


def claims_in(rows: Iterable[Row]) -> Iterator[Claim | tuple[JobId, str]]:
    """The claims of rows that stand in the order of the file, a job's together; or the job, and why it has none."""
    group: list[Row] = []
    for row in rows:
        if group and group[0].job_id != row.job_id:
            yield _claim(group)
            group = []
        if len(group) <= FILES_MOST:  # one more than there may be is enough to be refused
            group.append(row)
    if group:
        yield _claim(group)


def _claim(group: list[Row]) -> Claim | tuple[JobId, str]:
    first = group[0]
    if len(group) > FILES_MOST:
        return first.job_id, f"more than {FILES_MOST} files"
    if any((row.task_id, row.credits) != (first.task_id, first.credits) for row in group):
        return first.job_id, "its rows name several tasks or charges"
    if len({row.file.path for row in group}) < len(group):
        return first.job_id, "its rows name one file twice"
    return Claim(first.job_id, first.task_id, first.credits, tuple(row.file for row in group))


def _choice_in(found: dict[str, object]) -> dict[str, Field]:
    given = {"flag": found.get("choice"), "rating": found.get("rating"), "note": found.get("note")}
    try:
        said = {name: value for name, value in given.items() if value is not None}
        return checked(said) if said else {}
    except UsageError:
        return {}


def _file_in(found: dict[str, object]) -> ClaimedFile | str:
    path, size_bytes, sha256, url = (found.get(key) for key in ("file_name", "bytes", "sha256", "url"))
    if not _is_text(path) or not _is_below(path):
        return "file_name is no path below the output directory"
    if not _is_whole(size_bytes, 1, _BYTES_MOST):
        return "bytes is not the size of a file"
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        return "sha256 is not 64 hex digits"
    return ClaimedFile(path, size_bytes, sha256, url if _is_text(url) else "")


def _is_whole(value: object, least: int, most: int) -> TypeGuard[int]:
    return type(value) is int and least <= value <= most


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a text of a bearable length that a database can hold: without lone surrogates and NUL."""
    return isinstance(value, str) and 0 < len(value) <= _TEXT_CHARS_MOST and _is_sound(value)


def _is_sound(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _is_below(path: str) -> bool:
    return not any(component in {"", ".", "..", ".partial"} for component in path.split("/"))
