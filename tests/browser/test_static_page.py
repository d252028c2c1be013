"""The page from a disk, with 24 jobs."""

import pytest

from tests.browser import chromium, trees
from tests.browser.chromium import labels, until
from tests.browser.trees import Wanted

pytestmark = [pytest.mark.browser, chromium.NEEDS]

FOX = [
    "fun, 1:1, take 1, done",
    "fun, 2:3, take 1, done, keep, 5 stars, has a note",
    "fun, 2:3, take 2, done, reject",
    "normal, 1:1, take 1, done",
    "normal, 2:3, take 1, done",
    "normal, 3:2, take 1, done",
]
PLAYING = "selector => document.querySelector(selector)?.currentTime > 0.2"
FOCUSED = "label => document.activeElement?.getAttribute('aria-label') === label"


def count(page):
    return page.text_content("#count")


def search(page, text):
    page.fill("#search", text)
    until(page, "() => document.getElementById('count').textContent.includes('of')")


def shown(page):
    """The sums of what is shown: jobs, done, pending, failed, credits, dollars."""
    return page.eval_on_selector_all(
        "#totals tbody tr:last-child td", "all => all.map(one => one.textContent)"
    )


def test_it_is_there_with_its_prompts_totals_and_failures(page, tree_24):
    page.goto(tree_24.as_uri())
    seen = (
        count(page),
        labels(page)[:6],
        page.text_content("#grid h3"),
        shown(page),
        page.text_content("#books"),
        page.eval_on_selector_all("#failed tbody td", "all => all.map(one => one.textContent)")[-1],
    )
    assert seen == (
        "24 jobs",
        FOX,
        "a fox runs through deep snow, number 0",
        ["24", "22", "1", "1", "880", "$8.80"],
        "880 credits ($8.80) spent · 3,120 left of 4,000 · 22 files, 264.0 kB",
        "runner run spring.yaml",
    )


def test_a_search_finds_prompts_by_text_and_id(page, tree_24):
    page.goto(tree_24.as_uri())
    found = []
    for words in ("OWL", "snow number 2", "owl bear"):
        search(page, words)
        page.wait_for_timeout(200)
        found.append((count(page), page.text_content("#said")))
    assert found == [("6 of 24 jobs",) * 2, ("6 of 24 jobs",) * 2, ("0 of 24 jobs",) * 2]


def test_filters_come_from_the_jobs_themselves_and_go_together(page, tree_24):
    page.goto(tree_24.as_uri())
    names = page.eval_on_selector_all(".facet select", "all => all.map(one => one.dataset.facet)")
    page.select_option("[data-facet=mode]", "fun")
    page.select_option("[data-facet='meta.season']", "winter")
    both = count(page), shown(page)
    page.select_option("[data-facet=choice]", "keep")
    kept = count(page), labels(page)
    page.select_option("[data-facet=ratio]", "3:2")
    none = count(page), page.is_visible("#none")
    page.click("#reset")
    assert (names, both, kept, none, count(page)) == (
        ["mode", "ratio", "state", "take", "choice", "rating", "variables.animal", "meta.season"],
        ("6 of 24 jobs", ["6", "6", "0", "0", "240", "$2.40"]),
        ("1 of 24 jobs", [FOX[1]]),
        ("0 of 24 jobs", True),
        "24 jobs",
    )


def test_a_video_plays_muted_under_the_pointer_and_stops_behind_it(page, tree_24):
    page.goto(tree_24.as_uri())
    page.hover(".card .open")
    until(page, PLAYING, ".card video")
    state = "one => [one.muted, one.loop, one.paused]"
    under = page.eval_on_selector(".card video", state)
    page.hover("#count")
    until(page, "() => document.querySelector('.card video').paused")
    assert under == [True, True, False]


def test_the_keyboard_does_it_all(page, tree_24):
    page.goto(tree_24.as_uri())
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.focus(".card .open[tabindex='0']")
    until(page, PLAYING, ".card video")
    page.keyboard.press("ArrowRight")
    until(page, FOCUSED, FOX[1])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    until(page, FOCUSED, FOX[0])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    title = page.text_content("#viewer-title"), page.locator("#viewer figure").count()
    until(page, PLAYING, "#viewer video")
    page.keyboard.press("ArrowRight")
    after = page.text_content("#viewer-title"), page.text_content("#viewer .is-current .pick")
    page.keyboard.press("Escape")
    until(page, FOCUSED, FOX[2])
    page.keyboard.press("End")
    until(page, FOCUSED, "normal, 3:2, take 1, pending")
    page.keyboard.press("?")
    help_ = page.is_visible("#help dt:has-text('/')")
    page.keyboard.press("Escape")
    assert (title, after, help_, page.is_visible("#help")) == (
        ("fox: fun, 2:3, take 1", 2),
        ("fox: fun, 2:3, take 2", "take 2"),
        True,
        False,
    )


def test_what_has_no_video_says_why(page, tree_24):
    page.goto(tree_24.as_uri())
    page.select_option("[data-facet=state]", "failed")
    failed = page.text_content(".card .nothing")
    page.select_option("[data-facet=state]", "pending")
    assert (failed, page.text_content(".card .nothing")) == (
        "failed (moderation): the prompt was refused",
        "pending",
    )


def test_markup_is_text_wherever_it_comes_from(page, tmp_path):
    page.goto(trees.write_tree(tmp_path / "t", [Wanted(0, text=trees.MARKUP)]).as_uri())
    page.click(".card .open")
    seen = page.text_content("#grid h3"), page.title(), page.locator("main img, dialog img").count()
    assert seen == (trees.MARKUP, "spring-campaign", 0)


def test_files_with_odd_names_play(page, tmp_path):
    names = ["a b/100%.mp4", "c#d/e?f&g=h.mp4", "über/日本 🦊.mp4", "x:y/%2e%2e.mp4", "q'uo\"te/<b>.mp4"]
    wanted = [Wanted(0, take=take, path=name) for take, name in enumerate(names, 1)]
    page.goto(trees.write_tree(tmp_path / "odd #1 %", wanted).as_uri())
    ready = (
        "() => [...document.querySelectorAll('.card video')].filter(one => one.readyState > 0).length === 5"
    )
    until(page, ready)


def test_a_file_that_is_gone_is_said_to_be(page, tmp_path):
    index = trees.write_tree(tmp_path / "t", [Wanted(0)])
    (index.parent / "fox/fun_2x3/take-01.mp4").unlink()
    page.goto(index.as_uri())
    assert page.text_content(".card .nothing") == "fox/fun_2x3/take-01.mp4 is gone or cannot be played here"


def test_who_wants_less_motion_gets_none_by_itself(browser, tree_24):
    with chromium.page_in(browser, reduced_motion="reduce") as page:
        page.goto(tree_24.as_uri())
        page.focus(".card .open[tabindex='0']")
        page.keyboard.press("Enter")
        until(page, "() => document.querySelector('#viewer video').readyState > 0")
        assert page.eval_on_selector_all("video", "all => all.every(one => one.paused)")


def test_the_theme_can_be_switched_and_is_remembered(page, tree_24):
    page.goto(tree_24.as_uri())
    page.click("#theme")
    page.click("#theme")
    page.reload()
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (page.text_content("#theme"), back) == ("Theme: dark", "rgb(20, 22, 26)")
