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
_OTHERWISE = "look at its disk, which may be full, closed or broken (`runner doctor` helps)"


def remedy(reason: str) -> str:
    """The way out for what the system or SQLite said."""
    return next((way_out for part, way_out in _REMEDIES if part in reason), _OTHERWISE)


def said(error: Exception) -> str:
    """What it said, with the file that it is about, and the way out."""
    if isinstance(error, OSError):
        about = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{about}; {remedy(str(error.strerror))}"
    return f"{error}; {remedy(str(error))}"
