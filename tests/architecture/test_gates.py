"""The gates that are tools: each is a test, so that one command says whether the tree is in order."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GATES = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "import-linter": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
}


@pytest.mark.parametrize("gate", GATES)
def test_the_tree_passes(gate: str) -> None:
    done = subprocess.run(
        [sys.executable, *GATES[gate]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, f"{gate}:\n{done.stdout}{done.stderr}"
