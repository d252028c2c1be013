"""The list of seeded bugs stays true of the code; the bugs themselves are tried by ``python -m tests.seeded``."""

import shutil
from pathlib import Path

import pytest

from tests.seeded.bugs import BUGS
from tests.seeded.edits import Bug
from tests.seeded.trials import nothing_fails_without_a_bug, sample, tried

ROOT = Path(__file__).resolve().parents[2]

of_each_bug = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)


@of_each_bug
def test_a_seeded_bug_still_has_its_place_in_the_code(bug: Bug, tmp_path: Path) -> None:
    for edit in bug.edits:
        (tmp_path / edit.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / edit.file, tmp_path / edit.file)
    bug.apply(tmp_path)
    for edit in bug.edits:
        compile((tmp_path / edit.file).read_text(encoding="utf-8"), edit.file, "exec")


@of_each_bug
def test_the_test_that_must_catch_it_is_there(bug: Bug) -> None:
    for test in bug.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text(encoding="utf-8")


def test_there_are_at_least_30_seeded_bugs_with_names_of_their_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 30


def test_a_sample_is_spread_over_the_list() -> None:
    assert [BUGS.index(bug) for bug in sample(BUGS, 3)] == [0, len(BUGS) // 3, 2 * len(BUGS) // 3]
    assert sample(BUGS, None) == sample(BUGS, len(BUGS) + 1) == BUGS


@pytest.mark.faults
@pytest.mark.parametrize("bug", sample(BUGS, 5), ids=lambda bug: bug.name)
def test_a_seeded_bug_is_caught_by_its_test(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in CI, where pytest's summary lists what was skipped: what failed must be read all the same.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-rs")
    assert tried(bug).is_caught()


@pytest.mark.faults
def test_without_a_bug_none_of_these_tests_fails() -> None:
    assert nothing_fails_without_a_bug(sample(BUGS, 5)) == ""
