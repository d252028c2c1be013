"""Contact sheets: a page of pictures for each prompt of a batch, for a slide or a mail."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner import media
from runner.app import probing
from runner.app.verifying import existing_root
from runner.app.workplace import Workplace, find_batch
from runner.core.bucket_url import is_url
from runner.core.errors import UsageError
from runner.core.records import Batch
from runner.core.sheet_names import SheetNames
from runner.core.suggestion import did_you_mean
from runner.files.depot import Depot
from runner.store import prompts
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter

PROMPTS = 100
"""Prompts whose jobs are looked up at once."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. ``directory``: ``None`` is ``<output dir>-sheets``; ``prompt``: only this one."""

    directory: str | None = None
    prompt: str | None = None
    columns: int = 6
    font: str | None = None
    pdf: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """What there is now: the folder, how many prompts have how many files, and what a person should know."""

    batch: str
    directory: Path
    prompts: int
    files: int
    notes: tuple[str, ...]


def draw(workplace: Workplace, named: str, wishes: Wishes, tell: Callable[[Path], None]) -> Drawn:
    """Draw the sheets of a batch, one prompt after the other; a run may go on meanwhile, and ``tell`` hears each file.

    Files that nobody has looked into are looked into first. Raises ``UsageError`` where there is no such batch or prompt,
    where it has no output directory, where the extra ``media`` is missing, and where a sheet cannot be written.
    """
    if not media.is_installed():
        raise UsageError(
            f"contact sheets need the extra `media` (PyAV and Pillow), which is not installed: {media.INSTALL}"
        )
    from runner.app.drawing import Drawing  # noqa: PLC0415 - PyAV and Pillow, an extra that may be missing

    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
        known = [] if connection is None else prompts.prompt_ids(connection, batch.pk)
    chosen, names = _chosen(known, wishes.prompt, batch.name), SheetNames(known)
    directory = _directory(batch, wishes.directory)
    with existing_root(workplace, batch) as tree:
        if tree is None:
            raise UsageError(f"{batch.name} has no videos yet: there is no {batch.output_dir}")
        try:
            notes = _looked_into(workplace, tree, batch)
            with Drawing(workplace, tree, directory, wishes.columns, wishes.font) as drawing:
                drawing.is_pdf, drawing.only_kept = wishes.pdf, wishes.kept
                jobs = _jobs(workplace, batch, chosen)
                drawing.draw_all(batch.pk, ((names.of(prompt), pks) for prompt, pks in jobs), tell)
        except OSError as error:
            raise UsageError(f"{batch.output_dir} cannot be read: {error.strerror or error}") from error
    return Drawn(batch.name, directory, drawing.prompts, drawing.files, (*notes, *drawing.notes()))


def _chosen(known: Sequence[str], prompt: str | None, batch: str) -> Sequence[str]:
    if prompt is None:
        return known
    if prompt not in known:
        hint = did_you_mean(prompt, known)
        raise UsageError(f"{batch} has no prompt {prompt!r}" + (f" - {hint}" if hint else ""))
    return [prompt]


def _jobs(workplace: Workplace, batch: Batch, chosen: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """The jobs of each prompt by row; a view held for as long as it is drawn would keep the state's log growing."""
    for start in range(0, len(chosen), PROMPTS):
        page = chosen[start : start + PROMPTS]
        with workplace.reading() as connection:
            jobs = {} if connection is None else prompts.jobs_of(connection, batch.pk, page)
        yield from jobs.items()


def _directory(batch: Batch, wanted: str | None) -> Path:
    """Where the sheets go; raises ``UsageError`` for a place in the tree, whose loaders would take them for its own."""
    if wanted is not None and is_url(wanted):
        raise UsageError(f"-o {wanted}: sheets are drawn into a local folder; name one")
    if is_url(batch.output_dir):
        return Path(f"{batch.name}-sheets" if wanted is None else wanted)
    tree = Path(batch.output_dir)
    directory = tree.with_name(f"{tree.name}-sheets") if wanted is None else Path(wanted)
    if directory.resolve().is_relative_to(tree.resolve()):
        raise UsageError(
            f"-o {wanted} is within {tree}, which data set loaders read: pictures there would disturb them; name a folder "
            "outside"
        )
    return directory


def _looked_into(workplace: Workplace, root: Depot, batch: Batch) -> tuple[str, ...]:
    writer = DirectWriter(open_for_writing(workplace.state))
    try:
        looked = asyncio.run(probing.look(writer, root, batch.pk))
        ratios = writer.write_now(probing.ratio_notes, batch.pk)
    finally:
        writer.close()
    return (*(looked.notes()[:1] if looked.unreadable else ()), *ratios)
