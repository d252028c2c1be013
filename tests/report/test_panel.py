"""The live panel as text: what stands where, at any width."""

import io
from dataclasses import replace

import pytest
from report_support import ESCAPES, acts, counts_of, glance_of
from rich.cells import cell_len
from rich.console import Console

from runner.core.glance import Cause, Failure, Transfers, Waiting
from runner.core.money import Credits
from runner.core.outcomes import ErrorClass
from runner.core.pacing import Requests
from runner.core.plan import Books
from runner.report.panel import ASCII, LINES, panel

AT_80 = """\
── spring ── 12 min ──
jobs     █████████████░░░░░░░░░░ 1,204 of 2,001 done (60 %)
         780 pending · 10 running · 4 fetching · 2 failed · 1 unknown
         1 overdue
credits  █████████████▒░░░░░░░░░ $481.60 of $800.00
         48,160 spent, 560 reserved (40 unknown), 31,280 left of 80,000
pace     8.2 jobs a minute · 83 to 118 min left
requests 88 left in this window, more in 41 s
files    1,204 saved (9.2 GB), 3 coming at 4.2 MB/s
waiting  for rate limit, 12 s
trouble  0123456789ab moderation  the prompt was refused
trouble  1123456789ab overdue  not finished within its deadline
Ctrl-C: stop cleanly; again: stop at once
"""
AT_120 = """\
── spring ── 12 min ──
jobs     ██████████████░░░░░░░░░░ 1,204 of 2,001 done (60 %)
         780 pending · 10 running · 4 fetching · 2 failed · 1 unknown · 1 overdue
credits  ██████████████░░░░░░░░░░ $481.60 of $800.00
         48,160 spent, 560 reserved (40 unknown), 31,280 left of 80,000
pace     8.2 jobs a minute · 83 to 118 min left
requests 88 left in this window, more in 41 s
files    1,204 saved (9.2 GB), 3 coming at 4.2 MB/s
waiting  for rate limit, 12 s
trouble  0123456789ab moderation  the prompt was refused
trouble  1123456789ab overdue  not finished within its deadline
Ctrl-C: stop cleanly; again: stop at once
"""
AT_THE_START = """\
-- spring -- 0 s --
jobs     ................. 0 of 3 done (0 %)
         3 pending
credits  $0.00 spent, no budget
         0 spent, 0 reserved, no budget
requests 120 left in this window
files    0 saved (0.0 kB)
Ctrl-C: stop cleanly; again: stop at once
"""
FRESH = glance_of(
    seconds=0.0,
    jobs=counts_of(pending=3),
    books=Books(),
    requests=Requests(120, 0.0),
    waiting=None,
    transfers=Transfers(),
    failures=(),
    per_minute=None,
    left=None,
)


def drawn(glance, width, glyphs=LINES, **options):
    told = io.StringIO()
    Console(file=told, width=width, highlight=False, **({"color_system": None} | options)).print(
        panel(glance, width, glyphs)
    )
    return told.getvalue()


def test_a_panel_of_80_columns():
    assert drawn(glance_of(), 80) == AT_80


def test_a_panel_of_120_columns():
    assert drawn(glance_of(), 120) == AT_120


def test_before_there_is_evidence_nothing_is_said_of_rate_and_time():
    assert drawn(FRESH, 60, ASCII) == AT_THE_START


def test_what_is_reserved_has_its_part_of_the_bar():
    books = Books(Credits(400), Credits(400), Credits(0), Credits(1000))
    line = drawn(glance_of(books=books), 80).splitlines()[4]
    assert line == "credits  " + "█" * 9 + "▒" * 9 + "░" * 5 + " $4.00 of $10.00"


def test_a_bar_does_not_grow_past_its_end_where_more_was_charged_than_allowed():
    books = Books(Credits(1200), Credits(400), Credits(0), Credits(1000))
    line = drawn(glance_of(books=books), 80).splitlines()[4]
    assert line == "credits  " + "█" * 23 + " $12.00 of $10.00"


def test_a_budget_of_nothing_and_a_batch_of_nothing_have_empty_bars():
    glance = glance_of(jobs=counts_of(), books=Books(budget=Credits(0)))
    lines = drawn(glance, 80).splitlines()
    assert [line for line in lines if "░" in line] == [
        "jobs     " + "░" * 23 + " 0 of 0 done",
        "credits  " + "░" * 23 + " $0.00 of $0.00",
    ]


@pytest.mark.parametrize("width", [1, 2, 9, 20, 40, 79, 80, 120, 250])
@pytest.mark.parametrize("glyphs", [LINES, ASCII], ids=["lines", "ascii"])
def test_no_line_is_wider_than_the_terminal_and_none_is_wrapped(width, glyphs):
    long = Failure("0" * 24, "日本の狐 " * 200, ErrorClass.SERVICE)
    glance = glance_of(failures=(long,) * 5)
    lines = drawn(glance, width, glyphs).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert width < 40 or len(lines) <= 15


def test_a_million_jobs_take_no_more_room_than_ten():
    many = counts_of(
        done=412_345, pending=580_000, running=1_000, fetching=655, failed=5_000, unknown=1_000, overdue=12
    )
    assert len(drawn(glance_of(jobs=many), 80).splitlines()) == len(AT_80.splitlines())


def test_the_newest_three_troubles_are_shown():
    failures = tuple(Failure(f"{n:024x}", f"error {n}", ErrorClass.SERVICE) for n in range(5))
    shown = [line for line in drawn(glance_of(failures=failures), 80).splitlines() if "trouble" in line]
    assert [line[-7:] for line in shown] == ["error 2", "error 3", "error 4"]


def test_nothing_that_a_service_says_acts_on_the_terminal_or_is_markup():
    failure = Failure("0" * 24, f"[red]{ESCAPES}:smile:", ErrorClass.SERVICE)
    text = drawn(glance_of(failures=(failure,)), 200)
    assert (acts(text), "[red]\\x1b[31m" in text, ":smile:" in text) == (False, True, True)


def test_without_colours_there_are_none():
    colours = ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1;36m")
    options = {"force_terminal": True, "color_system": "standard"}
    coloured = drawn(glance_of(), 80, **options)
    plain = drawn(glance_of(), 80, no_color=True, **options)
    assert [each in coloured for each in colours] == [True] * 4
    assert [each in plain for each in colours] == [False] * 4


@pytest.mark.parametrize("cause", Cause)
def test_what_it_waits_for_fits_80_columns(cause):
    waiting = Waiting(cause, seconds=340.0, number=10)
    (line,) = (
        line
        for line in drawn(replace(glance_of(), waiting=waiting), 80).splitlines()
        if line.startswith("waiting")
    )
    assert len(line) < 80
