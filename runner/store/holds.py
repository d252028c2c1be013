"""Whether this process still is the one that works its batch.

A lock in a file is lost only with its process. One on a server is lost with a connection, while the process lives on: so
whoever takes a batch over raises a number beside it, and a process with an older number moves no job any more.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from runner.core.errors import StateError

FENCED = "runner.fenced"
"""Under this name a connection notes, at the start of each transaction, who has taken its batch over."""

BATCH = "runner.batch"


@dataclass(frozen=True, slots=True)
class Hold:
    """A batch that this process works, and the number that it was given for that; a later one is higher."""

    batch: str
    number: int


class FencedError(StateError):
    """Another process has taken the batch over: this one moves no job any more."""


def refuse_if_fenced(connection: Connection) -> None:
    """Raise ``FencedError`` if the batch that the connection was opened for is in the hands of another process."""
    successor = connection.info.get(FENCED)
    if successor is not None:
        raise FencedError(
            f"{successor} has taken over batch {connection.info[BATCH]!r}: nothing more is submitted here"
        )
