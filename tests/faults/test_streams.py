"""P21: what the program says cannot be said; the engine does not care."""

import pytest

from tests.faults import checker
from tests.faults.scene import scene_in

pytestmark = pytest.mark.faults

SHELL = ["sh", "-c"]


NOWHERE = [">&-", "2>&-", ">&- 2>&-", ">/dev/full", ">/dev/full 2>/dev/full", "| true"]
SAID_ON_STDOUT = [">&-", ">/dev/full", "| true"]


@pytest.mark.parametrize(
    ("how", "more"), [*((how, ()) for how in NOWHERE), *((how, ("--json",)) for how in SAID_ON_STDOUT)]
)
def test_words_that_nobody_hears_end_no_run(tmp_path, how, more):
    with scene_in(tmp_path) as scene:
        scene.run(*more, prefix=[*SHELL, f'"$@" {how}', "sh"])
        assert checker.at_the_end(scene, scene.resume()) == []
        posts = scene.books().requests("generate")
        assert {job["state"] for job in scene.jobs()} == {"done"}
        assert len(posts) == 4


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_locale_that_knows_no_letters_changes_nothing(tmp_path, more):
    with scene_in(tmp_path) as scene:
        done = scene.run(*more, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        assert checker.at_the_end(scene, done) == []
