"""A batch's videos as a dataset in a directory of its own: what goes in, and the order in which it is made.

The state and the tree are read, never changed, and a run may go on meanwhile: the rows are taken in one view of the state
and kept beside the result, so that the view is let go before the first video is copied.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from runner import __version__
from runner.app import describing
from runner.app.export_place import refuse_place
from runner.app.inspecting import standing_of
from runner.app.workplace import Workplace, find_batch
from runner.core.choice import Flag
from runner.core.errors import UsageError
from runner.core.records import Batch, JobRecord, StoredFile, Trouble
from runner.core.shards import DEFAULT_BYTES, sample_key
from runner.core.splits import Splits
from runner.files.building import Building, open_building
from runner.files.depot import Depot
from runner.files.source import DamagedError, UnreadableError
from runner.report.card import Origin
from runner.report.features import Feature
from runner.report.metadata import Columns, row
from runner.report.payload import Standing
from runner.report.samples import Sample, from_lines, to_line
from runner.store import records, troubles
from runner.store.records import Selection
from runner.store.writer import Connection

Sizes = Callable[[str], int | None]
"""The length of the file at a path of the tree, ``None`` where there is none."""


class Form(StrEnum):
    """The forms of an export."""

    HF = "hf"
    WEBDATASET = "webdataset"
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class ExportWishes:
    """What a person asks for: which jobs, in which form and splits, and how large a shard may be.

    ``link`` makes hard links instead of copies where that can be done; ``embed`` puts the videos' bytes into the tables.
    """

    form: Form
    destination: str
    selection: Selection = field(default_factory=Selection)
    kept: bool = False
    min_rating: int | None = None
    splits: Splits = field(default_factory=Splits)
    link: bool = False
    embed: bool = False
    shard_bytes: int = DEFAULT_BYTES
    shard_samples: int | None = None

    def wants(self, record: JobRecord) -> bool:
        """Whether the choices that were made for a job let it in."""
        choice = record.choice
        is_kept = choice.flag is Flag.KEEP or not self.kept
        return is_kept and (self.min_rating is None or (choice.rating or 0) >= self.min_rating)


@dataclass(slots=True)
class Gathered:
    """What goes into an export: files and bytes by split, the extensions, the kinds of the columns, the hash of all rows.

    ``missing`` files are recorded and gone, or have another size.
    """

    files: dict[str, int]
    bytes: int = 0
    extensions: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    features: dict[str, Feature] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Background:
    """Where the batch stood when its rows were taken, and what it was made from: for the dataset card."""

    standing: Standing
    troubles: tuple[Trouble, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Work:
    """One export under way: where from, where to, and what."""

    tree: Depot
    destination: Building
    wishes: ExportWishes
    gathered: Gathered
    background: Background

    def samples(self, split: str | None = None) -> Iterator[Sample]:
        """The samples, in the order of submission; with ``split`` only its own."""
        return from_lines(self.destination.spooled(), split)


@dataclass(frozen=True, slots=True)
class Exported:
    """How an export ended: its directory, its files and bytes by split, the files that are missing.

    ``stopped`` says why there is no directory; what was finished is kept for the next call.
    """

    batch: str
    path: str
    files: dict[str, int]
    bytes: int
    missing: tuple[str, ...] = ()
    stopped: str | None = None
    notes: tuple[str, ...] = ()
    loaded: int | None = None
    """The files that the real library found when it was asked to; ``None`` where it was not asked."""

    @property
    def exit_code(self) -> int:
        """1 where files are missing or damaged, or other numbers were loaded than written; else 0."""
        is_otherwise = self.loaded is not None and self.loaded != sum(self.files.values())
        return 1 if self.missing or self.stopped or is_otherwise else 0


def export(workplace: Workplace, named: str, wishes: ExportWishes, make: Callable[[Work], None]) -> Exported:
    """Make the directory; it has its name once it is whole, and ``make`` writes what is in it.

    Raises ``UsageError`` where there is no such batch, nothing to export, or no room for the result under its name,
    ``BusyError`` where another process makes it.
    """
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
    refuse_place(wishes.destination, batch, links=wishes.link)
    with (
        workplace.depot(batch.output_dir, batch.name, create=False) as tree,
        open_building(wishes.destination, _spool_beside(workplace, wishes)) as destination,
    ):
        try:
            return _exported(workplace, tree, batch, wishes, destination, make)
        except UsageError:
            destination.give_up()
            raise
        except UnreadableError as error:
            destination.give_up()
            raise UsageError(
                f"{error.strerror}; what is finished is kept, the same command goes on"
            ) from error
        except OSError as error:
            raise UsageError(
                f"{destination.site}: cannot be written: {error.strerror or error}; what is finished is kept, the same "
                "command goes on"
            ) from error


def _spool_beside(workplace: Workplace, wishes: ExportWishes) -> Path:
    """Where what is built in a bucket is gathered: several may be built at once."""
    name = hashlib.sha256(wishes.destination.rstrip("/").encode()).hexdigest()[:16]
    return workplace.beside.with_name(f"{workplace.beside.name}.exports") / name


def _exported(
    workplace: Workplace,
    tree: Depot,
    batch: Batch,
    wishes: ExportWishes,
    destination: Building,
    make: Callable[[Work], None],
) -> Exported:
    gathered, background = _gathered(workplace, tree, batch, wishes, destination)
    destination.keep_if(_identity(wishes, gathered))
    missing = tuple(gathered.missing)
    exported = Exported(batch.name, destination.place, gathered.files, gathered.bytes, missing)
    try:
        make(Work(tree, destination, wishes, gathered, background))
    except DamagedError as error:
        return replace(exported, stopped=error.strerror or str(error))
    destination.finish()
    return exported


def _gathered(
    workplace: Workplace, tree: Depot, batch: Batch, wishes: ExportWishes, destination: Building
) -> tuple[Gathered, Background]:
    with workplace.reading() as connection:
        if connection is None:
            raise UsageError(f"there is no state at {workplace.state} any more")
        gathered = _spool(connection, tree, batch, wishes, destination)
        standing = standing_of(workplace, connection, batch)
        found = tuple(troubles.by_class(connection, batch.pk))
    _refuse_empty(batch, wishes, gathered)
    return gathered, Background(standing, found, describing.origin_of(workplace, tree, batch))


def _spool(
    connection: Connection, tree: Depot, batch: Batch, wishes: ExportWishes, destination: Building
) -> Gathered:
    columns, digest, sizes = Columns(), hashlib.sha256(), _sizes(tree)
    gathered = Gathered(dict.fromkeys(wishes.splits.names, 0))
    selection = replace(wishes.selection, with_files=True)

    def chosen() -> Iterator[JobRecord]:
        return filter(wishes.wants, records.records(connection, batch.pk, selection))

    for record in chosen():
        columns.note(record)
    with destination.spool() as out:
        for sample in _samples(sizes, chosen(), wishes, columns, gathered):
            line = to_line(sample)
            digest.update(line)
            out.write(line)
            gathered.files[sample.split] += 1
    gathered.features, gathered.sha256 = columns.features(), digest.hexdigest()
    return gathered


def _sizes(tree: Depot) -> Sizes:
    try:
        return tree.sizes()
    except OSError as error:
        raise UnreadableError(error.errno, f"{tree.path} cannot be read: {error.strerror}") from error


def _samples(
    sizes: Sizes,
    chosen: Iterator[JobRecord],
    wishes: ExportWishes,
    columns: Columns,
    gathered: Gathered,
) -> Iterator[Sample]:
    for record in chosen:
        split = wishes.splits.of(record.job.prompt)
        for file in record.files:
            if _is_there(sizes, file, gathered):
                yield _sample(split, record, file, columns)


def _is_there(sizes: Sizes, file: StoredFile, gathered: Gathered) -> bool:
    if file.state != "placed":
        return False
    if file.path is None or sizes(file.path) != file.bytes:
        gathered.missing.append(file.path or "?")
        return False
    gathered.bytes += file.bytes or 0
    gathered.extensions.add(file.path[file.path.rindex(".") :])
    return True


def _sample(split: str, record: JobRecord, file: StoredFile, columns: Columns) -> Sample:
    if file.path is None or file.bytes is None or file.sha256 is None:
        raise RuntimeError(f"file {file.pk} is placed without a path, a size and a hash")
    key = sample_key(record.job.job_id, file.position)
    return Sample(split, key, file.path, file.bytes, file.sha256, row(record, file, columns))


def _refuse_empty(batch: Batch, wishes: ExportWishes, gathered: Gathered) -> None:
    if not any(gathered.files.values()):
        raise UsageError(
            f"{batch.name} has no files that match; `runner jobs {batch.name}` lists what there is"
        )
    for split, files in gathered.files.items():
        if not files:
            raise UsageError(
                f"--split: no prompt falls into {split!r} with --seed {wishes.splits.seed}; name another seed, or other shares"
            )


def _identity(wishes: ExportWishes, gathered: Gathered) -> str:
    """What the result hangs on: only a directory that was begun for the same may be gone on with."""
    how = {
        name: str(value) for name, value in asdict(wishes).items() if name not in {"destination", "selection"}
    }
    whole = json.dumps([__version__, gathered.sha256, how], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()
