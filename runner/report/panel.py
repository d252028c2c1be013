"""The live panel: a look at a run and a width become lines of at most that width. Nothing here knows a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group
from rich.text import Text

from runner.core.glance import Failure, Glance
from runner.core.model import JobState
from runner.core.safe_text import for_terminal
from runner.report import phrases

KEYS = "Ctrl-C: stop cleanly; again: stop at once"
_FAILURES_SHOWN = 3
_BAR_MOST = (
    24  # with what stands beside it, lines stay short: a terminal that is made narrower wraps long ones
)
_LABEL_CHARS = 8
_JOB_ID_CHARS = 12


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What bars and separators are drawn with."""

    full: str
    held: str
    rest: str
    dot: str
    rule: str


LINES = Glyphs("█", "▒", "░", " · ", "─")
ASCII = Glyphs("#", "=", ".", ", ", "-")
"""For terminals whose encoding has nothing else."""


def panel(glance: Glance, width: int, glyphs: Glyphs = LINES) -> Group:
    """What is shown of the run, in lines of at most ``width`` columns (1 or more); what is longer is cut, not wrapped."""
    lines = [_title(glance, glyphs)]
    for label, text in _rows(glance, width - _LABEL_CHARS - 1, glyphs):
        lines.append(Text().append(label.ljust(_LABEL_CHARS + 1), style="bold").append_text(text))
    lines.append(Text(KEYS, style="dim"))
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="crop")
    return Group(*lines)


def _title(glance: Glance, glyphs: Glyphs) -> Text:
    rule = glyphs.rule * 2
    return Text(f"{rule} {glance.batch} {rule} {phrases.duration(glance.seconds)} {rule}", style="bold cyan")


def _rows(glance: Glance, width: int, glyphs: Glyphs) -> Iterator[tuple[str, Text]]:
    yield "jobs", _jobs_bar(glance, width, glyphs)
    for line in _folded(phrases.states(glance.jobs), width, glyphs.dot):
        yield "", Text(line)
    yield "credits", _money_bar(glance, width, glyphs)
    yield "", Text(phrases.money(glance))
    pace = (phrases.rate(glance.per_minute), phrases.time_left(glance.left))
    if known := glyphs.dot.join(filter(None, pace)):
        yield "pace", Text(known)
    yield "requests", Text(phrases.requests(glance.requests))
    yield "files", Text(phrases.transfers(glance.transfers))
    if (waiting := phrases.waiting(glance.waiting)) is not None:
        yield "waiting", Text(f"for {waiting}", style="yellow")
    for failure in glance.failures[-_FAILURES_SHOWN:]:
        yield "trouble", _failure(failure)


def _jobs_bar(glance: Glance, width: int, glyphs: Glyphs) -> Text:
    total, done = glance.jobs.total, glance.jobs.by_state[JobState.DONE]
    wrong = glance.jobs.by_state[JobState.FAILED] + glance.jobs.by_state[JobState.UNKNOWN]
    bar = _bar(((done, "green", glyphs.full), (wrong, "red", glyphs.held)), total, width, glyphs)
    share = f" ({100 * done // total} %)" if total else ""
    return bar.append(f" {phrases.done(glance.jobs)}{share}", style="default")


def _money_bar(glance: Glance, width: int, glyphs: Glyphs) -> Text:
    books = glance.books
    spent = f"${glance.price.usd_of(books.spent):,.2f}"
    if books.budget is None:
        return Text(f"{spent} spent, no budget")
    bar = _bar(
        ((books.spent, "green", glyphs.full), (books.reserved, "yellow", glyphs.held)),
        books.budget,
        width,
        glyphs,
    )
    return bar.append(f" {spent} of ${glance.price.usd_of(books.budget):,.2f}", style="default")


def _bar(parts: tuple[tuple[int, str, str], ...], of: int, width: int, glyphs: Glyphs) -> Text:
    """The parts' shares of a whole, one behind the other; what is above the whole is cut off."""
    cells = max(0, min(_BAR_MOST, width // 3))
    bar, used, so_far = Text(), 0, 0
    for amount, style, glyph in parts:
        so_far += amount
        end = min(cells, cells * so_far // of) if of else 0
        bar.append(glyph * (end - used), style=style)
        used = end
    return bar.append(glyphs.rest * (cells - used), style="dim")


def _folded(pieces: list[str], width: int, dot: str) -> list[str]:
    """The pieces in as few lines as hold them, in order."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + len(dot) + len(piece) <= width:
            lines[-1] += dot + piece
        else:
            lines.append(piece)
    return lines


def _failure(failure: Failure) -> Text:
    kind = "overdue" if failure.error_class is None else failure.error_class.value
    head = f"{failure.job_id[:_JOB_ID_CHARS]} {kind}  "
    return Text(head, style="red").append(for_terminal(failure.error, 200), style="default")
