"""An export loaded back with the library that its users have, to see that it finds what was written."""

import csv
import importlib.util
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.app.exporting import Exported, ExportWishes, Form
from runner.core.bucket_url import is_url
from runner.core.errors import UsageError

_READERS = {
    Form.HF: "datasets",
    Form.WEBDATASET: "webdataset",
    Form.PARQUET: "pyarrow",
    Form.CSV: "csv",
    Form.JSONL: "json",
}
_WRITERS = {Form.HF: "pyarrow", Form.PARQUET: "pyarrow"}


def refuse_without(wishes: ExportWishes, *, loads: bool) -> None:
    """Raise ``UsageError`` where a library is missing that this form needs, or that is to load it back."""
    form = wishes.form
    if loads and is_url(wishes.destination):
        raise UsageError(
            "--verify-load: it reads a directory of this machine, and DEST is none; leave it out"
        )
    needed = [_WRITERS.get(form), _READERS[form] if loads else None]
    for name in (one for one in needed if one is not None and importlib.util.find_spec(one) is None):
        raise UsageError(
            f"{form.value} needs the Python package {name!r} here, which is not installed; it comes with the extra "
            f"`datasets` of this package, or with: pip install {name}"
        )


def with_count(exported: Exported, wishes: ExportWishes) -> Exported:
    """The same with the number of files that the library finds; raises ``UsageError`` where it finds fault."""
    try:
        return replace(exported, loaded=_COUNTS[wishes.form](Path(exported.path)))
    except Exception as error:  # of somebody else's library, whose errors have no common class: all mean that it cannot read it
        why = f"{_READERS[wishes.form]} cannot load it: {error.__cause__ or error}"
        raise UsageError(f"{exported.path}: {why}") from error


def _with_datasets(path: Path) -> int:
    os.environ |= {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }  # nobody is asked about a local directory
    import datasets  # noqa: PLC0415 - an extra that may be missing, and slow to import

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as caches:
        found: Any = datasets.load_dataset(str(path), cache_dir=caches)
        undecoded = [one.cast_column("video", datasets.Video(decode=False)) for one in found.values()]
        return sum(Path(row["video"]["path"]).is_file() for one in undecoded for row in one)


def _with_webdataset(path: Path) -> int:
    import webdataset  # noqa: PLC0415 - an extra that may be missing

    shards = sorted(str(one) for one in path.glob("*.tar"))
    samples = webdataset.WebDataset(shards, shardshuffle=False)
    return sum({"json", "txt"} < set(sample) for sample in samples)


def _with_pyarrow(path: Path) -> int:
    import pyarrow.parquet  # noqa: PLC0415 - an extra that may be missing

    tables = [pyarrow.parquet.ParquetFile(one) for one in sorted(path.glob("*.parquet"))]
    columns = ["file_name"]
    return sum(len(batch) for table in tables for batch in table.iter_batches(columns=columns))


def _with_csv(path: Path) -> int:
    found = 0
    for table in path.glob("*.csv"):
        with table.open(encoding="utf-8-sig", newline="") as file:
            found += sum((path / row["file_name"]).is_file() for row in csv.DictReader(file))
    return found


def _with_json(path: Path) -> int:
    found = 0
    for table in path.glob("*.jsonl"):
        with table.open(encoding="utf-8") as file:
            found += sum((path / json.loads(line)["file_name"]).is_file() for line in file)
    return found


_COUNTS = {
    Form.HF: _with_datasets,
    Form.WEBDATASET: _with_webdataset,
    Form.PARQUET: _with_pyarrow,
    Form.CSV: _with_csv,
    Form.JSONL: _with_json,
}
