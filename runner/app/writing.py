"""A run's ways to write its state: one for all that counts, and one for what may fail without harm."""

import contextlib
import logging
from collections.abc import Iterator

from runner.app.workplace import Workplace
from runner.core.errors import StateError
from runner.store.database import open_apart, open_for_writing
from runner.store.holds import Hold
from runner.store.writer import GroupWriter, Writer

log = logging.getLogger(__name__)


@contextlib.contextmanager
def opened(workplace: Workplace, hold: Hold | None) -> Iterator[tuple[Writer, Writer | None]]:
    """Both, closed at the end; the second is ``None`` for the sandbox, whose service no other run asks.

    They are apart because after a failed commit a writer writes nothing more, and a run that cannot tell how fast it goes
    need not end for it. Raises ``StateError`` if the first cannot be opened.
    """
    with contextlib.closing(GroupWriter(open_for_writing(workplace.state, hold))) as state:
        apart = None if workplace.sandbox else _apart(workplace)
        try:
            yield state, apart
        finally:
            if apart is not None:
                apart.close()


def _apart(workplace: Workplace) -> GroupWriter | None:
    try:
        return GroupWriter(open_apart(workplace.state))
    except StateError as error:
        log.warning("this run shares its pace with no other of its account: %s", error)
        return None
