"""The checker's own tests: it is content with a clean run, and sees what is planted. Not in the long suite: quick."""

import os
import sqlite3
import sys

import pytest

from tests.faults import checker
from tests.faults.scene import TOKEN, Done, Process, scene_in


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A batch that went well, with its service still there; each test puts back what it breaks."""
    with scene_in(tmp_path_factory.mktemp("checker")) as scene:
        done = scene.run()
        assert checker.at_the_end(scene, done) == []
        yield scene, done


def test_a_run_that_nothing_disturbs_holds_every_promise(finished):
    scene, _ = finished
    assert checker.during(scene) == []
    assert len(checker.tree_of(scene)) == sum(task.files for task in scene.books().tasks())


@pytest.mark.parametrize("is_waited_for", [True, False])
def test_a_traceback_fails_whoever_started_the_process(tmp_path, is_waited_for):
    started = Process.of([sys.executable, "-c", "1 / 0"], tmp_path, tmp_path, os.environ)
    with pytest.raises(AssertionError, match="a traceback reached the user"), started as process:
        process.end() if is_waited_for else process.popen.wait(60)


def test_a_second_payment_is_seen(finished):
    scene, _ = finished
    with edited(
        scene.ledger, "UPDATE tasks SET body = (SELECT body FROM tasks WHERE number = 1) WHERE number = 2"
    ):
        assert any("was paid for twice" in found for found in checker.during(scene))


def test_a_task_that_the_state_does_not_know_is_seen(finished):
    scene, _ = finished
    with edited(scene.state, "UPDATE attempt SET task_id = 'task_0' WHERE id = 1"):
        found = checker.during(scene)
    assert any("was accepted for" in one for one in found)
    assert any("the service does not" in one for one in found)


def test_books_that_do_not_add_up_are_seen(finished):
    scene, done = finished
    with edited(scene.state, "UPDATE batch SET spent = spent - 40"):
        found = checker.at_the_end(scene, done)
    assert any("the books say" in one for one in found)


@pytest.mark.parametrize("damage", [b"", b"not a video", None])
def test_a_file_that_is_not_whole_is_seen(finished, damage):
    scene, _ = finished
    path = scene.output / min(checker.tree_of(scene))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if damage is None else damage)
    assert any("is not whole" in found for found in checker.during(scene))
    path.write_bytes(whole)


def test_a_stray_file_a_leaked_token_and_a_wrong_exit_code_are_seen(finished):
    scene, done = finished
    stray = scene.output / "stray.mp4"
    stray.write_text(TOKEN)
    found = checker.at_the_end(scene, Done(4, done.out, "Traceback (most recent call last)"))
    stray.unlink()
    for sign in (
        "nobody paid for it",
        "the token stands in",
        "exit code 4 instead of 0",
        "it said 'Traceback'",
    ):
        assert any(sign in one for one in found), sign


class edited:  # noqa: N801 - reads as a word
    """A database with something changed in it, put back afterwards."""

    def __init__(self, path, statement):
        self._path, self._statement = path, statement

    def __enter__(self):
        connection = sqlite3.connect(self._path)
        self._before = sqlite3.connect(":memory:")
        connection.backup(self._before)
        with connection:
            connection.execute(self._statement)
        connection.close()

    def __exit__(self, *_):
        connection = sqlite3.connect(self._path)
        self._before.backup(connection)
        connection.close()
        self._before.close()
