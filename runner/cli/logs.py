"""The log: JSON lines in a file (``--log-file``), short lines on stderr (``-vv``).

Records carry job ids, never a prompt, and no token that this process has opened. A traceback goes to the log file and
nowhere else; without one, to a file of its own whose place is said.
"""

import contextlib
import json
import logging
import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from runner.core.errors import UsageError
from runner.core.events import RunEvent
from runner.providers import hide_opened

_OURS = "runner"
_EVENTS = logging.getLogger("runner.events")
_OF_AN_EVENT = frozenset(
    {
        "batch",
        "task_id",
        "credits",
        "error_class",
        "seconds",
        "signal",
        "in_the_air",
        "to_submit",
        "to_follow",
    }
    | {"pid", "bytes", "exit_code"}
)
"""What is logged of an event. Not its error, which may repeat a prompt, nor its path, which is made of one."""


def set_up(verbosity: int, log_file: str | None) -> None:
    """Send records where the options say, from now on; what an earlier call set up ends.

    Warnings go to stderr in any case. Raises ``UsageError`` where the log file cannot be written.
    """
    to_file = None if log_file is None else _ToFile(log_file)
    to_stderr = _ToStderr(logging.DEBUG if verbosity >= 2 else logging.WARNING, to_file)
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _ToStderr | _ToFile)]:
        root.removeHandler(earlier)
        earlier.close()
    for handler in filter(None, (to_file, to_stderr)):
        root.addHandler(handler)
    # Only our own loggers say more: at this level SQLAlchemy would log every statement, and with it every prompt.
    logging.getLogger(_OURS).setLevel(logging.DEBUG if to_file else to_stderr.level)


def note(event: RunEvent) -> None:
    """Log an event of a run."""
    known = {name: value for name, value in event.details.items() if name in _OF_AN_EVENT}
    job = {} if event.job_id is None else {"job_id": event.job_id}
    _EVENTS.info(event.name.value, extra={"fields": job | known})


def note_internal_error(error: Exception) -> None:
    """Log, and say, that an error of this program ended it."""
    if not any(isinstance(each, _ToStderr) for each in logging.getLogger().handlers):
        set_up(0, None)
    logging.getLogger(_OURS).critical("internal error", exc_info=error)


class _ToFile(logging.Handler):
    """One JSON object a line, in ASCII: nothing that a record holds begins a line of its own or acts on a terminal."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"--log-file {path}: it cannot be written: {reason}") from error

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record; a full disk ends no run."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        hidden = {name: hide_opened(text) if isinstance(text, str) else text for name, text in line.items()}
        with contextlib.suppress(OSError):
            os.write(self._file, json.dumps(hidden, default=str).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            os.close(self._file)
        super().close()


class _ToStderr(logging.Handler):
    """One short line a record. Tracebacks are kept in ``to_file``, or in a file that is made when the first one comes."""

    def __init__(self, level: int, to_file: _ToFile | None) -> None:
        super().__init__(level)
        self._traces_in = None if to_file is None else to_file.path
        self._has_log = to_file is not None

    def emit(self, record: logging.LogRecord) -> None:
        """Show the record, and where its traceback is."""
        from runner.cli.edge import say  # noqa: PLC0415 - the edge imports this module

        kind = "" if record.levelno >= logging.CRITICAL else f"{record.levelname.lower()}: "
        fields = "".join(f" {name}={value}" for name, value in getattr(record, "fields", {}).items())
        error = record.exc_info[1] if record.exc_info else None
        cause = "" if error is None else f": {type(error).__name__}: {error}{self._whereabouts(error)}"
        say(hide_opened(f"{kind}{record.getMessage()}{fields}{cause}").replace("\n", " "))

    def _whereabouts(self, error: BaseException) -> str:
        if not self._has_log:
            self._keep(hide_opened("".join(traceback.format_exception(error))))
        if self._traces_in is None:
            return " (its details could not be written anywhere; --log-file names a place for them)"
        return f" (the details are in {self._traces_in}; the state is safe)"

    def _keep(self, text: str) -> None:
        if self._traces_in is not None:
            with contextlib.suppress(OSError):
                _write(self._traces_in, os.O_APPEND, text)
            return
        name = f"runner-error-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}.log"
        for directory in (Path("state"), Path(tempfile.gettempdir())):
            with contextlib.suppress(OSError):
                _write(str(directory / name), os.O_CREAT | os.O_EXCL, text)
                self._traces_in = str(directory / name)
                return


def _write(path: str, how: int, text: str) -> None:
    # In a directory that others may write, what stands under such a name need not be ours.
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | how, 0o600)
    try:
        os.write(file, text.encode("utf-8", "backslashreplace"))
    finally:
        os.close(file)
