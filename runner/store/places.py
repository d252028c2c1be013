"""Where a state is: a file of this machine, or a database on a PostgreSQL server."""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from runner.core.errors import UsageError

SCHEMA = "runner"
SANDBOX_STATE = "sandbox.db"
BESIDE_SERVER = "state"
"""The directory, below the working directory, of what this machine keeps beside a state on a server."""

_SANDBOX = "_sandbox"
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_FORMS = "the state is a SQLite file, named as sqlite:///path/to/runner.db"
_SERVER_FORM = "a state on a server is named as postgresql+psycopg://user@host/database"
_SERVER_DRIVERS = ("postgresql", "postgresql+psycopg")
_SECRETS = ("password", "sslpassword")
_SECRET_IN_TEXT = re.compile(r"(?i)(://[^/?#]*?:)[^/?#]*(?=@)|\b((?:ssl)?password=)[^&\s]*")


@dataclass(frozen=True, slots=True)
class Server:
    """A state in a schema of its own of a PostgreSQL database. Its text never holds a password."""

    _url: URL
    schema: str = SCHEMA

    def __str__(self) -> str:
        shown = self._url._replace(password=None).difference_update_query(_SECRETS)
        named = self.schema.removesuffix(_SANDBOX)  # with --sandbox, as without it
        if named != SCHEMA:
            shown = shown.update_query_dict({"schema": named})
        return shown.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Server({str(self)!r})"

    @property
    def url(self) -> URL:
        """What the driver is given; a password that was in ``--state`` stands in it."""
        return self._url

    @property
    def sandbox(self) -> "Server":
        """The schema beside this one that holds the sandbox's state."""
        return replace(self, schema=self.schema + _SANDBOX)


State: TypeAlias = Path | Server


def state_at(url: str, named_in: str = "--state") -> State:
    """The state that a URL names: ``sqlite:///state/runner.db``, or ``postgresql+psycopg://user@host/database``.

    ``named_in`` is who names it, for messages. A file's path is absolute with links resolved: locks are taken beside it,
    so that a state reached through a link is the same state. Raises ``UsageError`` for anything else.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        parsed = None
    if parsed is not None and parsed.drivername in _SERVER_DRIVERS:
        return _server(parsed, url, named_in)
    if parsed is None or parsed.get_backend_name() != "sqlite":
        raise UsageError(f"{named_in} {without_password(url)!r}: {_FORMS}; {_SERVER_FORM}")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise UsageError(
            f"{named_in} {url!r}: the state must be a file, it is what makes a batch resumable: name it as "
            "sqlite:///path/to/runner.db"
        )
    return Path(os.path.realpath(parsed.database))


def without_password(url: str) -> str:
    """A URL that may be none, without what may be a password in it; for messages."""
    return _SECRET_IN_TEXT.sub(lambda found: f"{found[1] or found[2]}***", url)


def typed(url: str) -> str:
    """A ``--state`` as it is repeated in advice and commands: as it was given, without a password."""
    state = state_at(url)
    return str(state) if isinstance(state, Server) else url


def sandbox_of(state: State) -> State:
    """The sandbox's state beside a real one."""
    return state.sandbox if isinstance(state, Server) else state.with_name(SANDBOX_STATE)


def beside(state: State) -> Path:
    """A path of this machine beside which it keeps what goes with the state: partial files, the sandbox's ledger.

    That of the file itself; for a server one below ``state/`` of the working directory, which need not be there.
    """
    if not isinstance(state, Server):
        return state
    # The text has the user, the host and the schema; the hash tells apart what would be called the same.
    short = hashlib.sha256(f"{state}#{state.schema}".encode()).hexdigest()[:8]
    return Path(os.path.realpath(BESIDE_SERVER)) / f"{state.url.database}-{short}"


def files_of(state: State) -> tuple[Path, ...]:
    """The files that hold the state on this machine; none for a server."""
    if isinstance(state, Server):
        return ()
    return (state, *(state.with_name(state.name + end) for end in ("-wal", "-shm")))


def _server(parsed: URL, url: str, named_in: str) -> Server:
    shown = f"{named_in} {without_password(url)!r}"
    schema = parsed.query.get("schema", SCHEMA)
    if not isinstance(schema, str) or not _SCHEMA_NAME.fullmatch(schema) or schema.endswith(_SANDBOX):
        raise UsageError(
            f"{shown}: schema: {schema!r} is no name of a schema: write lower-case letters, digits and _, and not "
            f"{_SANDBOX} at its end"
        )
    if not parsed.database or "/" in parsed.database:
        raise UsageError(f"{shown}: it names no database; {_SERVER_FORM}")
    kept = parsed.difference_update_query(["schema"]).set(drivername="postgresql+psycopg")
    return Server(kept, schema)
