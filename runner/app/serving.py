"""The review of a batch, served until somebody ends it."""

from collections.abc import Callable

from runner.app.inspecting import standing_of
from runner.app.workplace import Workplace, find_batch, stamp
from runner.core.bucket_url import is_url
from runner.core.errors import StateError
from runner.report.payload import Standing
from runner.review.server import serve_forever
from runner.review.subject import Subject
from runner.store import batches
from runner.store.database import open_for_writing
from runner.store.writer import Connection


def review(workplace: Workplace, named: str, port: int, on_ready: Callable[[str, str | None], None]) -> None:
    """Serve the review of a batch on loopback until a signal ends it; no lock is taken.

    ``on_ready`` gets the URL of the page, and why no choice can be kept, ``None`` where it can. Raises ``UsageError`` where
    there is no such batch or the port is taken, ``StateError`` where the state cannot be read.
    """
    unwritable = _brought_up_to_date(workplace)
    subject = subject_of(workplace, named)
    serve_forever(subject, port, lambda url: on_ready(url, unwritable))


def subject_of(workplace: Workplace, named: str) -> Subject:
    """What the review of a batch needs to know; raises ``UsageError`` where there is no such batch."""
    with workplace.reading() as connection:
        batch = find_batch(connection, named, workplace.state)
    if is_url(
        batch.output_dir
    ):  # without the library nothing could be seen; the store is asked for each video
        workplace.depot(batch.output_dir, batch.name, create=False)

    def standing(connection: Connection) -> Standing:
        return standing_of(workplace, connection, batches.by_pk(connection, batch.pk))

    call = workplace.call(batch.name, batch.manifest)
    return Subject(workplace.state, batch.pk, batch.name, call, standing, stamp)


def _brought_up_to_date(workplace: Workplace) -> str | None:
    """Give a state of an older program the tables of this one; why it cannot be written, if it cannot."""
    if not workplace.has_state():
        return None
    try:
        open_for_writing(workplace.state).dispose()
    except StateError as error:
        return str(error)
    return None
