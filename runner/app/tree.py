"""A batch's output tree beside its state: files moved to where the manifest wants them now, and ``metadata.jsonl``."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from runner.app.kept_file import keep
from runner.core.errors import UsageError
from runner.core.records import Batch, JobRecord, StoredFile
from runner.files.depot import Depot
from runner.files.outcomes import Absent, AlreadyThere, Content, Placed
from runner.report.card import Holding, Metadata, pattern_of
from runner.report.claims import LONGEST_ROW_BYTES
from runner.report.metadata import NAME, Columns, lines
from runner.store import outputs, records
from runner.store.outputs import Whereabouts
from runner.store.records import Selection
from runner.store.writer import Connection, DirectWriter


@dataclass(frozen=True, slots=True)
class TreeState:
    """What the tree holds, and the placed files that are gone or have another size."""

    holding: Holding
    missing: tuple[str, ...]


def relocate(writer: DirectWriter, root: Depot, batch: Batch) -> list[str]:
    """Move every placed file to the path that its job has now; returns what could not be moved, for people.

    May be interrupted and done again: the target is committed before the file moves.
    """
    writer.write_now(outputs.give_way, batch.pk)
    stepped_aside: set[int] = set()
    while waiting := writer.write_now(_misplaced, batch.pk):
        moved = [_moved(writer, root, one, _target(one)) for one in waiting]
        if any(moved):
            continue
        # Files that want each other's places: one steps aside, and the others can go on.
        aside = next((one for one in waiting if one.file.pk not in stepped_aside), None)
        if aside is None:
            return [f"{one.file.path} could not be moved to {_target(one)}" for one in waiting]
        stepped_aside.add(aside.file.pk)
        _moved(writer, root, aside, f"removed/{aside.job_id}/{PurePosixPath(_target(aside)).name}")
    return []


def write_metadata(connection: Connection, root: Depot, batch: Batch) -> TreeState:
    """Bring ``metadata.jsonl`` to what the tree holds: replaced atomically; where it says so already, not touched.

    Raises ``OSError``, also where the tree is not under its path any more.
    """
    columns = Columns()
    for record in records.records(connection, batch.pk, _PLACED):
        columns.note(record)

    size_at = root.sizes()
    seen = _Seen(size_at)

    def fresh() -> Iterator[bytes]:
        seen.begin()
        return seen.listed(lines(seen.there(records.records(connection, batch.pk, _PLACED)), columns))

    keep(root, NAME, fresh)
    metadata = Metadata(columns.features(), seen.digest.hexdigest())
    return TreeState(Holding(seen.present, seen.bytes, seen.patterns, metadata), tuple(seen.missing))


def refuse_foreign_metadata(root: Depot) -> None:
    """Raise ``UsageError`` if a ``metadata.jsonl`` that is not ours has the name: it is never overwritten."""
    path = f"{root.path}/{NAME}"
    try:
        if not root.has(NAME):
            return
        first = next(root.lines(NAME, LONGEST_ROW_BYTES), b"")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    if first is None or (first and not (b'"job_id"' in first and b'"file_name"' in first)):
        raise UsageError(
            f"{path} was not written by this program and would have to be replaced; move it away"
        )


_PLACED = Selection(states=(), with_files=True)


class _Seen:
    """Looks which placed files are really there, while their records and then their lines pass by."""

    def __init__(self, size_at: Callable[[str], int | None]) -> None:
        self._size_at = size_at
        self.begin()

    def begin(self) -> None:
        self.present = 0
        self.bytes = 0
        self.patterns: set[str] = set()
        self.missing: list[str] = []
        self.digest = hashlib.sha256()

    def there(self, found: Iterator[JobRecord]) -> Iterator[tuple[JobRecord, list[StoredFile]]]:
        for record in found:
            files = [one for one in record.files if one.state == "placed" and self._is_there(one)]
            if files:
                yield record, files

    def listed(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.digest.update(line)
            yield line

    def _is_there(self, file: StoredFile) -> bool:
        if file.path is None or self._size_at(file.path) != file.bytes:
            self.missing.append(file.path or "?")
            return False
        self.present += 1
        self.bytes += file.bytes or 0
        self.patterns.add(pattern_of(file.path))
        return True


def _misplaced(connection: Connection, batch_pk: int) -> list[Whereabouts]:
    everywhere = outputs.whereabouts(connection, batch_pk)
    return [one for one in everywhere if one.file.target is not None or one.file.path != _target(one)]


def _target(one: Whereabouts) -> str:
    extension = PurePosixPath(one.file.path or "").suffix
    stem = one.stem if one.siblings == 1 else f"{one.stem}-{one.file.position}"
    return stem + extension


def _moved(writer: DirectWriter, root: Depot, one: Whereabouts, target: str) -> bool:
    file = one.file
    if file.path is None or file.bytes is None or file.sha256 is None:
        raise RuntimeError(f"file {file.pk} is placed without a path, a size and a hash")
    writer.write_now(outputs.aim, file.pk, target)
    outcome = root.move(file.path, target, Content(file.bytes, file.sha256))
    if isinstance(outcome, Placed | AlreadyThere | Absent):  # a file that is gone is missed at its new place
        writer.write_now(outputs.moved, file.pk)
        return True
    writer.write_now(outputs.stayed, file.pk)
    return False
