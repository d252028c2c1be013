"""The sheets of one prompt after the other: pictures out of its videos, and the pages that they stand on."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from PIL import Image

from runner.app import probing
from runner.app.workplace import Workplace
from runner.core.choice import Flag
from runner.core.picture import agrees
from runner.core.records import JobRecord, StoredFile
from runner.core.safe_text import for_terminal
from runner.files.depot import Depot
from runner.media import sheet
from runner.media.lettering import Lettering
from runner.media.outcomes import Pictured, Unreadable
from runner.media.pages import Folder
from runner.media.sheet import Cell
from runner.media.viewer import Viewer
from runner.store import records
from runner.store.records import Selection

_JOBS = 200
_REASON_CHARS = 100
_TEXT_CHARS = 2000


class Drawing:
    """Draws into one folder; a prompt's pages are held one at a time. To be closed.

    ``prompts`` have got ``files`` files so far. Its methods raise ``UsageError``, and ``OSError`` where a store cannot be read.
    """

    def __init__(
        self, workplace: Workplace, root: Depot, directory: Path, columns: int, font: str | None
    ) -> None:
        self.is_pdf = False
        self.only_kept = False
        self.prompts = 0
        self.files = 0
        self._workplace = workplace
        self._root = root
        self._columns = columns
        self._lettering = Lettering(font)
        self._folder = Folder(directory)
        self._threads = ThreadPoolExecutor(probing.AT_ONCE)
        self._viewers: SimpleQueue[Viewer] = SimpleQueue()
        for _ in range(probing.AT_ONCE):
            self._viewers.put(Viewer())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        while not self._viewers.empty():
            self._viewers.get().close()

    def draw_all(
        self, batch_pk: int, named: Iterable[tuple[str, Sequence[int]]], tell: Callable[[Path], None]
    ) -> None:
        """Write the files of one prompt after the other: its name among the sheets, and the rows of its jobs."""
        for name, job_pks in named:
            self.draw(batch_pk, name, job_pks, tell)

    def draw(self, batch_pk: int, name: str, job_pks: Sequence[int], tell: Callable[[Path], None]) -> None:
        """Write the files that this prompt's jobs have now, and tell each; none where there is nothing to show."""
        pages = self._pages(self._records(batch_pk, job_pks))
        put = self._folder.put_pdf if self.is_pdf else self._folder.put_png
        written = put(name, pages)
        self.prompts += bool(written)
        self.files += len(written)
        for path in written:
            tell(path)

    def notes(self) -> tuple[str, ...]:
        """What a person should know of the sheets."""
        complaint = self._lettering.complaint()
        return () if complaint is None else (complaint,)

    def _records(self, batch_pk: int, job_pks: Sequence[int]) -> Iterator[JobRecord]:
        """The jobs to be shown, each page in a view of its own."""
        for pks in _batched(job_pks, _JOBS):
            with self._workplace.reading() as connection:
                if connection is None:
                    return
                found = list(records.records(connection, batch_pk, Selection(pks=tuple(pks))))
            for record in found:
                if not self.only_kept or record.choice.flag is Flag.KEEP:
                    yield record

    def _pages(self, found: Iterator[JobRecord]) -> Iterator[Image.Image]:
        first = next(found, None)
        if first is None:
            return
        heading = for_terminal(first.prompt_id), for_terminal(first.job.prompt, _TEXT_CHARS)
        shown = (each for record in itertools.chain([first], found) for each in _shown(record))
        number = 0
        while cells := list(itertools.islice(shown, self._columns * sheet.ROWS)):
            number += 1
            drawn = list(self._threads.map(self._cell, cells))
            yield sheet.page(heading, number, drawn, self._columns, self._lettering)

    def _cell(self, shown: tuple[JobRecord, StoredFile | None]) -> Cell:
        record, file = shown
        choice = record.choice
        seen = None if file is None else self._picture(file)
        instead = _why_empty(record)
        if file is not None:
            reason = seen.reason if isinstance(seen, Unreadable) else "it is gone, or another than was made"
            instead = for_terminal(f"no picture: {reason}", _REASON_CHARS)
        return Cell(
            label=_label(record, file),
            picture=None if seen is None or isinstance(seen, Unreadable) else seen,
            instead=instead,
            flag=None if choice.flag is None else choice.flag.value,
            rating=choice.rating,
            remark=for_terminal(", ".join(record.variables.values()), _REASON_CHARS)
            if record.variables
            else "",
            warning="" if file is None else _other_ratio(record, file),
        )

    def _picture(self, file: StoredFile) -> Pictured | None:
        viewer = self._viewers.get()
        try:
            with probing.opened(self._root, file) as handle:
                return None if handle is None else viewer.still(handle, sheet.EDGE_PX)
        finally:
            self._viewers.put(viewer)


def _batched(job_pks: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (job_pks[start : start + size] for start in range(0, len(job_pks), size))


def _shown(record: JobRecord) -> list[tuple[JobRecord, StoredFile | None]]:
    """A cell a video; one for a job that has none."""
    placed = [one for one in record.files if one.state == "placed"]
    return [(record, one) for one in placed] or [(record, None)]


def _label(record: JobRecord, file: StoredFile | None) -> str:
    several = file is not None and sum(one.state == "placed" for one in record.files) > 1
    take = f"take-{record.take:02d}" + (f"-{file.position}" if several and file is not None else "")
    return f"{record.job.mode} {record.job.ratio} {take}"


def _why_empty(record: JobRecord) -> str:
    if record.choice.pruned_at is not None:
        return "pruned"
    word = record.job.state.value
    return word if record.error_class is None else f"{word}: {record.error_class.value}"


def _other_ratio(record: JobRecord, file: StoredFile) -> str:
    seen = record.media.get(file.pk)
    if seen is None or not seen.width or not seen.height or agrees(seen.width, seen.height, record.job.ratio):
        return ""
    return f"is {seen.width}x{seen.height}"
