"""``runner report``, and the page that a run leaves in the tree."""

import json
import re
from pathlib import Path

import pytest

from runner.app import gallery
from runner.app.kept_file import keep
from runner.files.folder import Folder
from tests.app.bench import NAME, Bench


def block(page: Path, name: str):
    pattern = rf'<script type="application/json" id="{name}">(.*?)</script>'
    found = re.search(pattern, page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def index_of(bench: Bench) -> Path:
    return bench.tree / "index.html"


def files_of(tree: Path) -> dict[str, tuple[int, int]]:
    """Every file of a tree outside of ``.partial``, with what tells whether it was written again."""
    found = (path for path in tree.rglob("*") if path.is_file() and ".partial" not in path.parts)
    return {str(path.relative_to(tree)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_leaves_a_page_that_shows_its_jobs(bench):
    assert bench.run("run", "demo.yaml", "--yes").code == 0
    rows, batch = block(index_of(bench), "jobs"), block(index_of(bench), "batch")
    assert [(row["state"], row["files"]) for row in rows] == [
        ("done", [f"p{place}/take-01.mp4"]) for place in range(3)
    ]
    assert (batch["figures"]["credits"]["spent"], batch["figures"]["running_pid"], batch["live"]) == (
        120,
        None,
        None,
    )


def test_a_finished_manifest_run_again_writes_nothing_in_the_tree(bench):
    bench.run("run", "demo.yaml", "--yes")
    before = files_of(bench.tree)
    again = bench.run("run", "demo.yaml", "--yes"), bench.run("report", NAME)
    assert ([one.code for one in again], files_of(bench.tree)) == ([0, 0], before)


def test_a_choice_made_since_makes_the_page_anew(bench):
    bench.run("run", "demo.yaml", "--yes")
    bench.choose(1, flag="keep", rating=4)
    done = bench.run("report", NAME)
    assert (done.out.splitlines()[1], [row.get("choice") for row in block(index_of(bench), "jobs")]) == (
        index_of(bench).as_uri(),
        [None, "keep", None],
    )


def test_report_says_where_the_page_is_and_how_large(bench):
    bench.done(0)
    done = bench.run("report", NAME)
    size = index_of(bench).stat().st_size
    assert (done.code, done.out, done.err) == (
        0,
        f"{index_of(bench)} ({size / 1e3:.1f} kB, 3 jobs)\n{index_of(bench).as_uri()}\n",
        "",
    )


def test_what_failed_is_in_the_page_with_what_to_do(bench):
    bench.done(0)
    bench.failed(1)
    bench.submitting(2)
    bench.run("report", NAME)
    batch = block(index_of(bench), "batch")
    assert [(one["state"], one["error_class"], one["jobs"], one["command"]) for one in batch["failures"]] == [
        ("failed", "service", 1, "runner retry demo --class service"),
        ("unknown", "unknown", 1, "runner resolve demo --task-id JOB=TASK"),
    ]
    assert [row["state"] for row in block(index_of(bench), "jobs")] == ["done", "failed", "unknown"]


def test_a_page_elsewhere_finds_the_videos(bench):
    [video] = bench.done(0)
    page = bench.root / "pages" / "spring.html"
    page.parent.mkdir()
    first, second = (bench.run("report", NAME, "-o", "pages/spring.html") for _ in range(2))
    tree, [row, *_] = block(page, "batch")["tree"], block(page, "jobs")
    found = (page.parent / tree / row["files"][0]).resolve()
    assert (first.code, second.code, found, index_of(bench).exists(), names_in(page.parent)) == (
        0,
        0,
        video.resolve(),
        False,
        ["spring.html"],
    )


@pytest.mark.parametrize("name", ["index.html", "other.html"])
def test_a_page_that_another_wrote_is_never_replaced(bench, name):
    bench.done(0)
    page = bench.tree / name
    page.write_text("<!doctype html>mine")
    arguments = [] if name == "index.html" else ["-o", str(page)]
    done = bench.run("report", NAME, *arguments)
    assert (done.code, "was not written by this program" in done.err, page.read_text()) == (
        2,
        True,
        "<!doctype html>mine",
    )


def test_a_run_that_finds_a_page_of_another_ends_well_and_says_so(bench):
    bench.tree.mkdir(parents=True)
    index_of(bench).write_text("mine")
    done = bench.run("run", "demo.yaml", "--yes")
    assert (
        done.code,
        "index.html was not written: " in done.err + done.out,
        index_of(bench).read_text(),
    ) == (
        0,
        True,
        "mine",
    )


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/etc/hostname")])
def test_what_is_no_file_in_the_place_of_the_page_is_left_alone(bench, make):
    bench.done(0)
    make(index_of(bench))
    done = bench.run("report", NAME)
    assert (done.code, index_of(bench).is_dir() or index_of(bench).is_symlink()) == (2, True)


def test_a_page_of_ours_that_was_cut_off_is_made_again(bench):
    bench.done(0)
    bench.run("report", NAME)
    whole = index_of(bench).read_bytes()
    index_of(bench).write_bytes(whole[:5000])
    bench.run("report", NAME)
    assert index_of(bench).read_bytes() == whole


def test_what_cannot_be_written_is_an_error_that_leaves_nothing(bench):
    bench.done(0)
    (bench.root / "closed").mkdir()
    done = [
        bench.run("report", NAME, "-o", place)
        for place in ("closed", "missing/x.html", "demo.yaml/x.html", "-")
    ]
    assert ([one.code for one in done], names_in(bench.root / "closed")) == ([2, 2, 2, 2], [])


def test_a_batch_without_a_tree_has_no_page_yet(bench):
    done = bench.run("report", NAME)
    assert (done.code, done.err) == (
        2,
        f"error: there is no {bench.tree}: the first video of a run makes it, unless it was moved away\n",
    )


def test_the_page_is_no_stray_and_no_video(bench):
    bench.run("run", "demo.yaml", "--yes")
    seen = bench.run("verify", NAME)
    bench.lose_state()
    adopted = bench.run("adopt", "demo.yaml")
    assert (seen.code, adopted.code, "index.html" in seen.out + seen.err + adopted.out + adopted.err) == (
        0,
        0,
        False,
    )


def test_two_that_write_it_at_once_each_leave_a_whole_page(bench):
    bench.done(0)
    with Folder(str(bench.tree)) as root:

        def slow():
            yield b"<!doctype html>"
            assert (
                bench.run("report", NAME).code == 0
            )  # another process, in the middle of a run's own writing
            yield b"the run's"

        keep(root, gallery.NAME, slow)
    assert (index_of(bench).read_text(), names_in(bench.tree / ".partial")) == (
        "<!doctype html>the run's",
        [],
    )
