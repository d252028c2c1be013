"""What a run tells while it goes on: one line an event of note, or one JSON object a line."""

from collections.abc import Callable
from datetime import datetime

from runner.core.events import EventName, RunEvent
from runner.core.safe_text import for_json, for_terminal

_QUIET = frozenset({EventName.SUBMITTED, EventName.FILE, EventName.FINISHED})
_MESSAGE_CHARS = 200


def json_line(event: RunEvent, at: datetime) -> str:
    """An event as ``run --json`` writes it."""
    head: dict[str, object] = {"event": event.name.value, "at": at.isoformat(timespec="milliseconds")}
    if event.job_id is not None:
        head["job_id"] = event.job_id
    return for_json(head | dict(event.details))


def names_a_lost_task(event: RunEvent) -> bool:
    """Whether a paid task could not be recorded: a person must see its id, whatever was asked to be quiet."""
    return event.name is EventName.STOPPING and "task_id" in event.details


class Lines:
    """Progress for people, through ``write`` (one line at a time, without its end).

    ``verbose`` adds a line for each submission and file.
    """

    def __init__(self, write: Callable[[str], None], *, verbose: bool = False) -> None:
        self._write = write
        self._verbose = verbose
        self._total = 0
        self._done = 0

    def __call__(self, event: RunEvent) -> None:
        """Show an event, if it is worth a line."""
        if event.name is EventName.STARTED:
            self._total = _number(event, "to_submit")
        if event.name is EventName.COMPLETED:
            self._done += 1
        if event.name in _QUIET and not self._verbose:
            return
        self._write(self._line(event))

    def _line(self, event: RunEvent) -> str:
        text = self._text_of(event)
        return f"{event.job_id[:12]}  {text}" if event.job_id else text

    def _text_of(self, event: RunEvent) -> str:
        match event.name:
            case EventName.STARTED:
                return self._started(event)
            case EventName.SUBMITTED:
                return f"submitted as {_text(event, 'task_id')}"
            case EventName.REFUSED:
                return f"refused: {_text(event, 'error')}"
            case EventName.UNKNOWN:
                return f"outcome unknown, its credits stay reserved: {_text(event, 'error')}"
            case EventName.COMPLETED:
                return f"completed, {_text(event, 'credits')} credits ({self._done} in this run)"
            case EventName.FAILED:
                return f"failed: {_text(event, 'error')} ({_text(event, 'credits')} credits)"
            case EventName.FILE:
                return f"saved {_text(event, 'path')} ({_text(event, 'bytes')} bytes)"
            case EventName.PAUSED:
                return _paused(event)
            case EventName.RESUMED:
                return "going on"
            case EventName.STOPPING:
                return _stopping(event)
            case EventName.FINISHED:
                return "finished"

    def _started(self, event: RunEvent) -> str:
        follow = _number(event, "to_follow")
        resumed = f", {follow} under way from before" if follow else ""
        return f"{_text(event, 'name')}: {self._total} jobs to submit{resumed}"


def _paused(event: RunEvent) -> str:
    if "prompt_id" in event.details:
        return f"prompt {_text(event, 'prompt_id')} is paused: {_text(event, 'reason')}"
    return f"waiting {_text(event, 'seconds')} s for the service's rate limit"


def _stopping(event: RunEvent) -> str:
    if "task_id" in event.details:
        return f"task {_text(event, 'task_id')} is paid for and could not be recorded: keep this line ({_text(event, 'error')})"
    if "reason" in event.details:
        return f"nothing more is submitted: {_text(event, 'reason')}"
    return f"stopping: waiting for {_text(event, 'in_the_air')} submissions in the air; again to stop at once"


def _text(event: RunEvent, key: str) -> str:
    return for_terminal(str(event.details.get(key, "?")), _MESSAGE_CHARS)


def _number(event: RunEvent, key: str) -> int:
    value = event.details.get(key, 0)
    return value if isinstance(value, int) else 0
