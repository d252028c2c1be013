"""Jobs as the gallery and the review show them: a small row a job, with every text that repeats standing once.

A row is a JSON object; what is not in it is null, false, 0 or empty:

    id         the job's id
    prompt     the number of its prompt: {"id", "text", "images"}
    details    the number of its details: {"variables", "meta"}
    mode, ratio, take, state
    credits    what it has cost, or holds
    files      paths relative to the tree, in the service's order
    media      as many as files: [width, height, duration_s] or null
    at         when it was done (ISO 8601)
    error, error_class, overdue, removed
    choice     "keep" or "reject"
    rating     1 to 5
    note, again (to be made again at the next run), remade (another take was made instead), pruned (its files are deleted)
"""

import json
import threading
from collections.abc import Mapping

from runner.core.records import JobRecord, Media
from runner.report.payload import Json

ERROR_CHARS = 300


class Numbers:
    """The numbers of prompts and details, in the order in which they first come; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prompts: dict[tuple[int, str], int] = {}
        self._details: dict[str, int] = {}

    def of_prompt(self, key: tuple[int, str]) -> int:
        """The number of a prompt: its row, and what the manifest calls it."""
        with self._lock:
            return self._prompts.setdefault(key, len(self._prompts))

    def of_details(self, text: str) -> int:
        """The number of details, by their JSON."""
        with self._lock:
            return self._details.setdefault(text, len(self._details))


class Catalogue:
    """Makes rows. Several with the same ``numbers`` call the same prompts and details by the same ones."""

    def __init__(self, numbers: Numbers | None = None) -> None:
        self._numbers = numbers or Numbers()
        self._told: tuple[set[int], set[int]] = (set(), set())
        self._new: tuple[dict[int, Json], dict[int, Json]] = ({}, {})

    def row(self, record: JobRecord) -> Json:
        """The row of a job."""
        job, choice = record.job, record.choice
        placed = [one for one in record.files if one.state == "placed"]
        media = [_shape(record.media.get(one.pk)) for one in placed]
        whole: Json = {
            "id": job.job_id,
            "prompt": self._prompt(record),
            "details": self._detail(record),
            "mode": job.mode,
            "ratio": job.ratio,
            "take": record.take,
            "state": job.state.value,
            "credits": sum(one.credits for one in record.attempts),
            "files": [one.path for one in placed],
            "media": media if any(media) else None,
            "at": record.completed_at,
            "error": None if record.error is None else record.error[:ERROR_CHARS],
            "error_class": None if record.error_class is None else record.error_class.value,
            "overdue": record.overdue,
            "removed": job.removed,
            "choice": None if choice.flag is None else choice.flag.value,
            "rating": choice.rating,
            "note": choice.note,
            "again": choice.again,
            "remade": record.is_remade,
            "pruned": choice.pruned_at is not None,
        }
        return {name: value for name, value in whole.items() if value or name in _ALWAYS}

    def take_new(self) -> tuple[dict[int, Json], dict[int, Json]]:
        """The prompts and the details that came here since this was last called, by number."""
        new, self._new = self._new, ({}, {})
        return new

    def _prompt(self, record: JobRecord) -> int:
        job = record.job
        number = self._numbers.of_prompt((job.prompt_pk, record.prompt_id))
        if number not in self._told[0]:
            self._told[0].add(number)
            self._new[0][number] = {"id": record.prompt_id, "text": job.prompt, "images": list(job.images)}
        return number

    def _detail(self, record: JobRecord) -> int:
        values: Json = {"variables": dict(record.variables), "meta": dict(record.meta)}
        number = self._numbers.of_details(json.dumps(values, ensure_ascii=False))
        if number not in self._told[1]:
            self._told[1].add(number)
            self._new[1][number] = values
        return number


_ALWAYS = frozenset({"id", "prompt", "details", "mode", "ratio", "take", "state"})


def _shape(media: Media | None) -> list[float | None] | None:
    return None if media is None else [media.width, media.height, media.duration_s]


def figures(status: Mapping[str, object]) -> Json:
    """What a page shows of ``status --json``: jobs, credits, dollars and files."""
    return {name: status[name] for name in ("jobs", "credits", "usd", "files", "running_pid")}
