"""``metadata.jsonl``: one line a file, as the Hugging Face ``videofolder`` loader reads it.

Every key stands in every row (null where absent), with one type a key, because the loader infers one schema for all
rows: a key of ``meta`` or ``variables`` whose values have several types becomes text. ``choice`` (keep or reject), ``rating``
(1 to 5) and ``note`` are a person's; ``width`` and ``height`` (pixels), ``duration`` (seconds), ``fps`` and ``codec`` are null
where nobody has looked into the file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from runner.core.model import Scalar
from runner.core.records import JobRecord, Media, StoredFile
from runner.report.features import GROUPS, OWN, Feature, Kind, kind_of

NAME = "metadata.jsonl"


class Columns:
    """Which keys ``meta`` and ``variables`` have anywhere in the batch, and which of them mix types."""

    def __init__(self) -> None:
        self._types: dict[tuple[str, str], set[type]] = {}

    def note(self, record: JobRecord) -> None:
        """Look at one job; to be called for all before the first row is written."""
        for group, values in zip(GROUPS, (record.variables, record.meta), strict=True):
            for key, value in values.items():
                kinds = self._types.setdefault((group, key), set())
                if value is not None:
                    kinds.add(type(value))

    def filled(self, group: str, values: Mapping[str, Scalar]) -> dict[str, Scalar] | None:
        """All keys of the group, null where absent, mixed ones as JSON text; ``None`` if no job has any."""
        row: dict[str, Scalar] = {}
        for (owner, key), kinds in sorted(self._types.items(), key=lambda item: item[0]):
            if owner == group:
                row[key] = _one_type(values.get(key), kinds)
        return row or None

    def features(self) -> dict[str, Feature]:
        """The keys of a row but for ``file_name``, in their order, and what kind of value each holds."""
        found: dict[str, Feature] = dict(OWN)
        for group in GROUPS:
            kinds: dict[str, Kind] = {
                key: kind_of(types)
                for (owner, key), types in sorted(self._types.items(), key=lambda item: item[0])
                if owner == group
            }
            if kinds:
                found[group] = kinds
        return found


def row(record: JobRecord, file: StoredFile, columns: Columns) -> dict[str, object]:
    """One line, for one placed file."""
    job = record.job
    attempts = [one for one in record.attempts if one.task_id == job.task_id]
    choice, found = record.choice, record.media.get(file.pk, Media())
    return {
        "file_name": file.path,
        "prompt": job.prompt,
        "prompt_id": record.prompt_id,
        "mode": job.mode,
        "ratio": job.ratio,
        "take": record.take,
        "job_id": job.job_id,
        "task_id": job.task_id,
        "credits": sum(one.credits for one in attempts),
        "bytes": file.bytes,
        "sha256": file.sha256,
        "url": file.url,
        "variables": columns.filled("variables", record.variables),
        "meta": columns.filled("meta", record.meta),
        "images": list(job.images),
        "removed": job.removed,
        "choice": None if choice.flag is None else choice.flag.value,
        "rating": choice.rating,
        "note": choice.note,
        "width": found.width,
        "height": found.height,
        "duration": found.duration_s,
        "fps": found.fps,
        "codec": found.codec,
    }


def lines(records: Iterable[tuple[JobRecord, list[StoredFile]]], columns: Columns) -> Iterator[bytes]:
    """The file's lines, with their ends."""
    for record, files in records:
        for file in files:
            yield json.dumps(row(record, file, columns), ensure_ascii=False).encode() + b"\n"


def _one_type(value: Scalar, kinds: set[type]) -> Scalar:
    if value is None or len(kinds) == 1:
        return value
    if kinds == {int, float} and not isinstance(value, str):
        return float(value)
    return json.dumps(value, ensure_ascii=False)
