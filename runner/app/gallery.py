"""The gallery of a batch: ``index.html`` in its tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.app.inspecting import shown_records, standing_of
from runner.app.kept_file import beginning_of, keep
from runner.app.workplace import Workplace, find_batch
from runner.core.advice import Invocation
from runner.core.errors import UsageError
from runner.files.root import OutputRoot
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


def report(workplace: Workplace, named: str) -> Reported:
    """Write the gallery of a batch as it stands now; no lock is taken, and a run may go on meanwhile.

    Raises ``UsageError`` where there is no such batch, no tree, or an ``index.html`` of somebody else.
    """
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
        if connection is None:
            raise RuntimeError("a batch was found in no state")
        standing = standing_of(workplace, connection, batch)
        if not Path(batch.output_dir).is_dir():
            raise UsageError(f"there is no {batch.output_dir} yet: the first video makes it")
        call = workplace.call(batch.name, batch.manifest)
        with OutputRoot(batch.output_dir, create=False) as root:
            try:
                write(connection, root, workplace, standing, call)
                size = root.stat_size(NAME)
            except OSError as error:
                raise UsageError(
                    f"{root.path}/{NAME} cannot be written: {error.strerror or error}"
                ) from error
    jobs = standing.counts.total + standing.counts.removed
    return Reported(batch.name, Path(batch.output_dir) / NAME, size or 0, jobs)


def write(
    connection: Connection, root: OutputRoot, workplace: Workplace, standing: Standing, call: Invocation
) -> None:
    """Bring the gallery to what the state says; where it says so already, not touched.

    Raises ``OSError``, also where an ``index.html`` that is not ours has the name: it is never overwritten.
    """
    there = beginning_of(root, NAME, _BEGINNING_BYTES)
    if there is not None and MARK not in there:
        raise FileExistsError(0, "it was not written by this program and is left as it is; move it away")
    batch = standing.batch
    known = failures(standing, troubles.by_class(connection, batch.pk), call)
    head = Head(batch.name, batch.price, figures(status_json(standing)), known)

    def fresh() -> Iterator[bytes]:
        return page(shown_records(workplace, connection, batch), head)

    keep(root, NAME, fresh)
