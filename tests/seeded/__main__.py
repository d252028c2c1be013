"""``python -m tests.seeded [NAME ...]``: apply each bug to a copy of the tree, and see the named test fail."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.seeded.bugs import BUGS, Bug

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60.0
_FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)


def main(names: list[str]) -> int:
    """Try the named bugs, or all; 0 if each was caught within a minute."""
    unknown = set(names) - {bug.name for bug in BUGS}
    if unknown:
        return 2
    chosen = [bug for bug in BUGS if not names or bug.name in names]
    caught = sum(_try(bug) for bug in chosen)
    return 0 if caught == len(chosen) else 1


def _try(bug: Bug) -> bool:
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        copy = Path(folder)
        for part in ("runner", "tests", "manifests", "pyproject.toml", "README.md"):
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        bug.apply(copy)
        began = time.monotonic()
        failed = _run(copy, bug)
        took_s = time.monotonic() - began
    return failed is not None and took_s <= LONGEST_S


def _run(copy: Path, bug: Bug) -> str | None:
    """The first test that failed in the copy, ``None`` if all passed or none ended in time."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *bug.tests]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    found = _FAILED.search(ended.stdout)
    return found[1] if ended.returncode == 1 and found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
