"""Samples of a dataset, a line of JSON each while they wait to be written: the state is read once, and then let go."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from runner.report.payload import Json


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the tree (``source`` is its path there) with its row of metadata, and the split that it belongs to."""

    split: str
    key: str
    source: str
    bytes: int
    sha256: str
    row: Json

    @property
    def extension(self) -> str:
        """The file's, with its dot."""
        return PurePosixPath(self.source).suffix

    def named(self, file_name: str) -> Json:
        """The row with this name of the file, first."""
        return self.row | {"file_name": file_name}


def to_line(sample: Sample) -> bytes:
    """The sample as a line, with its end."""
    whole = [sample.split, sample.key, sample.source, sample.bytes, sample.sha256, sample.row]
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def from_lines(lines: Iterator[bytes], split: str | None = None) -> Iterator[Sample]:
    """The samples in these lines; with ``split`` only its own."""
    for line in lines:
        sample = Sample(*json.loads(line))
        if split is None or sample.split == split:
            yield sample
