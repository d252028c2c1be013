"""The gallery of a batch: ``index.html`` in its tree."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from runner.app.inspecting import shown_records, standing_of
from runner.app.kept_file import beginning_of, keep, put
from runner.app.workplace import Workplace, find_batch
from runner.core.advice import Invocation
from runner.core.bucket_url import is_url
from runner.core.errors import UsageError
from runner.files.depot import Depot
from runner.report.catalogue import figures
from runner.report.failures import failures
from runner.report.gallery import MARK, NAME, Head, page
from runner.report.payload import Standing, status_json
from runner.store import troubles
from runner.store.writer import Connection

MOST_AT_THE_END = 20_000
"""Jobs up to which a run writes the gallery by itself: it takes some 0.1 s for each thousand of them."""

_BEGINNING_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Reported:
    """Where the gallery of a batch stands, and how large it is.

    ``url`` opens it in a browser, or is that of the bucket. ``note`` is what a person should know of it.
    """

    batch: str
    path: str
    url: str
    bytes: int
    jobs: int
    note: str | None = None


def report(workplace: Workplace, named: str, file: str | None = None) -> Reported:
    """Write the gallery of a batch as it stands now, into its tree or into ``file``; no lock is taken, a run may go on.

    Raises ``UsageError`` where there is no such batch, no tree, somebody else's file under the name, and where a page in
    ``file`` could not name the videos.
    """
    if file == "-":
        raise UsageError("a page on stdout could not name the videos beside it; name a file with -o")
    if file is not None and is_url(file):
        raise UsageError(
            f"-o {file}: name a local file, or leave it out: then the page stands beside the videos"
        )
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
        if connection is None:
            raise RuntimeError("a batch was found in no state")
        standing = standing_of(workplace, connection, batch)
        writing = _Writing(connection, workplace, standing, workplace.call(batch.name, batch.manifest))
        return writing.beside(file) if is_url(batch.output_dir) else writing.here(file)


def at_the_end(connection: Connection, root: Depot, workplace: Workplace, standing: Standing) -> list[str]:
    """Write it once a tree has changed; notes for people.

    A convenience: whatever goes wrong with it is no trouble of whoever changed the tree.
    """
    jobs = standing.counts.total + standing.counts.removed
    call = workplace.call(standing.batch.name, standing.batch.manifest)
    if jobs > MOST_AT_THE_END:
        return [f"{jobs:,} jobs: the gallery takes a while, `{call.of_batch('report')}` writes it"]
    try:
        write(connection, root, workplace, standing, call)
    except OSError as error:
        return [f"the gallery {root.path}/{NAME} was not written: {error.strerror or error}"]
    return []


def write(
    connection: Connection, root: Depot, workplace: Workplace, standing: Standing, call: Invocation
) -> None:
    """Bring the gallery to what the state says, with the lock of the tree; where it says so already, not touched.

    Raises ``OSError``, also where an ``index.html`` that is not ours has the name: it is never overwritten.
    """
    _Writing(connection, workplace, standing, call).into_root(root, NAME)


@dataclass(frozen=True, slots=True)
class _Writing:
    """The gallery in this view of the state."""

    connection: Connection
    workplace: Workplace
    standing: Standing
    call: Invocation

    def here(self, file: str | None) -> Reported:
        """Into a tree on this machine, or beside it."""
        batch = self.standing.batch
        if not Path(batch.output_dir).is_dir():
            raise UsageError(
                f"there is no {batch.output_dir}: the first video of a run makes it, unless it was moved away"
            )
        path = Path(os.path.realpath(batch.output_dir if file is None else file))
        path = path / NAME if file is None else path
        with _writable(path):
            size = self.into_tree() if file is None else self.into(path, self._way_from(path.parent))
        return self._reported(str(path), path.as_uri(), size)

    def beside(self, file: str | None) -> Reported:
        """Into a tree in object storage, or into a file of this machine.

        No page here could reach the videos there, so that one is written for a place beside a copy of them.
        """
        batch = self.standing.batch
        if file is None:
            path = f"{batch.output_dir}/{NAME}"
            with _writable(path):
                return self._reported(path, path, self.into_tree())
        here = Path(os.path.realpath(file))
        with _writable(here):
            size = self.into(here, "")
        note = f"it shows the videos that stand beside it: put it at the top of a copy of {batch.output_dir}"
        return replace(self._reported(str(here), here.as_uri(), size), note=note)

    def into_tree(self) -> int:
        batch = self.standing.batch
        with self.workplace.depot(batch.output_dir, batch.name, create=False) as root:
            # A run may write it at the same moment, or another report: each gathers under a name of its own.
            return self.into_root(root, f"{NAME}.{secrets.token_hex(4)}")

    def into_root(self, root: Depot, partial: str) -> int:
        """Bring the page of the tree up to date; its bytes."""
        _refuse_foreign(beginning_of(root, NAME, _BEGINNING_BYTES))
        counted = _Counted(self._page)
        keep(root, NAME, counted.fresh, partial)
        return counted.size_bytes

    def into(self, path: Path, way: str) -> int:
        """Write the page, from which that is the way to the videos, into a file; its bytes."""
        if path.is_file():
            with path.open("rb") as file:
                _refuse_foreign(file.read(_BEGINNING_BYTES))
        elif os.path.lexists(path):
            raise FileExistsError(0, "it is no file; name another with -o")
        put(path, self._page(way))
        return path.stat().st_size

    def _way_from(self, folder: Path) -> str:
        way = os.path.relpath(os.path.realpath(self.standing.batch.output_dir), folder)
        try:
            way.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"a page in {folder} could not name the videos: {way!r} is no text") from error
        return "" if way == os.curdir else f"{way}/"

    def _reported(self, path: str, url: str, size_bytes: int) -> Reported:
        jobs = self.standing.counts.total + self.standing.counts.removed
        return Reported(self.standing.batch.name, path, url, size_bytes, jobs)

    def _page(self, tree: str = "") -> Iterator[bytes]:
        batch = self.standing.batch
        known = failures(self.standing, troubles.by_class(self.connection, batch.pk), self.call)
        again = batch.reservation_price
        head = Head(batch.name, batch.price, figures(status_json(self.standing)), known, tree, again)
        return page(shown_records(self.workplace, self.connection, batch), head)


@dataclass(slots=True)
class _Counted:
    """Pieces that are made anew each time; ``size_bytes`` is how long they were the last time."""

    make: Callable[[], Iterator[bytes]]
    size_bytes: int = 0

    def fresh(self) -> Iterator[bytes]:
        self.size_bytes = 0
        for piece in self.make():
            self.size_bytes += len(piece)
            yield piece


@contextlib.contextmanager
def _writable(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def _refuse_foreign(there: bytes | None) -> None:
    if there is not None and MARK not in there:
        raise FileExistsError(0, "it was not written by this program and is left as it is; move it away")
