"""Whether a state file is what it should be."""

from sqlalchemy import Connection, text

from runner.store import accounts, batches, reads
from runner.store.dialects import POSTGRESQL, SQLITE

_MOST = 5


def faults(connection: Connection) -> list[str]:
    """What is wrong with the state itself and with its references, at most a few; empty for a sound one.

    A server looks at its references by itself, and at its pages where it has checksums: it says how many were wrong.
    """
    dialect = connection.dialect.name
    # The first fault only: behind it the check itself may fail, and say no more than "malformed".
    check = connection.execute(text(_OF_PAGES[dialect])).scalars()
    found = [str(line) for line in check if line != "ok"]
    if found:
        return found  # whatever else is asked of such a file may fail, and hide what is known
    strays = connection.execute(text(_OF_REFERENCES[dialect])).fetchmany(_MOST)
    return [f"row {row[1]} of {row[0]} refers to a missing {row[2]}" for row in strays]


_OF_PAGES = {
    SQLITE: "PRAGMA quick_check(1)",
    POSTGRESQL: "SELECT 'the server has met ' || checksum_failures || ' pages with a wrong checksum' "
    "FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0",
}
_OF_REFERENCES = {SQLITE: "PRAGMA foreign_key_check", POSTGRESQL: "SELECT '', 0, '' WHERE false"}


def wrong_books(connection: Connection) -> list[str]:
    """The batches and accounts whose books are not the sums of their attempts, in words; empty where all agree."""
    wrong = []
    for batch in batches.every(connection):
        kept, summed = (batch.spent, batch.reserved, batch.unknown), reads.books(connection, batch.pk)
        if kept != summed:
            wrong.append(
                f"batch {batch.name}: spent, reserved, unknown are {kept}, the attempts say {summed}"
            )
    return wrong + [
        f"account {name} on {day}: spent, reserved are {kept}, the attempts say {summed}"
        for name, day, kept, summed in accounts.wrong_sums(connection)
    ]
