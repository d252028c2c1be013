"""The list of seeded bugs stays true of the code; the bugs themselves are tried by ``python -m tests.seeded``."""

import shutil
from pathlib import Path

import pytest

from tests.seeded.bugs import BUGS, Bug

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_still_has_its_place_in_the_code(bug: Bug, tmp_path: Path) -> None:
    for edit in bug.edits:
        (tmp_path / edit.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / edit.file, tmp_path / edit.file)
    bug.apply(tmp_path)
    assert all((ROOT / one).exists() for one in bug.tests)


def test_there_are_at_least_25_seeded_bugs_with_names_of_their_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 25
