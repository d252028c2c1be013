"""Fuzzing: some hundred inputs a target here, a quarter of a minute each with ``-m faults``; and the fuzzer's own test."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import fuzz
from .fuzz import FindingError, bounded

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("target", fuzz.NAMES)
def test_no_input_of_some_hundred_is_a_finding(target, capsys):
    assert (fuzz.main([target, "--examples", "200", "--engine", "hypothesis"]), capsys.readouterr().err) == (
        0,
        "",
    )


@pytest.mark.faults
def test_no_input_of_a_quarter_of_a_minute_is_a_finding():
    """All targets side by side, by atheris where it is installed; by hand it is a minute for each."""
    command = [sys.executable, "-m", "tests.security.fuzz", "--seconds", "15"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    running = {name: subprocess.Popen([*command, name], cwd=ROOT, **streams) for name in fuzz.NAMES}
    said = {name: process.communicate(timeout=120)[0][-2000:] for name, process in running.items()}
    ends = {name: process.returncode for name, process in running.items()}
    assert ends == dict.fromkeys(fuzz.NAMES, 0), said


def wait(_data):
    until = time.process_time() + 1.1
    while time.process_time() < until:
        pass


def grow(_data):
    return len(b"x" * (fuzz._peak_bytes() + 150_000_000))


def break_off(_data):
    raise KeyError("odd")


@pytest.mark.parametrize(
    ("target", "found"), [(wait, "takes 1."), (grow, "MB"), (break_off, "KeyError: 'odd'")]
)
def test_an_input_that_is_slow_large_or_raises_is_a_finding(target, found):
    with pytest.raises(FindingError, match=found):
        bounded(target)(b"x")


def test_an_input_that_was_found_can_be_replayed(tmp_path):
    (tmp_path / "input").write_bytes(b"\x00\x00\x00\x08ftyp")
    assert fuzz.main(["--replay", str(tmp_path / "input"), "video"]) == 0


def test_around_an_input_lie_the_same_others_every_time():
    around = [list(fuzz.spoilt(data)) for data in (b"", b"version: 1\n", b"version: 1\n")]
    assert ([len(found) for found in around], around[1] == around[2]) == ([fuzz.AROUND] * 3, True)
    assert (len(set(around[1])) > fuzz.AROUND // 2, b"version: 1\n" not in around[0]) == (True, True)
