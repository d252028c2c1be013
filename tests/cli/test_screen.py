"""The lower end of a terminal: what is written to it, and in which order."""

import io
import threading
import time

import pytest

from runner.cli.screen import Screen, framed

FRAME = ["one", "two", "three"]
DRAWN = "\r\x1b[?7lone\x1b[K\r\ntwo\x1b[K\r\nthree\x1b[K\x1b[J\x1b[2A\r\x1b[?7h"


class Broken(io.StringIO):
    """A terminal that is gone."""

    def write(self, _text):
        raise OSError("gone")


class Held(io.StringIO):
    """A terminal that takes nothing until it is released (Ctrl-S)."""

    def __init__(self):
        super().__init__()
        self.released = threading.Event()

    def write(self, text):
        self.released.wait(20.0)
        return super().write(text)


def until(holds):
    give_up_at = time.monotonic() + 10.0
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come to pass"
        time.sleep(0.005)


def test_a_frame_is_written_over_itself_and_the_cursor_returns_to_its_beginning():
    assert framed(FRAME) == DRAWN


def test_a_frame_of_one_line_moves_no_cursor_and_an_empty_one_is_nothing():
    assert [framed(["one"]), framed([])] == ["\r\x1b[?7lone\x1b[K\x1b[J\r\x1b[?7h", ""]


def test_nothing_is_cleared_before_it_is_written_again():
    assert framed(FRAME).index("\x1b[J") > framed(FRAME).index("three")


def test_a_frame_that_stays_the_same_is_written_once_and_taken_away_at_the_end():
    stream, drawn = io.StringIO(), []

    def draw(width):
        drawn.append(width)
        return FRAME

    screen = Screen(stream, draw)
    until(lambda: len(drawn) >= 3)
    screen.close()
    assert (stream.getvalue(), set(drawn)) == (DRAWN + "\x1b[J", {79})


def test_lines_go_above_the_frame_and_the_frame_is_written_again():
    stream = io.StringIO()
    screen = Screen(stream, lambda _width: FRAME)
    until(stream.getvalue)
    screen.print_above("a failure\nanother")
    until(lambda: "another" in stream.getvalue())
    screen.close()
    assert stream.getvalue() == f"{DRAWN}a failure\x1b[K\r\nanother\x1b[K\r\n{DRAWN}\x1b[J"


def test_what_is_written_above_does_not_act_on_the_terminal():
    stream = io.StringIO()
    screen = Screen(stream, lambda _width: [])
    screen.print_above("\x1b[2Jred\x07")
    screen.close()
    assert stream.getvalue() == "\\x1b[2Jred\\x07\x1b[K\r\n"


def test_what_is_said_last_is_written_before_it_closes():
    stream = io.StringIO()
    screen = Screen(stream, lambda _width: [])
    for number in range(1000):
        screen.print_above(f"line {number}")
    screen.close()
    assert stream.getvalue().count("\r\n") == 1000


def test_a_frame_leaves_a_row_free_however_few_there_are():
    stream = io.StringIO()
    screen = Screen(stream, lambda _width: [f"line {number}" for number in range(100)])
    until(stream.getvalue)
    screen.close()
    assert ("line 22" in stream.getvalue(), "line 23" in stream.getvalue()) == (True, False)


def test_a_terminal_that_is_gone_ends_nothing():
    screen = Screen(Broken(), lambda _width: FRAME)
    screen.print_above("a line")
    screen.close()


def test_a_terminal_that_is_held_holds_nobody_up():
    held = Held()
    screen = Screen(held, lambda _width: FRAME)
    began = time.monotonic()
    screen.print_above("a line")
    screen.leave()
    took_s = time.monotonic() - began
    held.released.set()
    screen.close()
    assert (took_s < 5.0, "a line" in held.getvalue()) == (True, True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_lines_are_not_lost_where_the_frame_cannot_be_drawn():
    stream = io.StringIO()

    def draw(_width):
        raise ZeroDivisionError

    screen = Screen(stream, draw)
    screen.print_above("task t0 is paid for")
    screen._thread.join(10.0)
    screen.print_above("task t1 is paid for")
    assert [f"task t{number}" in stream.getvalue() for number in range(2)] == [True] * 2
    screen.close()
