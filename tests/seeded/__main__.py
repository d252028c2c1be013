"""``python -m tests.seeded [--table] [--sample N] [NAME ...]``: try each bug in a copy of the tree."""

import argparse
import sys

from tests.seeded.bugs import BUGS
from tests.seeded.trials import Trial, in_table, nothing_fails_without_a_bug, sample, tried


def main(arguments: list[str]) -> int:
    """Try the named bugs, a sample, or all; 0 if each was caught by its test within a minute, 2 for an unknown name."""
    asked = _parsed(arguments)
    unknown = set(asked.names) - {bug.name for bug in BUGS}
    if unknown:
        sys.stderr.write(f"there is no such bug: {', '.join(sorted(unknown))}\n")
        return 2
    chosen = [bug for bug in sample(BUGS, asked.sample) if not asked.names or bug.name in asked.names]
    if complaint := nothing_fails_without_a_bug(chosen):
        sys.stderr.write(f"without any bug these tests fail already:\n{complaint}\n")
        return 1
    trials = []
    for bug in chosen:
        trials.append(tried(bug))
        sys.stderr.write(f"{trials[-1].line()}\n")
    if asked.table:
        sys.stdout.write(in_table(trials))
    return 0 if all(map(Trial.is_caught, trials)) else 1


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.seeded", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the bugs to try; all without one")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, spread over the list")
    parser.add_argument("--table", action="store_true", help="print the result as a Markdown table")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
