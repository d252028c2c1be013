"""What the commands that are asked most often do not import: they have no use for it."""

import subprocess
import sys

import pytest

_ASK = """
import sys
from runner.cli.edge import run
code = run({words!r})
found = [name for name in {unwanted!r} if name in sys.modules]
print(found, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("word", "unwanted"),
    [
        ("--help", ["aiohttp", "asyncio", "pydantic", "rich", "sqlalchemy", "yaml", "runner.manifest"]),
        ("status", ["aiohttp", "pydantic", "rich", "yaml", "runner.manifest", "runner.engine.run"]),
    ],
)
def test_a_command_imports_nothing_that_it_does_not_use(word, unwanted, tmp_path):
    code = _ASK.format(words=[word], unwanted=unwanted)
    asked = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (asked.returncode, asked.stderr.splitlines()[-1]) == (0, "[]")
