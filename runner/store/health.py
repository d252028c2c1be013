"""Whether a state file is what it should be."""

from sqlalchemy import Connection, text

from runner.store import accounts, batches, reads

_MOST = 5


def faults(connection: Connection) -> list[str]:
    """What SQLite finds wrong with the file itself and with its references, at most a few; empty for a sound one."""
    # The first fault only: behind it the check itself may fail, and say no more than "malformed".
    check = connection.execute(text("PRAGMA quick_check(1)")).scalars()
    found = [str(line) for line in check if line != "ok"]
    if found:
        return found  # whatever else is asked of such a file may fail, and hide what is known
    strays = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(_MOST)
    return [f"row {row[1]} of {row[0]} refers to a missing {row[2]}" for row in strays]


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
