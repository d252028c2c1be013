"""Results of many seeds that several tests, in several processes perhaps, have in common: whoever asks first runs them."""

import fcntl
import json
import os
from collections import Counter
from pathlib import Path

from .long_run import explore


class SharedRuns:
    """Runs of whole pieces of seeds; each is made once in a test session."""

    def __init__(self, folder):
        self._folder = Path(folder)

    def piece(self, first, last):
        """How often each situation came up in these seeds, and a line with its replay for each that broke a promise."""
        kept = self._folder / f"seeds-{first}-{last}.json"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(
                lock, fcntl.LOCK_EX
            )  # who comes second waits for the result instead of making it again
            if not kept.exists():
                kept.write_text(json.dumps(explore(first, last)), encoding="utf-8")
            seen, broken = json.loads(kept.read_text(encoding="utf-8"))
        return Counter(seen), broken


def session_folder(tmp_path_factory):
    """A folder of this test session that all its processes share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
