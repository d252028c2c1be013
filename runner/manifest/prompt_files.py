"""Prompt files: ``.txt``, ``.csv``, ``.jsonl`` and ``.yaml``, a row at a time, so that a million rows take no memory.

Each format is a generator of ``Row``; what a row means is read by ``prompts``. ``load`` only opens a file and reads
a header; the rows are checked while they are consumed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.core.errors import ManifestError, Place, Problem
from runner.core.model import Prompt
from runner.core.suggestion import did_you_mean
from runner.manifest.csv_rows import columns_of, csv_rows
from runner.manifest.findings import PER_FILE_MAX, Findings, FullError
from runner.manifest.json_rows import json_rows
from runner.manifest.nodes import Kind, Leaf, Row, quoted_file
from runner.manifest.prompts import Traits, Vocabulary, prompt_of
from runner.manifest.source import SourceError, open_file, read_lines
from runner.manifest.spot import Spot
from runner.manifest.yaml12 import read_members


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A ``file:`` entry. ``place`` and ``path`` are those of the entry, ``file_place`` is that of the file's name."""

    file: str
    place: Place
    file_place: Place
    path: str
    defaults: Traits
    vocabulary: Vocabulary

    def check(self, findings: Findings) -> tuple[str, ...]:
        """Open the file; the further columns of a CSV file, nothing for others. Problems go to ``findings``."""
        suffix = Path(self.file).suffix.lower()
        if suffix not in READERS:
            allowed = ".txt, .csv, .jsonl, .yaml"
            message = f"{quoted_file(self.file)} has an unknown kind; there are {allowed}"
            findings.add(
                self.file_place, f"{self.path}.file", message, did_you_mean(suffix[:80], allowed.split(", "))
            )
            return ()
        try:
            if suffix == ".csv":
                return columns_of(self.file)
            open_file(self.file).close()
        except SourceError as error:
            self._report(error, findings)
        except ManifestError as error:
            findings.problems.extend(error.problems)
        return ()

    def prompts(self, findings: Findings) -> Iterator[Prompt]:
        """The prompts of the rows that are right; what is wrong with the others goes to ``findings``.

        The reading stops after 50 problems.
        """
        own = Findings(PER_FILE_MAX)
        is_empty = True
        try:
            for row in READERS[Path(self.file).suffix.lower()](self.file, own):
                is_empty = False
                prompt = prompt_of(
                    Spot(row.node, self.path, own), self.vocabulary, self.defaults, row.columns
                )
                if prompt is not None:
                    yield prompt
            if is_empty and not own.problems:
                own.add(Place(self.file), self.path, "the file holds no prompt")
        except SourceError as error:
            self._report(error, findings)
        except ManifestError as error:
            own.problems.extend(error.problems)
        except FullError:
            after = Place(self.file, own.problems[-1].place.line + 1)
            message = f"{PER_FILE_MAX} problems in this file; its rest was not read"
            own.problems.append(Problem(after, self.path, message))
        findings.problems.extend(own.problems)

    def _report(self, error: SourceError, findings: Findings) -> None:
        if error.line is None:
            message = f"{quoted_file(self.file)}: {error.message}"
            findings.add(self.file_place, f"{self.path}.file", message, error.hint)
        else:
            findings.add(error.place(self.file), self.path, error.message, error.hint)


def _text_rows(file: str, _findings: Findings) -> Iterator[Row]:
    for number, line in read_lines(file):
        value = line.strip()
        if value and not line.startswith("#"):
            column = len(line) - len(line.lstrip()) + 1
            yield Row(Leaf(value, Kind.TEXT, Place(file, number, column)))


def _yaml_rows(file: str, findings: Findings) -> Iterator[Row]:
    for node in read_members(file, findings):
        yield Row(node)


READERS: dict[str, Callable[[str, Findings], Iterator[Row]]] = {
    ".txt": _text_rows,
    ".csv": csv_rows,
    ".jsonl": json_rows,
    ".yaml": _yaml_rows,
    ".yml": _yaml_rows,
}


@dataclass(frozen=True, slots=True)
class PromptStream:
    """``Manifest.prompts``: inline prompts as they were read, prompt files read anew at every call."""

    sources: tuple[Prompt | PromptFile, ...]

    def __call__(self) -> Iterator[Prompt]:
        """The prompts in manifest order; at the end ``ManifestError`` with the problems of all prompt files."""
        findings = Findings()
        for source in self.sources:
            if isinstance(source, PromptFile):
                yield from source.prompts(findings)
            else:
                yield source
        findings.raise_if_any()
