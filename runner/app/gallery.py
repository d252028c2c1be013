"""The gallery of a batch: ``index.html`` in its tree."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.app.inspecting import shown_records, standing_of
from runner.app.kept_file import beginning_of, keep, put
from runner.app.workplace import Workplace, find_batch, refuse_bucket
from runner.core.advice import Invocation
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
    """Where the gallery of a batch stands, and how large it is."""

    batch: str
    path: Path
    bytes: int
    jobs: int


def report(workplace: Workplace, named: str, file: str | None = None) -> Reported:
    """Write the gallery of a batch as it stands now, into its tree or into ``file``; no lock is taken, a run may go on.

    Raises ``UsageError`` where there is no such batch, no tree, somebody else's file under the name, and where a page in
    ``file`` could not name the videos.
    """
    if file == "-":
        raise UsageError("a page on stdout could not name the videos beside it; name a file with -o")
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
        if connection is None:
            raise RuntimeError("a batch was found in no state")
        standing = standing_of(workplace, connection, batch)
        refuse_bucket(batch, "report")
        if not Path(batch.output_dir).is_dir():
            raise UsageError(
                f"there is no {batch.output_dir}: the first video of a run makes it, unless it was moved away"
            )
        writing = _Writing(connection, workplace, standing, workplace.call(batch.name, batch.manifest))
        path = Path(os.path.realpath(batch.output_dir if file is None else file))
        try:
            if file is None:
                path /= NAME
                writing.into_tree()
            else:
                writing.into(path)
            size = path.stat().st_size
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    jobs = standing.counts.total + standing.counts.removed
    return Reported(batch.name, path, size, jobs)


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

    def into_tree(self) -> None:
        batch = self.standing.batch
        with self.workplace.depot(batch.output_dir, batch.name, create=False) as root:
            # A run may write it at the same moment, or another report: each gathers under a name of its own.
            self.into_root(root, f"{NAME}.{secrets.token_hex(4)}")

    def into_root(self, root: Depot, partial: str) -> None:
        _refuse_foreign(beginning_of(root, NAME, _BEGINNING_BYTES))
        keep(root, NAME, self._page, partial)

    def into(self, path: Path) -> None:
        if path.is_file():
            with path.open("rb") as file:
                _refuse_foreign(file.read(_BEGINNING_BYTES))
        elif os.path.lexists(path):
            raise FileExistsError(0, "it is no file; name another with -o")
        way = os.path.relpath(os.path.realpath(self.standing.batch.output_dir), path.parent)
        try:
            way.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"a page in {path.parent} could not name the videos: {way!r} is no text"
            ) from error
        put(path, self._page("" if way == os.curdir else f"{way}/"))

    def _page(self, tree: str = "") -> Iterator[bytes]:
        batch = self.standing.batch
        known = failures(self.standing, troubles.by_class(self.connection, batch.pk), self.call)
        again = batch.reservation_price
        head = Head(batch.name, batch.price, figures(status_json(self.standing)), known, tree, again)
        return page(shown_records(self.workplace, self.connection, batch), head)


def _refuse_foreign(there: bytes | None) -> None:
    if there is not None and MARK not in there:
        raise FileExistsError(0, "it was not written by this program and is left as it is; move it away")
