"""Whether a state file is what it should be."""

from sqlalchemy import Connection, text

from runner.store import batches, reads
from runner.store.dialects import POSTGRESQL

_MOST = 5


def faults(connection: Connection) -> list[str]:
    """What SQLite finds wrong with the file itself and with its references, at most a few; empty for a sound one.

    Of a server: how many pages it found that are not as they were written, where it looks (``data_checksums``).
    """
    if connection.dialect.name == POSTGRESQL:
        return _faults_of_server(connection)
    # The first fault only: behind it the check itself may fail, and say no more than "malformed".
    check = connection.execute(text("PRAGMA quick_check(1)")).scalars()
    found = [str(line) for line in check if line != "ok"]
    if found:
        return found  # whatever else is asked of such a file may fail, and hide what is known
    strays = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(_MOST)
    return [f"row {row[1]} of {row[0]} refers to a missing {row[2]}" for row in strays]


def _faults_of_server(connection: Connection) -> list[str]:
    found = connection.execute(
        text("SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()")
    ).scalar_one_or_none()
    return [f"the server has met {found} pages with a wrong checksum"] if found else []


def wrong_books(connection: Connection) -> list[str]:
    """The batches whose books are not the sums of their attempts, in words; empty where all agree."""
    wrong = []
    for batch in batches.every(connection):
        kept, summed = (batch.spent, batch.reserved, batch.unknown), reads.books(connection, batch.pk)
        if kept != summed:
            wrong.append(
                f"batch {batch.name}: spent, reserved, unknown are {kept}, the attempts say {summed}"
            )
    return wrong
