"""What a plan looks like: coloured on a terminal, the same text without colour anywhere else."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import runner
from runner.cli.root import root

CODE = Path(runner.__file__).parents[1]
STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    manifest = {"version": 1, "name": "demo", "budget": {"credits": 4000}, "prompts": ["a fox", "an owl"]}
    (tmp_path / "demo.yaml").write_text(json.dumps(manifest))
    return tmp_path


def call(*arguments: str, color: bool = False) -> Result:
    return CliRunner().invoke(root, list(arguments), color=color)


def on_a_terminal(desk: Path, *arguments: str, **variables: str) -> str:
    """What the program writes to a real terminal."""
    master, slave = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(desk), "PYTHONPATH": str(CODE), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        cwd=desk,
        env=environment | variables,
        stdout=slave,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ) as process:
        os.close(slave)
        written = b""
        try:
            while block := os.read(master, 4096):
                written += block
        except OSError:  # Linux: the other end is closed
            pass
        finally:
            os.close(master)
        assert process.wait(timeout=30) == 0
    return written.decode().replace("\r\n", "\n")


def test_on_a_terminal_the_diff_is_coloured_and_nothing_else(desk):
    shown = on_a_terminal(desk, "plan", "demo.yaml")
    assert shown.splitlines()[1] == "  \x1b[32m+ 2 new\x1b[0m  = 0 done"
    assert [line for line in shown.splitlines() if STYLE.search(line)] == [shown.splitlines()[1]]
    assert STYLE.sub("", shown) == call("plan", "demo.yaml").stdout


def test_a_hostile_name_is_text_on_a_coloured_terminal_as_well(desk):
    name = "m\x1b[31m\n  + 9 new\u202e.yaml"
    (desk / "demo.yaml").rename(desk / name)
    shown = on_a_terminal(desk, "plan", name).splitlines()
    assert shown[0] == r"batch demo (m\x1b[31m\x0a  + 9 new\u202e.yaml)"
    assert [line for line in shown if STYLE.search(line)] == ["  \x1b[32m+ 2 new\x1b[0m  = 0 done"]


@pytest.mark.parametrize(
    ("options", "variables"), [((), {"NO_COLOR": "1"}), (("--no-color",), {})], ids=["NO_COLOR", "--no-color"]
)
def test_whoever_wants_no_colour_gets_the_same_text_without(desk, options, variables):
    assert on_a_terminal(desk, *options, "plan", "demo.yaml", **variables) == call("plan", "demo.yaml").stdout


def test_what_is_no_terminal_gets_no_colour_unless_it_is_asked_for(desk):
    assert not STYLE.search(call("plan", "demo.yaml").stdout)
    assert STYLE.search(call("--color", "plan", "demo.yaml", color=True).stdout)


def test_the_plan_for_programs_is_the_same_whether_it_is_saved_or_not(desk):
    shown = call("plan", "demo.yaml", "--json")
    saved = call("plan", "demo.yaml", "--json", "-o", "plan.json")
    assert (saved.exit_code, saved.stdout) == (0, shown.stdout)
    assert json.loads((desk / "plan.json").read_text())["spends"]["jobs"] == 2


def test_examples_are_as_many_as_were_asked_for(desk):
    assert [call("plan", "demo.yaml", "--show", n).stdout.count("take-01") for n in ("0", "1", "9")] == [
        0,
        1,
        2,
    ]


def test_what_is_learned_of_the_service_is_used_for_the_time(desk):
    assert "time      not known yet" in call("plan", "demo.yaml", "--sandbox").stdout
    ran = call(
        "run", "demo.yaml", "--sandbox", "--limit", "1", "--sandbox-options", "latency=0.2,two_files=0"
    )
    assert ran.exit_code == 0
    assert re.search(r"\n  time      likely \d+ s", call("plan", "demo.yaml", "--sandbox").stdout)
    assert "time      not known yet" in call("plan", "demo.yaml").stdout
