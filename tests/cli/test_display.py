"""What `run` says where there is no terminal, and where nobody wants to hear of it."""

import contextlib
import io
import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runner.cli.display import can_have_panel, display
from runner.cli.edge import say
from runner.cli.root import Globals, root
from runner.core.glance import Glance
from runner.core.model import JobState
from runner.core.money import Credits, Price
from runner.core.pacing import Requests
from runner.core.plan import Books
from runner.core.records import Counts

QUICK = ("--sandbox", "--sandbox-options", "latency=0,two_files=0,task_fails=0.3,seed=4")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    manifest = {
        "version": 1,
        "name": "demo",
        "budget": {"credits": 4000},
        "prompts": [f"prompt {place}" for place in range(8)],
        "limits": {"requests_per_minute": 6000},
    }
    (tmp_path / "demo.yaml").write_text(json.dumps(manifest))
    return tmp_path


def run(*before: str, more: tuple[str, ...] = ()) -> Result:
    return CliRunner().invoke(root, [*before, "run", "demo.yaml", *QUICK, *more])


def jobs(state: str) -> int:
    listed = CliRunner().invoke(root, ["jobs", "demo", "--sandbox", "--state", state, "--json"])
    return len(listed.stdout.splitlines())


def test_off_a_terminal_an_event_of_note_is_a_line_and_a_completed_job_is_none(folder: Path) -> None:
    done = run()
    failed, made = jobs("failed"), jobs("done")
    lines = done.stderr.splitlines()
    assert (done.exit_code, failed > 0, made > 0) == (1, True, True)
    assert lines[0] == "demo: 8 jobs to submit"
    assert [line for line in lines if "completed" in line or "saved" in line] == []
    assert sum("  failed (" in line for line in lines) == failed
    assert f"  this run  {made} files" in done.stderr
    assert "runner retry demo --class service --sandbox" in done.stderr
    assert done.stdout.startswith(f"demo: 8 jobs: {made} done, {failed} failed")


def test_to_the_curious_each_job_has_its_lines(folder: Path) -> None:
    done = run("-v")
    assert sum("completed, 40 credits" in line for line in done.stderr.splitlines()) == jobs("done")


def test_whoever_wants_less_hears_the_end_alone(folder: Path) -> None:
    lines = run("-q").stderr.splitlines()
    assert (lines[0].startswith("  this run  "), [line for line in lines if "jobs to submit" in line]) == (
        True,
        [],
    )


def test_for_programs_stdout_has_events_alone_and_stderr_what_to_do(folder: Path) -> None:
    done = run(more=("--json",))
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (events[0], events[-1], set(events) >= {"submitted", "completed", "file"}) == (
        "started",
        "finished",
        True,
    )
    assert done.stderr.splitlines()[0].startswith("  failed  ")


def test_the_state_that_was_named_is_part_of_what_is_advised(folder: Path) -> None:
    done = run("--state", "sqlite:///other/runner.db")
    assert "runner --state sqlite:///other/runner.db retry demo --class service --sandbox" in done.stderr


def test_a_state_that_the_environment_names_need_not_be_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_STATE", "sqlite:///other/runner.db")
    assert "runner retry demo --class service --sandbox" in run().stderr


class Paper(io.StringIO):
    """A terminal that keeps every character."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def look() -> Glance:
    jobs = Counts(dict.fromkeys(JobState, 0), 0, 0)
    return Glance("demo", 1.0, jobs, 0, 0, Price(Credits(40), Decimal("0.40")), Books(), Requests(7, 0.0))


def test_while_there_is_a_panel_whatever_is_said_goes_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    paper, give_up_at = Paper(), time.monotonic() + 10.0
    with contextlib.redirect_stderr(paper):
        with display(Globals(None, 0, None, color=None), as_json=False) as shown:
            say("before")
            shown.watcher.show(look())
            while "demo" not in paper.getvalue():
                assert time.monotonic() < give_up_at
                time.sleep(0.005)
            say("a line")
        say("after")
    first, above, last = (
        paper.getvalue().index(text) for text in ("before\n", "a line\x1b[K\r\n", "after\n")
    )
    assert first < paper.getvalue().index("demo") < above < last


@pytest.mark.parametrize(("term", "can"), [("xterm", True), ("dumb", False), ("unknown", False), ("", False)])
def test_a_panel_needs_a_terminal_whose_cursor_moves(
    term: str, can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    assert (can_have_panel(Paper()), can_have_panel(io.StringIO())) == (can, False)
