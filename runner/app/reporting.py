"""The page of a batch, as a file: ``index.html`` in its tree, or where a person wants it. No lock is taken."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.app.inspecting import Look, standing_of
from runner.app.workplace import Workplace, find_batch
from runner.core.advice import Invocation
from runner.core.counting import noun
from runner.core.errors import UsageError
from runner.core.model import JobState
from runner.core.money import Price
from runner.core.records import Batch, JobRecord
from runner.files.replacement import beginning, holds, replace, replace_outside
from runner.files.root import OutputRoot
from runner.report import catalogue
from runner.report.failures import failures
from runner.report.gallery import GENERATOR, Head, page
from runner.report.payload import status_json
from runner.store import records, troubles
from runner.store.records import Selection
from runner.store.writer import Connection

NAME = "index.html"

JOBS_AT_A_RUNS_END = 20_000
"""A run makes the page of no larger batch at its end: it would take more than some seconds (``docs/gallery.md``)."""

_BEGINNING_BYTES = 128 * 1024
_MADE_AT = re.compile(rb'"made_at":"([^"]{0,40})"')


@dataclass(frozen=True, slots=True)
class Page:
    """Where the page is, its size, and whether it was written now: one that says the same is not touched."""

    path: Path
    bytes: int
    is_new: bool


def report(workplace: Workplace, named: str, file: str | None) -> Page:
    """Write the page of a batch into its tree, or into ``file``; works while a run goes on.

    Raises ``UsageError`` where there is no such batch or tree, where another's file has the name, where it cannot be
    written, and where a page in ``file`` could not name the videos.
    """
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
        if connection is None:
            raise UsageError(f"there is no state at {workplace.state}")
        look = Look(standing_of(workplace, connection, batch), (), troubles.by_class(connection, batch.pk))
        writing = _Writing(connection, look, workplace.call(batch.name, batch.manifest))
        tree = Path(batch.output_dir)
        if not tree.is_dir():
            raise UsageError(
                f"there is no output tree at {tree}, so there is nothing to show; `{writing.call.of_manifest('run')}` makes it"
            )
        path = tree / NAME if file is None else Path(file)
        try:
            return writing.into_tree(f"{NAME}.{os.getpid()}") if file is None else writing.into(path, tree)
        except OSError as error:
            raise UsageError(f"{path}: the page cannot be written: {error.strerror or error}") from error


def at_the_end(connection: Connection, look: Look, root: OutputRoot, call: Invocation) -> list[str]:
    """Bring the page in the tree to what a run leaves there; what a person should be told, if that was not done.

    It never makes a run fail.
    """
    jobs = look.standing.counts.total + look.standing.counts.removed
    again = f"`{call.of_batch('report')}` makes it"
    if jobs > JOBS_AT_A_RUNS_END:
        return [f"{NAME} is not made at the end of a run with {jobs:,} {noun(jobs, 'job')}: {again}"]
    try:
        _Writing(connection, look, call).with_root(root, NAME)
    except (OSError, UsageError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        return [f"{NAME} was not made: {why}"]
    return []


@dataclass(frozen=True, slots=True)
class _Writing:
    """A page of this view of the state."""

    connection: Connection
    look: Look
    call: Invocation

    @property
    def batch(self) -> Batch:
        return self.look.standing.batch

    def into_tree(self, partial: str) -> Page:
        with OutputRoot(self.batch.output_dir, create=False) as root:
            return self.with_root(root, partial)

    def with_root(self, root: OutputRoot, partial: str) -> Page:
        root.refuse_if_replaced()
        there = beginning(root, NAME, _BEGINNING_BYTES)
        path = Path(root.path) / NAME
        _refuse_foreign(there, path)
        is_new = not self._says_so(root, there)
        if is_new:
            try:
                replace(root, NAME, self._page(self.batch.updated_at), partial)
            except OSError:
                root.remove_partial(partial)
                raise
        return Page(path, root.stat_size(NAME) or 0, is_new)

    def into(self, path: Path, tree: Path) -> Page:
        real = Path(os.path.realpath(path))
        if real.is_file():
            with real.open("rb") as file:
                _refuse_foreign(file.read(_BEGINNING_BYTES), path)
        elif os.path.lexists(real):
            raise UsageError(f"{path} is no file; name another with -o")
        replace_outside(real, self._page(self.batch.updated_at, _way(real.parent, tree)))
        return Page(real, real.stat().st_size, is_new=True)

    def _says_so(self, root: OutputRoot, there: bytes | None) -> bool:
        """Whether the page that is there says the same, but for the moment of which it says it."""
        made_at = None if there is None else _MADE_AT.search(there)
        return made_at is not None and holds(root, NAME, self._page(made_at[1].decode(errors="replace")))

    def _page(self, made_at: str, tree: str = "") -> Iterator[bytes]:
        batch, standing = self.batch, self.look.standing
        price = batch.reservation_price
        head = Head(
            batch.name,
            made_at,
            Price(price, batch.price.usd_of(price)),
            catalogue.figures(status_json(standing)),
            failures(standing, self.look.troubles, self.call),
            tree,
        )
        return page(self._records(), head, None)

    def _records(self) -> Iterator[JobRecord]:
        is_dead = self.look.standing.running_pid is None
        for record in records.records(self.connection, self.batch.pk, Selection()):
            is_lost = is_dead and record.job.state is JobState.SUBMITTING
            yield record.as_unknown() if is_lost else record


def _refuse_foreign(there: bytes | None, path: Path) -> None:
    if there is not None and GENERATOR.encode() not in there[:1000]:
        raise UsageError(
            f"{path} was not written by this program and would have to be replaced; move it away, or name another file with -o"
        )


def _way(start: Path, tree: Path) -> str:
    """The way from a directory to the tree, as the links of a page there begin."""
    way = os.path.relpath(os.path.realpath(tree), start)
    try:
        way.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"a page in {start} could not name the videos: the way to {tree} is no UTF-8"
        ) from error
    return "" if way == os.curdir else f"{way}/"
