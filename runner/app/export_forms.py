"""The forms of an export: what ``export`` writes into the directory."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from runner import __version__
from runner.app.exporting import Form, Work
from runner.core.errors import UsageError
from runner.core.shards import Sharding, bucket_path, shard_name
from runner.files.outcomes import Content
from runner.files.shard import Shard
from runner.files.source import blocks
from runner.report import card
from runner.report.export_card import Exported, export_card
from runner.report.features import Feature, Kind, declared
from runner.report.payload import Json
from runner.report.samples import Sample
from runner.report.spreadsheet import csv_head, csv_line

INDEX = "_index.json"
METADATA = "metadata.parquet"
VIDEOS = "videos"


def make_hf(work: Work) -> None:
    """A folder a split, files named after their hashes in buckets, and a table with a row a file.

    A table and no lines of JSON: from those the library guesses the kinds of each split anew, whatever is declared, and
    refuses splits that differ, as where a key is null in all rows of one.
    """
    from runner.report.tables import write_table  # noqa: PLC0415 - pyarrow, which may be missing

    for split in work.gathered.files:
        with work.destination.file(f"{split}/{METADATA}") as out:
            rows = (_added(work, sample, f"{split}/") for sample in work.samples(split))
            write_table(out, ((row, None) for row in rows), work.gathered.features)
    patterns = {
        split: [*(f"{split}/**/*{one}" for one in _extensions(work, split)), f"{split}/{METADATA}"]
        for split in work.gathered.files
    }
    _write_card(work, patterns, features=declared(work.gathered.features))


def make_webdataset(work: Work) -> None:
    """Tar shards, each sample's video, row and prompt beside each other, and an index of the shards.

    A shard that has its name is whole, and is not written again.
    """
    if len(work.gathered.extensions) > 1:
        found = ", ".join(sorted(work.gathered.extensions))
        raise UsageError(
            f"webdataset: every sample must have the same fields, and there are {found} files; export them as hf or parquet"
        )
    shards = [
        {"name": name, "split": split, "samples": samples} | _as_index(content)
        for split in work.gathered.files
        for name, samples, content in _shards(work, split)
    ]
    index = {
        "form": Form.WEBDATASET.value,
        "batch": work.background.standing.batch.name,
        "runner": __version__,
        "samples": work.gathered.files,
        "shards": shards,
    }
    with work.destination.file(INDEX) as out:
        out.write(json.dumps(index, ensure_ascii=False, indent=1).encode() + b"\n")
    _write_card(work, {split: [f"{split}-*.tar"] for split in work.gathered.files}, info=_info(work))


def make_parquet(work: Work) -> None:
    """Tables with a row a file, and the videos beside them, or in them."""
    from runner.report.tables import write_table  # noqa: PLC0415 - pyarrow, which may be missing

    embeds = work.wishes.embed
    for split in work.gathered.files:
        for number, samples in _groups(work, split):
            name = shard_name(split, number, "parquet")
            with work.destination.file(name) as out:
                write_table(
                    out, (_table_row(work, one, embeds=embeds) for one in samples), work.gathered.features
                )
    _write_card(work, {split: [f"{split}-*.parquet"] for split in work.gathered.files})


def make_csv(work: Work) -> None:
    """For people: a table a split, and the videos beside it under the paths that they have in the tree."""
    features = work.gathered.features
    for split in work.gathered.files:
        with work.destination.file(_table_name(work, split, "csv")) as out:
            out.write(csv_head(features))
            out.writelines(csv_line(row, features) for row in _beside(work, split))


def make_jsonl(work: Work) -> None:
    """For programs: the same as lines of JSON."""
    for split in work.gathered.files:
        with work.destination.file(_table_name(work, split, "jsonl")) as out:
            out.writelines(_line(row) for row in _beside(work, split))


MAKERS: Mapping[Form, Callable[[Work], None]] = {
    Form.HF: make_hf,
    Form.WEBDATASET: make_webdataset,
    Form.PARQUET: make_parquet,
    Form.CSV: make_csv,
    Form.JSONL: make_jsonl,
}


def _added(work: Work, sample: Sample, folder: str) -> Json:
    """The row of a file that was put into its bucket below ``folder`` (which ends with a slash, or is empty)."""
    content, name = Content(sample.bytes, sample.sha256), bucket_path(sample.sha256, sample.extension)
    work.destination.add(work.tree, sample.source, content, folder + name, link=work.wishes.link)
    return sample.named(name)


def _beside(work: Work, split: str) -> Iterator[Json]:
    """The rows of a split, each once its video stands beside the table under its path in the tree."""
    for sample in work.samples(split):
        content, name = Content(sample.bytes, sample.sha256), f"{VIDEOS}/{sample.source}"
        work.destination.add(work.tree, sample.source, content, name, link=work.wishes.link)
        yield sample.named(name)


def _table_name(work: Work, split: str, extension: str) -> str:
    return f"{split if len(work.gathered.files) > 1 else VIDEOS}.{extension}"


def _groups(work: Work, split: str) -> Iterator[tuple[int, Iterator[Sample]]]:
    """The samples of a split shard by shard; each shard's must be taken before the next is asked for."""
    sharding = Sharding(work.wishes.shard_bytes, work.wishes.shard_samples)
    yield from itertools.groupby(work.samples(split), lambda sample: sharding.place(sample.bytes))


def _shards(work: Work, split: str) -> Iterator[tuple[str, int, Content]]:
    for number, samples in _groups(work, split):
        name = shard_name(split, number, "tar")
        whole = work.destination.finished(name)
        if whole is None:
            with work.destination.file(name) as out:
                written = _write_shard(work, Shard(out), samples)
            whole = work.destination.finished(name)
        else:
            written = sum(1 for _ in samples)
        if whole is None:
            raise RuntimeError(f"{name} is gone as soon as it is written")
        yield name, written, whole


def _write_shard(work: Work, shard: Shard, samples: Iterable[Sample]) -> int:
    written = 0
    for sample in samples:
        video = f"{sample.key}{sample.extension}"
        content = Content(sample.bytes, sample.sha256)
        shard.add(video, sample.bytes, blocks(work.tree, sample.source, content))
        for extension, part in ((".json", _line(sample.named(video))), (".txt", _text(sample))):
            shard.add(sample.key + extension, len(part), [part])
        written += 1
    shard.end()
    return written


def _table_row(work: Work, sample: Sample, *, embeds: bool) -> tuple[Json, bytes | None]:
    if not embeds:
        row = _added(work, sample, f"{VIDEOS}/")
        return row | {"file_name": f"{VIDEOS}/{row['file_name']}"}, None
    content, name = Content(sample.bytes, sample.sha256), bucket_path(sample.sha256, sample.extension)
    return sample.named(name), b"".join(blocks(work.tree, sample.source, content))


def _extensions(work: Work, split: str) -> list[str]:
    """The extensions in a split: a pattern that finds nothing is an error to the library."""
    if len(work.gathered.extensions) == 1:
        return list(work.gathered.extensions)
    return sorted({sample.extension for sample in work.samples(split)})


def _info(work: Work) -> list[Json]:
    """The fields of a sample of a shard, as the ``datasets`` library names them."""
    video = next(iter(work.gathered.extensions)).removeprefix(".")
    json_ = {"file_name": Kind.TEXT} | work.gathered.features
    fields: dict[str, Feature] = {"json": json_, "txt": Kind.TEXT, "__key__": Kind.TEXT, "__url__": Kind.TEXT}
    return declared(fields, video)


def _write_card(
    work: Work, patterns: Mapping[str, list[str]], *, features: Sequence[Json] = (), info: Sequence[Json] = ()
) -> None:
    gathered, background = work.gathered, work.background
    exported = Exported(gathered.files, patterns, gathered.sha256, features, info)
    with work.destination.file(card.NAME) as out:
        out.write(export_card(background.standing, background.troubles, background.origin, exported))


def _line(row: Json) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _text(sample: Sample) -> bytes:
    return str(sample.row["prompt"]).encode("utf-8", "surrogatepass")


def _as_index(content: Content) -> Json:
    return {"bytes": content.size_bytes, "sha256": content.sha256}
