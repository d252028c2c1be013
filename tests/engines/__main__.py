"""``python -m tests.engines [JOBS]``: the batch of ``endurance`` in its full size; exits 1 where anything was found."""

import sys
import tempfile
from pathlib import Path

from tests.engines.endurance import endure

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = endure(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
    print(found)  # noqa: T201 - its answer
    sys.exit(bool(found.violations))
