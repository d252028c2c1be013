"""``runner sheet``: contact sheets of a batch, and what is found in its videos on the way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from runner.core.choice import Flag
from runner.store import choices
from tests.app.bench import NAME, NOW, Bench
from tests.media import footage


@pytest.fixture
def sheets(bench) -> Path:
    return bench.root / "outputs" / "demo-sheets"


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def swap(bench: Bench, file: Path, content: bytes) -> None:
    """Another video was made than the bench's own."""
    file.write_bytes(content)
    with bench.writer() as writer:
        path = str(file.relative_to(bench.tree))
        change = "UPDATE file SET bytes = ?, sha256 = ? WHERE path = ?"
        writer.write_now(
            lambda connection: connection.exec_driver_sql(change, (len(content), path, path)) and None
        )


def choose(bench: Bench, place: int, **fields) -> None:
    job = bench.job(place).pk
    with bench.writer() as writer:
        writer.write_now(choices.choose, job, fields, NOW)


def found(bench: Bench) -> list[tuple]:
    return bench.rows(
        "SELECT file.path, width, height, duration_s, fps, codec FROM media JOIN file ON file.id = media.file ORDER BY 1"
    )


def test_each_prompt_has_a_sheet_beside_the_tree(bench, sheets):
    for place in range(3):
        bench.done(place)
    done = bench.run("sheet", NAME)
    assert (done.code, done.out.splitlines(), done.err.splitlines()) == (
        0,
        [str(sheets / f"p{place}.png") for place in range(3)],
        [f"demo: 3 sheets of 3 prompts in {sheets}"],
    )
    assert (names(sheets), names(bench.tree)) == (["p0.png", "p1.png", "p2.png"], ["p0", "p1", "p2"])


def test_the_colour_of_a_video_is_that_of_its_cell(bench, sheets, tmp_path):
    files = bench.done(0)
    swap(bench, files[0], footage.film(tmp_path / "a.mp4", 192, 192, (footage.GREEN,)).read_bytes())
    assert bench.run("sheet", NAME, "--prompt", "p0").code == 0
    page = Image.open(sheets / "p0.png")
    greens = sum(
        count for count, (red, green, blue) in page.getcolors(1 << 24) if green > 240 and max(red, blue) < 15
    )
    assert greens == 240 * 240


def test_what_was_found_stands_in_the_state_once(bench):
    bench.done(0)
    ratio = bench.job(0).ratio
    bench.run("sheet", NAME)
    bench.run("sheet", NAME)
    sizes = {"1:1": (192, 192), "2:3": (160, 240), "3:2": (240, 160)}
    assert found(bench) == [("p0/take-01.mp4", *sizes[ratio], 1.0, 24.0, "h264")]


def test_what_has_no_video_has_an_empty_cell_and_is_no_error(bench, sheets):
    files = bench.done(0)
    files[0].unlink()
    bench.failed(1)
    done = bench.run("sheet", NAME)
    assert (done.code, names(sheets), found(bench)) == (0, ["p0.png", "p1.png", "p2.png"], [])


def test_a_file_that_is_no_video_is_told_and_looked_into_once(bench):
    swap(bench, bench.done(0)[0], b"Please log in")
    first, second = bench.run("sheet", NAME), bench.run("sheet", NAME)
    said = "1 file holds no picture that can be decoded here: p0/take-01.mp4: Invalid data found when processing input"
    assert (first.code, first.err.splitlines()[0], said in second.err) == (0, said, False)
    assert found(bench) == [("p0/take-01.mp4", None, None, None, None, None)]


def test_a_ratio_that_was_not_asked_for_is_told_by_sheet_and_verify(bench, tmp_path):
    wrong = footage.film(tmp_path / "a.mp4", 320, 96).read_bytes()
    for place in range(3):
        swap(bench, bench.done(place)[0], wrong)
    said = "3 videos have another ratio than was asked for, and are paid for and kept: " + "; ".join(
        f"p{place}/take-01.mp4 is 320x96, asked for {bench.job(place).ratio}" for place in range(3)
    )
    drawn, verified = bench.run("sheet", NAME), bench.run("verify", NAME)
    assert (drawn.code, drawn.err.splitlines()[0]) == (0, said)
    assert said in verified.err.splitlines()


def test_only_what_is_kept_is_drawn_if_that_is_asked(bench, sheets):
    for place in range(3):
        bench.done(place)
    nothing = bench.run("sheet", NAME, "--kept")
    choose(bench, 1, flag=Flag.KEEP, rating=5)
    choose(bench, 2, flag=Flag.REJECT)
    kept = bench.run("sheet", NAME, "--kept")
    assert (nothing.code, nothing.err, kept.code, names(sheets)) == (
        0,
        "demo: nothing to draw: nothing was chosen to be kept\n",
        0,
        ["p1.png"],
    )


def test_many_takes_are_several_pages_and_fewer_ones_take_the_others_away(bench, sheets):
    bench.manifest("a fox", takes=32)
    bench.enrol()
    bench.done(0)
    bench.run("sheet", NAME, "--columns", "2")
    many = names(sheets)
    bench.run("sheet", NAME)
    fewer = names(sheets)
    assert (many, fewer) == (["p0-2.png", "p0-3.png", "p0-4.png", "p0.png"], ["p0-2.png", "p0.png"])


def test_a_pdf_takes_the_place_of_pictures(bench, sheets):
    bench.done(0)
    done = bench.run("sheet", NAME, "--pdf", "--prompt", "p0")
    assert (done.code, names(sheets), (sheets / "p0.pdf").read_bytes()[:5]) == (0, ["p0.pdf"], b"%PDF-")


def test_another_folder_may_be_named_but_none_within_the_tree(bench):
    bench.done(0)
    elsewhere = bench.run("sheet", NAME, "-o", "for the slides")
    within = bench.run("sheet", NAME, "-o", "outputs/demo/sheets")
    assert (elsewhere.code, len(names(bench.root / "for the slides"))) == (0, 3)
    assert (within.code, within.out, names(bench.tree)) == (2, "", ["p0"])
    assert "data set loaders read" in within.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "there is no batch 'nobody'"),
        ((NAME, "--prompt", "p00"), "demo has no prompt 'p00' - did you mean"),
        ((NAME,), "demo has no videos yet: there is no "),
        ((NAME, "--font", "demo.yaml"), "demo has no videos yet"),
        ((NAME, "--columns", "0"), "--columns"),
    ],
)
def test_what_is_no_use_of_it_ends_with_2(bench, sheets, arguments, said):
    done = bench.run("sheet", *arguments)
    assert (done.code, said in done.err, names(sheets)) == (2, True, [])


def test_a_font_that_is_none_is_refused(bench, sheets):
    bench.done(0)
    done = bench.run("sheet", NAME, "--font", "demo.yaml")
    assert (done.code, "cannot be read as a font" in done.err, names(sheets)) == (2, True, [])


def test_a_run_looks_into_what_is_new_and_tells_what_is_not_as_it_was_asked_for(bench, tmp_path):
    swap(bench, bench.done(0)[0], footage.film(tmp_path / "a.mp4", 320, 96).read_bytes())
    first, second = (bench.run("run", "demo.yaml") for _ in range(2))
    told = "p0/take-01.mp4 is 320x96"
    assert (first.code, len(found(bench)), told in first.err, told in second.err) == (0, 3, True, False)


WITHOUT = """
import importlib.machinery, sys
class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in ("av", "PIL") else super().find_spec(name, path, target)
sys.meta_path = [Finder if one is importlib.machinery.PathFinder else one for one in sys.meta_path]
from runner.cli.edge import run
code = run(sys.argv[1:])
print([name for name in ("av", "PIL") if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def without_extra(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_the_extra_a_run_goes_on_as_before_and_sheet_says_how_to_get_it(bench):
    bench.done(0)
    ran = without_extra("run", "demo.yaml", "--yes")
    asked = without_extra("sheet", NAME)
    said = (
        "error: contact sheets need the extra `media` (PyAV and Pillow), which is not installed: "
        "pip install 'manifest-runner[media]'"
    )
    assert (ran.returncode, "looked into" in ran.stderr, found(bench)) == (0, False, [])
    assert (asked.returncode, asked.stderr.splitlines()) == (
        2,
        [said, "[]"],
    )


def test_a_run_loads_no_decoder_into_its_own_process(bench):
    code = "import sys; from runner.cli.edge import run; c = run(sys.argv[1:]); print('av' in sys.modules, 'PIL' in sys.modules); sys.exit(c)"
    command = [sys.executable, "-c", code, "-q", "run", "demo.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1], len(found(bench))) == (0, "False False", 3)


def test_a_finished_manifest_starts_no_decoder(bench, monkeypatch):
    bench.run("run", "demo.yaml")
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    again = bench.run("run", "demo.yaml")
    assert (again.code, again.err.count("looked into")) == (0, 0)


def test_a_decoder_that_does_not_start_fails_no_run(bench, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    done = bench.run("run", "demo.yaml")
    listed = [json.loads(line) for line in (bench.tree / "metadata.jsonl").read_text().splitlines()]
    assert (done.code, "the videos were not looked into: " in done.err, len(listed)) == (0, True, 3)
