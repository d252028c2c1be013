"""The dataset card that each run keeps in the tree."""

import os

import pytest

from runner.core.model import JobState
from tests.app.bench import NAME

MINE = "# My videos\n"


@pytest.fixture
def made(bench):
    """Three done jobs in a tree that was listed by a run."""
    for place in range(3):
        bench.done(place)
    assert bench.run("run", "demo.yaml").code == 0
    return bench


def card_of(bench):
    return (bench.tree / "README.md").read_text(encoding="utf-8")


def changed_at(bench):
    return {path.name: path.stat().st_mtime_ns for path in bench.tree.iterdir()}


def test_a_run_writes_a_card_of_what_the_tree_holds(made):
    lines = card_of(made).splitlines()
    wanted = {"| jobs done | 3 |", "| credits spent | 120 ($1.20) |", "| manifest | `demo.yaml` |"}
    assert (wanted - set(lines), lines[0]) == (set(), "---")


def test_a_finished_manifest_run_again_writes_nothing(made):
    before = changed_at(made)
    assert made.run("run", "demo.yaml").code == 0
    assert changed_at(made) == before


def test_a_newer_version_alone_writes_nothing_and_is_named_once_something_changes(made):
    path = made.tree / "README.md"
    path.write_text(card_of(made).replace("| runner | ", "| runner | 0.0.1-older"), encoding="utf-8")
    before = changed_at(made)
    made.run("run", "demo.yaml")
    assert changed_at(made) == before
    next(made.tree.rglob("*.mp4")).unlink()
    made.run("run", "demo.yaml")
    assert ("2 videos" in card_of(made), "0.0.1-older" in card_of(made)) == (True, False)


def test_an_edited_manifest_has_another_hash(made):
    before = card_of(made)
    (made.root / "demo.yaml").write_text((made.root / "demo.yaml").read_text() + "\n\n")
    assert made.run("verify", NAME, "--repair").code == 0
    assert card_of(made) == before  # nothing was run from it yet
    made.run("run", "demo.yaml")
    assert card_of(made) != before


@pytest.mark.parametrize("kind", ["file", "link", "directory", "pipe", "not UTF-8"])
def test_a_readme_of_somebody_else_is_left_with_a_note(bench, kind):
    bench.done(0)
    path = bench.tree / "README.md"
    match kind:
        case "file":
            path.write_text(MINE)
        case "link":
            (bench.root / "mine.md").write_text(MINE)
            path.symlink_to(bench.root / "mine.md")
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "not UTF-8":
            path.write_bytes(b"\xff\n\xfe")
    before = path.lstat().st_mtime_ns
    done = bench.run("run", "demo.yaml", "--limit", "0")
    assert (done.code, "README.md was not written by this program and is left as it is" in done.err) == (
        0,
        True,
    )
    assert path.lstat().st_mtime_ns == before
    assert (bench.tree / "metadata.jsonl").exists()


def test_a_card_without_its_mark_is_somebody_elses(made):
    path = made.tree / "README.md"
    mine = "".join(line for line in card_of(made).splitlines(keepends=True) if not line.startswith("# Kept"))
    path.write_text(mine)
    next(made.tree.rglob("*.mp4")).unlink()
    made.run("run", "demo.yaml")
    assert path.read_text() == mine


def test_without_videos_there_is_no_card(bench):
    assert bench.run("run", "demo.yaml", "--limit", "0").code == 0
    assert not (bench.tree / "README.md").exists()


def test_a_card_that_is_there_says_so_when_no_video_is_left(made):
    for path in made.tree.rglob("*.mp4"):
        path.unlink()
    made.run("run", "demo.yaml")
    assert "There are no videos here yet." in card_of(made)


def test_failures_are_counted_by_class(bench):
    bench.done(0)
    bench.failed(1)
    bench.run("run", "demo.yaml", "--limit", "0")
    assert f"| {JobState.FAILED} | service | 1 |" in card_of(bench).splitlines()


def test_a_prompt_called_like_the_card_does_not_take_its_place(bench):
    bench.manifest(prompts=[{"id": "readme.md", "text": "a fox"}])
    bench.enrol()
    (path,) = bench.done(0)
    assert path.relative_to(bench.tree).as_posix() == "_readme.md/take-01.mp4"
