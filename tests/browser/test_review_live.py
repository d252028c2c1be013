"""The review in the browser: beside a run, with several who look, and the whole loop to what is kept in the end."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys

import pytest

from tests.browser.conftest import MARKUP, manifest_of, run, runner

SLOW = "latency=1.2,spread=0,two_files=0"


@pytest.fixture
def place(tmp_path):
    """A working directory with a manifest of 12 jobs, none of which is made."""
    prompts = [{"id": "fox", "text": "a red fox"}, {"id": "owl", "text": f"an owl {MARKUP}"}]
    manifest = manifest_of(prompts=prompts, ratios=["1:1", "2:3", "3:2"], takes=2)
    manifest["limits"]["in_flight"] = 2
    (tmp_path / "demo.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


@pytest.fixture
def finished(place):
    run(place, json.loads((place / "demo.yaml").read_text(encoding="utf-8")))
    return place


@contextlib.contextmanager
def review(place):
    """The review as a process of its own; its address."""
    command = [sys.executable, "-m", "runner", "review", "demo", "--sandbox"]
    with subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=30)[1]
            assert (process.returncode, "Traceback" in said) == (0, False)


def choices(place):
    """What the state holds of choices, by the path of the job."""
    with contextlib.closing(sqlite3.connect(place / "state" / "sandbox.db")) as connection:
        sql = (
            "SELECT path, flag, rating, note, again FROM choice JOIN job ON job.id = choice.job ORDER BY path"
        )
        return connection.execute(sql).fetchall()


def saved(album):
    """Wait until the page has nothing on its way, and no trouble to tell."""
    album.until("document.querySelectorAll('[data-saving]').length === 0")
    assert album.page.locator("#message").inner_text() == ""


def test_videos_appear_while_a_run_goes_on_without_a_reload(place, open_page):
    runner(place, "run", "demo.yaml", "--sandbox", "--sandbox-options", SLOW, "--limit", "1")
    with review(place) as url:
        album = open_page(url)
        album.until("document.querySelectorAll('.cell video').length === 1")
        album.page.evaluate("window.stillHere = true")
        command = [sys.executable, "-m", "runner", "run", "demo.yaml", "--sandbox", "--sandbox-options", SLOW]
        with subprocess.Popen(
            command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as going:
            album.until("document.querySelectorAll('.cell video').length > 2")
            assert going.poll() is None
            album.until("document.querySelector('#totals').textContent.startsWith('12 jobs: 12 done')")
            assert going.wait(60) == 0
        album.until("document.querySelectorAll('.cell video').length === 12")
        assert album.page.evaluate("[window.stillHere, document.title]") == [True, "demo - gallery"]


def test_a_choice_in_one_page_shows_in_a_second_within_a_second_and_stands_in_the_state(finished, open_page):
    with review(finished) as url:
        mine, yours = open_page(url), open_page(url)
        for album in (mine, yours):
            album.until("document.querySelector('#connection').textContent === 'live'")
        mine.cell("fox, normal 2:3 take 01").focus()
        mine.press("k", "4")
        yours.until(
            "document.querySelector('[aria-label*=\"2:3 take 01, done, kept, 4 of 5 stars\"]') !== null"
        )
        yours.cell("fox, normal 2:3 take 02").focus()
        yours.press("r")
        mine.until("document.querySelectorAll('.cell[data-choice=reject]').length === 1")
        saved(mine)
        assert choices(finished) == [
            ("fox/normal_2x3/take-01", "keep", 4, None, 0),
            ("fox/normal_2x3/take-02", "reject", None, None, 0),
        ]


def test_a_choice_is_taken_back_with_its_key_and_a_note_is_kept(finished, open_page):
    with review(finished) as url:
        album = open_page(url)
        album.cells().first.focus()
        album.press("k", "k", "5", "0", "Enter")
        album.page.get_by_label("Note").fill(f"too dark {MARKUP}")
        album.press("Tab")
        album.until("document.querySelector('.cell[aria-label*=\"with a note\"]') !== null")
        saved(album)
        assert (choices(finished), album.page.title()) == (
            [("fox/normal_1x1/take-01", None, None, f"too dark {MARKUP}", 0)],
            "demo - gallery",
        )


def test_to_make_again_is_queued_with_its_price_and_spends_nothing(finished, open_page):
    with review(finished) as url:
        album = open_page(url)
        album.cells().first.focus()
        album.press("m")
        album.until("!document.querySelector('#queued').hidden")
        told = album.page.locator("#queued").inner_text()
        saved(album)
    assert told.startswith(
        "1 job is queued to be made again: the next run pays up to 40 credits ($0.40) for it."
    )
    assert choices(finished) == [("fox/normal_1x1/take-01", None, None, None, 1)]
    plan = json.loads(runner(finished, "plan", "demo.yaml", "--sandbox", "--json"))
    assert (plan["jobs"]["new"], plan["credits"]["needed"], plan["credits"]["spent"]) == (1, 40, 480)


def test_a_choice_that_cannot_be_kept_is_taken_back_and_says_why(finished, open_page, chromium):
    with review(finished) as url:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(url)
        page.locator(".cell").first.focus()
        context.set_offline(True)
        page.keyboard.press("k")
        page.locator("#message:not(:empty)").wait_for()
        said, kept = page.locator("#message").inner_text(), page.locator(".cell[data-choice=keep]").count()
        context.close()
    assert (said, kept, choices(finished)) == (
        "Not kept: the review does not answer; is it still running?",
        0,
        [],
    )


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_axe_finds_nothing_serious_where_one_can_choose(finished, open_page, look):
    with review(finished) as url:
        album = open_page(url, **look)
        album.cells().first.focus()
        album.press("k", "3", "m")
        found = album.violations()
        album.press("Enter")
        album.until("document.querySelector('#viewer').open")
        assert (found, album.violations()) == ([], [])


def test_the_whole_loop_from_twelve_videos_to_those_that_are_kept(finished, open_page):
    with review(finished) as url:
        album = open_page(url)
        album.cells().first.focus()
        for key in "rrrkkkkkkkkk":
            album.press(key, "ArrowRight")
        album.until("document.querySelectorAll('.cell[data-choice=reject]').length === 3")
        album.until("document.querySelectorAll('.cell[data-choice=keep]').length === 9")
        saved(album)
    offered = runner(finished, "retry", "demo", "--rejected", "--sandbox")
    assert "a run pays up to 120 credits ($1.20) for them" in offered
    run(finished, json.loads((finished / "demo.yaml").read_text(encoding="utf-8")))
    status = json.loads(runner(finished, "status", "demo", "--sandbox", "--json"))
    assert (status["jobs"]["done"], status["credits"]["spent"], status["files"]["count"]) == (15, 600, 15)
    runner(finished, "export", "demo", "--sandbox", "--format", "jsonl", "-o", "kept", "--kept")
    rows = [
        json.loads(line)
        for line in (finished / "kept" / "videos.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    there = sorted(
        path.relative_to(finished / "kept").as_posix() for path in (finished / "kept").rglob("*.mp4")
    )
    assert ({row["choice"] for row in rows}, sorted(row["file_name"] for row in rows)) == ({"keep"}, there)
    assert len(there) == 9
