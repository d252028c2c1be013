"""What is told about the pictures in a batch's videos."""

from collections.abc import Sequence

from runner.core.counting import noun
from runner.core.picture import OtherRatio
from runner.core.safe_text import for_terminal

NAMED = 3
"""How many files are named in a note; the others are counted."""

_REASON_CHARS = 120


def other_ratio_note(named: Sequence[OtherRatio], files: int) -> str:
    """That ``files`` have another ratio than was asked for, the first of which are ``named``."""
    each = [f"{one.path} is {one.width}x{one.height}, asked for {one.asked}" for one in named[:NAMED]]
    return (
        f"{files:,} {noun(files, 'video has', 'videos have')} another ratio than was asked for, and "
        f"{noun(files, 'is', 'are')} paid for and kept: {_listed(each, files)}"
    )


def unreadable_note(named: Sequence[tuple[str, str]], files: int) -> str:
    """That ``files`` hold no picture that can be decoded, the first of which are ``named`` with the reason."""
    each = [f"{path}: {for_terminal(reason, _REASON_CHARS)}" for path, reason in named[:NAMED]]
    return f"{files:,} {noun(files, 'file holds', 'files hold')} no picture that can be decoded here: {_listed(each, files)}"


def _listed(each: Sequence[str], files: int) -> str:
    more = files - len(each)
    return "; ".join(each) + (f"; and {more:,} more" if more else "")
