"""What a run tells while it goes on: one line a minute and one an event of note, or one JSON object an event."""

from collections.abc import Callable
from datetime import datetime

from runner.core.counting import noun
from runner.core.events import EventName, RunEvent
from runner.core.glance import Glance
from runner.core.safe_text import for_json, for_terminal
from runner.report import phrases

FAILURES_A_MINUTE = 10
"""Failures that have a line of their own; how many more there were is said once a minute."""

_QUIET = frozenset(
    {EventName.SUBMITTED, EventName.COMPLETED, EventName.FILE, EventName.STEP, EventName.FINISHED}
)
_FAILURES = frozenset({EventName.REFUSED, EventName.UNKNOWN, EventName.FAILED})
_PACE = frozenset({EventName.PAUSED, EventName.RESUMED})
_TOO_YOUNG_S = 1.0
_PAUSE_OF_NOTE_S = 30.0
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

    ``verbose`` adds a line for each submission, completed task and file, and for every failure. ``beside_panel``
    leaves out what a panel shows: the line a minute, and the waits.
    """

    def __init__(
        self, write: Callable[[str], None], *, verbose: bool = False, beside_panel: bool = False
    ) -> None:
        self._write = write
        self._quiet = frozenset() if verbose else (_QUIET | _PACE if beside_panel else _QUIET)
        self._failures_most = None if verbose else FAILURES_A_MINUTE
        self._beside_panel = beside_panel
        self._verbose = verbose
        self._is_pause_told = verbose
        self._failures = 0
        self._total = 0
        self._done = 0

    def __call__(self, event: RunEvent) -> None:
        """Show an event, if it is worth a line."""
        if event.name is EventName.STARTED:
            self._total = _number(event, "to_submit")
        if event.name is EventName.COMPLETED:
            self._done += 1
        if event.name in self._quiet or self._is_short_pause(event) or self._is_one_too_many(event):
            return
        self._write(self._line(event))

    def minute(self, glance: Glance) -> None:
        """Show where the run stands; to be called once a minute."""
        if glance.seconds >= _TOO_YOUNG_S and not self._beside_panel:
            self._write(line_of(glance))
        self.end_minute()

    def end_minute(self) -> None:
        """Say how many failures had no line of their own in the last minute, and begin another."""
        more, self._failures = self._failures - FAILURES_A_MINUTE, 0
        if more > 0 and self._failures_most is not None:
            self._write(
                f"and {more:,} more {noun(more, 'failure')} within a minute: `runner jobs` lists them"
            )

    def _is_short_pause(self, event: RunEvent) -> bool:
        was_told = self._is_pause_told
        if event.name is EventName.PAUSED:
            seconds = event.details.get("seconds", _PAUSE_OF_NOTE_S)
            is_long = isinstance(seconds, int | float) and seconds >= _PAUSE_OF_NOTE_S
            self._is_pause_told = self._verbose or is_long
            return not self._is_pause_told
        return event.name is EventName.RESUMED and not was_told

    def _is_one_too_many(self, event: RunEvent) -> bool:
        if event.name not in _FAILURES:
            return False
        self._failures += 1
        return self._failures_most is not None and self._failures > self._failures_most

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
                return f"refused{_class(event)}: {_text(event, 'error')}"
            case EventName.UNKNOWN:
                return f"outcome unknown, its credits stay reserved: {_text(event, 'error')}"
            case EventName.COMPLETED:
                return f"completed, {_text(event, 'credits')} credits ({self._done} in this run)"
            case EventName.FAILED:
                return f"failed{_class(event)}: {_text(event, 'error')} ({_text(event, 'credits')} credits)"
            case EventName.FILE:
                return f"saved {_text(event, 'path')} ({_text(event, 'bytes')} bytes)"
            case EventName.PAUSED | EventName.RESUMED:
                return _pace(event)
            case EventName.STOPPING:
                return _stopping(event)
            case EventName.PROCESSING | EventName.STEP:
                return _step(event)
            case EventName.FINISHED:
                return "finished"

    def _started(self, event: RunEvent) -> str:
        follow = _number(event, "to_follow")
        resumed = f", {follow} under way from before" if follow else ""
        return f"{_text(event, 'name')}: {self._total} {noun(self._total, 'job')} to submit{resumed}"


def line_of(glance: Glance) -> str:
    """Where a run stands, in one line."""
    waiting = phrases.waiting(glance.waiting)
    pieces = (
        phrases.done(glance.jobs),
        *phrases.states(glance.jobs),
        phrases.money(glance),
        phrases.rate(glance.per_minute),
        phrases.time_left(glance.left),
        None if waiting is None else f"waiting for {waiting}",
    )
    return f"{phrases.duration(glance.seconds)}: {', '.join(filter(None, pieces))}"


def _step(event: RunEvent) -> str:
    if event.name is EventName.PROCESSING:
        steps = _number(event, "waiting")
        return f"{steps:,} {noun(steps, 'step')} to carry out for the files, free of charge"
    if "error" in event.details:
        return f"{_text(event, 'step')} made nothing of {_text(event, 'path')}{_class(event)}: {_text(event, 'error')}"
    files = _number(event, "files")
    return f"{_text(event, 'step')} made {files} {noun(files, 'file')} of {_text(event, 'path')}"


def _pace(event: RunEvent) -> str:
    if event.name is EventName.RESUMED:
        return "going on"
    if "prompt_id" in event.details:
        return f"prompt {_text(event, 'prompt_id')} is paused: {_text(event, 'reason')}"
    return f"waiting {_text(event, 'seconds')} s for the service's rate limit"


def _stopping(event: RunEvent) -> str:
    if "task_id" in event.details:
        return f"task {_text(event, 'task_id')} is paid for and could not be recorded: keep this line ({_text(event, 'error')})"
    if "reason" in event.details:
        return f"nothing more is submitted: {_text(event, 'reason')}"
    number = _number(event, "in_the_air")
    if not number:
        return "stopping: no submission is in the air; again to stop at once"
    return f"stopping: waiting for {number} {noun(number, 'submission')} in the air; again to stop at once"


def _class(event: RunEvent) -> str:
    return f" ({_text(event, 'error_class')})" if "error_class" in event.details else ""


def _text(event: RunEvent, key: str) -> str:
    return for_terminal(str(event.details.get(key, "?")), _MESSAGE_CHARS)


def _number(event: RunEvent, key: str) -> int:
    value = event.details.get(key, 0)
    return value if isinstance(value, int) else 0
