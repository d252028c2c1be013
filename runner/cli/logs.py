"""The log: JSON lines in a file (``--log-file``), short lines on stderr (``-vv``).

Records carry job ids, and no token that this process has opened. Texts that may repeat a prompt (what the service or
another library says, what an exception says) get into the file only with ``--log-prompts``. A traceback goes to the
log file and nowhere else; without one, to a file of its own whose place is said.
"""

import contextlib
import json
import logging
import os
import re
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from runner.core.errors import ManifestError, RunnerError, UsageError
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
"""What is logged of an event in any case."""
_MAY_REPEAT_PROMPTS = frozenset({"prompt", "error", "path", "problem", "reason"})
"""What is kept out of the file without ``--log-prompts``: a service's error repeats prompts, a path is made of one."""
_LEFT_OUT = "(left out, as it may hold a prompt; --log-prompts keeps it)"
_HARMLESS = re.compile(r"[0-9a-f]{24}|\d{1,20}")  # a job's id, a number
_PLACES_MAX = 20


def set_up(verbosity: int, log_file: str | None, *, with_prompts: bool = False) -> None:
    """Send records where the options say, from now on; what an earlier call set up ends.

    Warnings go to stderr in any case. Raises ``UsageError`` where the log file cannot be written.
    """
    if with_prompts and log_file is None:
        raise UsageError("--log-prompts says what the log holds, and there is none: add --log-file FILE")
    to_file = None if log_file is None else _ToFile(log_file, with_prompts=with_prompts)
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
    shown = _OF_AN_EVENT | _MAY_REPEAT_PROMPTS
    known = {name: value for name, value in event.details.items() if name in shown}
    job = {} if event.job_id is None else {"job_id": event.job_id}
    _EVENTS.info(event.name.value, extra={"fields": job | known})


def note_refusal(error: RunnerError) -> None:
    """Log that this error ended the command; a manifest's problems are named by their places, as they show texts."""
    fields: dict[str, object] = {"kind": type(error).__name__, "exit_code": error.exit_code}
    if isinstance(error, ManifestError):
        fields["places"] = [f"{one.place}: {one.path}" for one in error.problems[:_PLACES_MAX]]
        fields["problem"] = str(error)
    else:
        fields["refusal"] = str(error)
    _EVENTS.error("refused", extra={"fields": fields, "is_shown": True})


def note_internal_error(error: BaseException) -> None:
    """Log, and say, that an error of this program ended it, or came up where nobody waits for it."""
    if not any(isinstance(each, _ToStderr) for each in logging.getLogger().handlers):
        set_up(0, None)
    logging.getLogger(_OURS).critical("internal error", exc_info=error)


class _ToFile(logging.Handler):
    """One JSON object a line, in ASCII: nothing that a record holds begins a line of its own or acts on a terminal."""

    def __init__(self, path: str, *, with_prompts: bool) -> None:
        super().__init__()
        self.path = path
        self._with_prompts = with_prompts
        self._is_cut = False
        self._told = False
        # Without NONBLOCK a named pipe would hold up the program until somebody reads it.
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._file = os.open(path, how, 0o600)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(
                f"--log-file {path}: it cannot be written: {reason}; name a file in a directory that is there and "
                "that you may write to (nothing was sent)"
            ) from error

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record; a full disk ends no run."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() if self._with_prompts else _message_without_texts(record),
            **self._fields(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = (_trace if self._with_prompts else _trace_without_texts)(record.exc_info[1])
        hidden = {name: hide_opened(text) if isinstance(text, str) else text for name, text in line.items()}
        self._append(json.dumps(hidden, default=str).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):
            os.close(self._file)
        super().close()

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        fields: dict[str, object] = getattr(record, "fields", {})
        unfit = frozenset() if self._with_prompts else _MAY_REPEAT_PROMPTS
        return {name: value for name, value in fields.items() if name not in unfit}

    def _append(self, line: bytes) -> None:
        try:
            # A line that was cut by a full disk ends before the next one begins.
            whole = b"\n" + line if self._is_cut else line
            self._is_cut = os.write(self._file, whole) < len(whole)
        except OSError as error:
            self._tell_once(error)

    def _tell_once(self, error: OSError) -> None:
        from runner.cli.edge import say  # noqa: PLC0415 - the edge imports this module

        if not self._told:
            self._told = True
            say(
                f"warning: --log-file {self.path}: it cannot be written any more: {error.strerror}; the command goes "
                "on, and the log has a gap"
            )


def _message_without_texts(record: logging.LogRecord) -> str:
    """What a record says but for texts that come from outside this program."""
    if record.name != _OURS and not record.name.startswith(f"{_OURS}."):
        return f"{_LEFT_OUT} {record.filename}:{record.lineno}"
    if not isinstance(record.args, tuple) or not record.args:
        return str(record.msg)
    return str(record.msg) % tuple(each if _HARMLESS.fullmatch(str(each)) else "***" for each in record.args)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _trace_without_texts(error: BaseException) -> str:
    """Types and places of an error and of what it came from, without what they say."""
    return "".join(
        line
        for each in _chain(error)
        for line in (*traceback.format_tb(each.__traceback__), f"{type(each).__qualname__}: {_LEFT_OUT}\n")
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, after what it came from; of a group all."""
    origin = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if origin is not None:
        yield from _chain(origin)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _chain(each)
    yield error


class _ToStderr(logging.Handler):
    """One short line a record. Tracebacks are kept in ``to_file``, or in a file that is made when the first one comes."""

    def __init__(self, level: int, to_file: _ToFile | None) -> None:
        super().__init__(level)
        self._traces_in = None if to_file is None else to_file.path
        self._has_log = to_file is not None

    def emit(self, record: logging.LogRecord) -> None:
        """Show the record, and where its traceback is, unless it has been shown already."""
        if getattr(record, "is_shown", False):
            return
        from runner.cli.edge import say  # noqa: PLC0415 - the edge imports this module

        kind = "" if record.levelno >= logging.CRITICAL else f"{record.levelname.lower()}: "
        fields = "".join(f" {name}={value}" for name, value in getattr(record, "fields", {}).items())
        error = record.exc_info[1] if record.exc_info else None
        cause = "" if error is None else f": {type(error).__name__}: {error}{self._whereabouts(error)}"
        say(hide_opened(f"{kind}{record.getMessage()}{fields}{cause}").replace("\n", " "))

    def _whereabouts(self, error: BaseException) -> str:
        if not self._has_log:
            self._keep(hide_opened(_trace(error)))
        safe = "The state is safe: the same command goes on from there"
        if self._traces_in is None:
            return (
                f" - this is a bug in runner, and its details could not be written anywhere: --log-file FILE names a "
                f"place for them. {safe}"
            )
        return (
            f" - this is a bug in runner: report it with {self._traces_in}, which holds the details. {safe}"
        )

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
