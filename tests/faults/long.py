"""The long run of the real program under fire, with its figures.

python -m tests.faults.long
"""

import argparse
import sys
from collections.abc import Callable

from tests.faults import boundaries, herd, injected, power, random_kills
from tests.faults.needs import missing
from tests.faults.trials import told


def main() -> int:
    """Print figures as they come; the exit code says whether anything was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.long", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    parts: list[tuple[str, tuple[str, ...], Callable[[], int]]] = [
        ("system calls", ("tracing",), lambda: _boundaries(given.seed, given.workers)),
        ("errors", ("tracing",), lambda: _errors(given.seed, given.workers)),
        (
            "power",
            power.NEEDS,
            lambda: told("power cuts (ext4)", power.sweep(100, given.seed, given.workers)),
        ),
        ("processes", (), lambda: told("four processes at once", herd.sweep(200, given.seed, given.workers))),
        (
            "kills",
            (),
            lambda: told("SIGKILL at random moments", random_kills.sweep(50, given.seed, given.workers)),
        ),
    ]
    broken = 0
    for name, needed, part in parts:
        if reason := missing(*needed):
            print(f"{name}: skipped, {reason}", flush=True)  # noqa: T201 - figures are what it is for
        else:
            broken |= part()
    return broken


def _boundaries(seed: int, workers: int) -> int:
    calls, figures = boundaries.sweep(None, seed, workers)
    return told(f"SIGKILL at every system call, {len(calls)} boundaries, once and twice", figures)


def _errors(seed: int, workers: int) -> int:
    known, figures = injected.sweep(None, seed, workers)
    return told(f"failing system calls, all {known} cases", figures)


if __name__ == "__main__":
    sys.exit(main())
