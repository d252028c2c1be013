"""The documented API is the one that there is, and its example runs."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import runner

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "api_example.py"
REFERENCE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_example_runs_against_the_sandbox_without_a_token(tmp_path):
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLE)],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "4 jobs, 160 credits, 200 left, fits: True" in lines
    assert "spent 160 of 200" in lines
    assert any("4 jobs need 160 credits, the budget leaves 40: 1 fit" in line for line in lines)
    assert lines[-5:] == ["cancelled: True", "8 done, exit code 0", "started", "finished", "exit code 0"]
    rows = (tmp_path / "outputs" / "sandbox" / "boats" / "metadata.jsonl").read_text().splitlines()
    assert len({json.loads(row)["job_id"] for row in rows}) == 8


def test_the_example_is_made_of_cells():
    cells = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.startswith("# %%")]
    assert (len(cells) >= 6, all(len(cell) > 10 for cell in cells)) == (True, True)


def test_the_example_passes_the_strict_type_checker():
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(EXAMPLE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_name_and_every_option_is_described():
    text = re.sub(r"^```.*?^```$", "", REFERENCE, flags=re.MULTILINE | re.DOTALL)
    described = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", text))))
    offered = {name for name in runner.__all__ if not name.startswith("_")}
    options = {*runner.PlanOptions.__annotations__, *runner.RunOptions.__annotations__}
    assert (offered | options) - described == set()
    of_runs = runner.RunOptions.__doc__ + runner.PlanOptions.__doc__
    assert [name for name in options if name not in of_runs] == []


def test_what_the_reference_shows_is_python():
    for text in re.findall(r"^```python\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL):
        names = [
            alias.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        assert names
        assert set(names) <= set(runner.__all__)
