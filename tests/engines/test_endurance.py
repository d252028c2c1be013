"""The batch of ``endurance`` in a size for every day; ``python -m tests.engines`` is the full one."""

from pathlib import Path

from tests.engines.endurance import endure


def test_whoever_is_killed_the_tree_is_whole_and_the_ledger_equals_the_books(tmp_path: Path):
    found = endure(tmp_path, 200, kill_every_s=2.0)
    assert (found.violations, found.coordinator_deaths, found.scheduler_deaths) == ([], 2, 1)
    assert found.codes[-1] in {0, 4}
