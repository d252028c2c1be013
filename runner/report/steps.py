"""What is told about processing steps."""

from collections.abc import Sequence

from runner.core.counting import noun
from runner.core.processing import StepTrouble
from runner.core.records import StepCount
from runner.core.safe_text import for_terminal

_REASON_CHARS = 120


def step_line(count: StepCount) -> str:
    """What a step came to, for people."""
    failed = f", {count.failed:,} failed" if count.failed else ""
    waiting = f", {count.waiting:,} waiting" if count.waiting else ""
    return f"{count.label}: {count.made:,} made{failed}{waiting}"


def failure_note(count: StepCount, named: Sequence[tuple[str, StepTrouble, str]]) -> str:
    """That a step could make nothing of some files, the first of which are ``named``."""
    each = [f"{path}: {for_terminal(why, _REASON_CHARS)} ({trouble})" for path, trouble, why in named]
    more = count.failed - len(named)
    return (
        f"{count.label} made nothing of {count.failed:,} {noun(count.failed, 'file')}, and tries it again at the next run: "
        + "; ".join(each)
        + (f"; and {more:,} more" if more else "")
    )


def stopped_note(waiting: int, stopped: str | None, *, is_wanted: bool) -> str:
    """That steps are still to be carried out, so many of them over all files, and why."""
    because = f" ({for_terminal(stopped, _REASON_CHARS)})" if stopped is not None and is_wanted else ""
    return f"{waiting:,} {noun(waiting, 'step was', 'steps were')} not carried out{because}; the next run goes on with them"
