"""What a person can do about a state that the system or SQLite does not let us use: the last part of such a message."""

_DAMAGED = "keep the file, and put a backup in its place, or name another with --state"
_FULL = "make room on its disk, and run it again"
_CLOSED = "give yourself the permission to write there, or name another place with --state"
_BLOCKED = "something else stands in its way: move that away, or name another place with --state"
_REMEDIES = (
    ("not a database", _DAMAGED),
    ("malformed", _DAMAGED),
    ("full", _FULL),
    ("No space left", _FULL),
    ("quota", _FULL),
    ("too large", _FULL),
    ("readonly", _CLOSED),
    ("Read-only", _CLOSED),
    ("ermission", _CLOSED),
    ("Not a directory", _BLOCKED),
    ("Is a directory", _BLOCKED),
    ("File exists", _BLOCKED),
    ("locked", "another program holds the file: close it"),
)
_LOST = "see that the server runs and can be reached, and run it again: it goes on from what is in the state"
_UNREACHED = "start the server, or name another state with --state (docs/postgres.md)"
_UNKNOWN = "put the password into ~/.pgpass (docs/postgres.md)"
_FORBIDDEN = "have the owner of the database grant it (docs/postgres.md)"
_OF_SERVERS = (
    ("terminating connection", _LOST),
    ("closed the connection", _LOST),
    ("connection is lost", _LOST),
    ("connection is closed", _LOST),
    ("Connection refused", _UNREACHED),
    ("No such file or directory Is the server", _UNREACHED),
    ("could not translate host name", _UNREACHED),
    ("resolve host", _UNREACHED),
    ("timeout expired", _UNREACHED),
    ("starting up", "wait until the server is up"),
    ("shutting down", "wait until the server is up again"),
    ("password", _UNKNOWN),
    ("pg_hba.conf", _UNKNOWN),
    ("permission denied for", _FORBIDDEN),
    ("does not exist", "make it, as docs/postgres.md shows"),
    ("lock timeout", "another program holds the state: look at pg_stat_activity for it"),
)
_ASK_SERVER = "look at the log of the server (`runner doctor` helps)"
_OTHERWISE = "look at its disk, which may be full, closed or broken (`runner doctor` helps)"


def remedy(reason: str) -> str:
    """The way out for what the system or SQLite said."""
    return next((way_out for part, way_out in _REMEDIES if part in reason), _OTHERWISE)


def said(error: Exception) -> str:
    """What it said, with the file that it is about, and the way out."""
    if isinstance(error, OSError):
        about = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{about}; {remedy(str(error.strerror))}"
    text = " ".join(str(error).split())  # a server's answer may have several lines
    if hasattr(
        error, "sqlstate"
    ):  # an error of a server's driver; the driver itself may not be there to be named
        return f"{text}; {next((way_out for part, way_out in _OF_SERVERS if part in text), _ASK_SERVER)}"
    return f"{text}; {remedy(text)}"
