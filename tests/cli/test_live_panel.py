"""The panel in a real terminal: started, resized, interrupted, resumed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tmux import PROMPT, Terminal, terminal

from tests.faults.needs import needs

pytestmark = needs("tmux")

TITLE, KEYS = "── demo ──", "Ctrl-C: stop cleanly"
COLOUR = r"\x1b\[3[0-7]m"
SLOW = "--sandbox --sandbox-options latency=1.5,two_files=0,seed=4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    manifest = {
        "version": 1,
        "name": "demo",
        "budget": {"credits": 4000},
        "prompts": [{"id": f"p{place}", "text": f"prompt {place}"} for place in range(24)],
        "limits": {"requests_per_minute": 6000, "in_flight": 4, "canary": False},
    }
    (tmp_path / "demo.yaml").write_text(json.dumps(manifest))
    return tmp_path


def starts(shown: Terminal, options: str = SLOW) -> None:
    """Below other output, as it mostly is."""
    shown.types(f'seq 40; runner run demo.yaml {options}; echo "exit $?"')


def seconds_in(text: str) -> int:
    """The age of the run that a panel shows; -1 without one."""
    titles = [line for line in text.splitlines() if line.startswith(TITLE)]
    return int(titles[-1].removeprefix(TITLE).split()[0]) if titles else -1


def is_drawn(after_s: int = -1, done: int = 0) -> Callable[[str], bool]:
    """A whole panel is there, drawn after that age of the run, and so many jobs are done."""

    def holds(text: str) -> bool:
        finished = [
            int(line.split(" of 24 done")[0].split()[-1])
            for line in text.splitlines()
            if " of 24 done" in line
        ]
        return seconds_in(text) > after_s and KEYS in text and bool(finished) and finished[-1] >= done

    return holds


def panels_in(text: str) -> tuple[int, int]:
    """How many first and last lines of panels there are."""
    lines = text.splitlines()
    return sum(line.startswith(TITLE) for line in lines), sum(line.startswith(KEYS) for line in lines)


def test_a_run_is_started_resized_interrupted_and_resumed(folder: Path) -> None:
    with terminal(folder) as shown:
        starts(shown)
        lines = shown.until(is_drawn(done=1)).splitlines()
        labels = ("demo: 24 jobs to submit", TITLE, "jobs  ", "credits", "requests", "files", "waiting", KEYS)
        assert [label for label in labels if not any(line.startswith(label) for line in lines)] == []

        for columns, rows in ((50, 20), (120, 30), (40, 8), (80, 24)):
            before_s = seconds_in(shown.screen())
            shown.resize(columns, rows)
            is_whole = rows > 12  # else the panel is cut to what fits
            shown.until(is_drawn(before_s) if is_whole else lambda text, at=before_s: seconds_in(text) > at)
            assert panels_in(shown.everything()) == (1, int(is_whole))
        shown.presses("Enter", "x", "Enter")
        shown.until(is_drawn(seconds_in(shown.screen()), done=4))
        assert panels_in(shown.everything()) == (1, 1)

        shown.presses("C-c")
        assert shown.until_it_ends() == 130
        text = shown.everything()
        assert panels_in(text) == (0, 0)
        (advised,) = (line.strip() for line in text.splitlines() if "  runner run demo.yaml" in line)
        assert ("to go on:" in text, "  this run  " in text) == (True, True)

        shown.types(f'clear; {advised}; echo "exit $?"')
        shown.until(is_drawn())
        assert shown.until_it_ends() == 0
        text = shown.screen()
        assert ("demo: 24 jobs: 24 done" in text, panels_in(text), "to do" in text) == (True, (0, 0), False)


def test_failures_scroll_by_above_the_panel_and_end_in_advice(folder: Path) -> None:
    with terminal(folder) as shown:
        starts(shown, "--sandbox --sandbox-options latency=0.8,two_files=0,task_fails=25%,seed=4")
        text = shown.until(lambda text: "failed (" in text and KEYS in text and "trouble" in text)
        lines = text.splitlines()
        first_failure = next(place for place, line in enumerate(lines) if "failed (" in line)
        title = next(place for place, line in enumerate(lines) if line.startswith(TITLE))
        assert first_failure < title < next(n for n, line in enumerate(lines) if line.startswith("trouble"))
        assert shown.until_it_ends() == 1
        text = shown.everything()
        assert (panels_in(text), "runner retry demo --class" in text) == ((0, 0), True)


def test_a_second_ctrl_c_leaves_a_terminal_that_can_be_used(folder: Path) -> None:
    with terminal(folder) as shown:
        starts(shown, "--sandbox --sandbox-options answer_delay=30,two_files=0")
        shown.until(is_drawn())
        shown.until(lambda text: "4 submitting" in text)
        shown.presses("C-c")
        shown.until(lambda text: "4 submissions in the air" in text)
        shown.presses("C-c")
        assert shown.until_it_ends() == 130
        assert panels_in(shown.everything()) == (0, 0)
        shown.types("stty -a | tr ';' '\\n' | grep -c ' echo '")
        assert PROMPT.strip() in shown.until(lambda text: "\n1\n" in text)


@pytest.mark.parametrize("how", ["--no-color", "NO_COLOR=1"])
def test_without_colours_the_panel_has_none(folder: Path, how: str) -> None:
    with terminal(folder) as shown:
        option = how if how.startswith("--") else ""
        variable = "" if option else how
        shown.types(f"{variable} runner {option} run demo.yaml {SLOW}")
        shown.until(is_drawn(done=1))
        assert re.findall(COLOUR, shown.screen(coloured=True)) == []
    with terminal(folder) as shown:
        shown.types(f"runner run demo.yaml {SLOW}")
        shown.until(is_drawn(done=1))
        assert re.findall(COLOUR, shown.screen(coloured=True)) != []


def test_a_terminal_without_a_cursor_gets_lines(folder: Path) -> None:
    with terminal(folder, TERM="dumb") as shown:
        starts(shown)
        shown.until(lambda _: any((folder / "outputs").rglob("*.mp4")))
        shown.presses("C-c")
        text = shown.until(lambda text: "stopping: " in text)
        assert ("demo: 24 jobs to submit" in text, TITLE in text, KEYS in text) == (True, False, False)


def test_where_the_encoding_has_no_blocks_bars_are_drawn_in_ascii(folder: Path) -> None:
    with terminal(folder, LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") as shown:
        shown.types(f"runner run demo.yaml {SLOW}")
        text = shown.until(lambda text: "-- demo --" in text and KEYS in text)
        assert ("...." in text, "█" in text, "\\u25" in text) == (True, False, False)
