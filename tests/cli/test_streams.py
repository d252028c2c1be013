"""Streams that cannot take what is said: full, closed, gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = "version: 1\nname: spring\nbudget: {credits: 400}\nprompts: [a lake]\n"


def ask(folder: Path, redirected: str, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "m.yaml").write_text(MANIFEST)
    command = ["sh", "-c", f'"$@" {redirected}', "sh", sys.executable, "-m", "runner", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("plan", "m.yaml"), ("plan", "m.yaml", "--json")])
def test_a_result_that_a_full_disk_does_not_take_is_told_and_is_no_bug(words, tmp_path):
    done = ask(tmp_path, ">/dev/full", *words)
    assert (done.returncode, "No space left on device" in done.stderr, "bug" in done.stderr) == (
        2,
        True,
        False,
    )


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("<&- >&- 2>&-", 0)])
def test_closed_streams_end_no_command_and_no_file_of_ours_takes_their_place(closed, code, tmp_path):
    done = ask(tmp_path, closed, "run", "m.yaml", "--sandbox", "--sandbox-options", "latency=0,two_files=0")
    files = list((tmp_path / "outputs" / "sandbox" / "spring").rglob("*.mp4"))
    assert (done.returncode, len(files), "Traceback" in done.stderr) == (code, 1, False)


def test_a_refusal_with_a_closed_stderr_does_not_turn_up_on_stdout(tmp_path):
    done = ask(tmp_path, "2>&-", "status", "none")
    assert (done.returncode, done.stdout) == (2, "")
