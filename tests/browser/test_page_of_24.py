"""The page of a finished batch, opened from the disk."""

import pytest


@pytest.fixture
def album(made, open_page):
    opened = open_page((made / "outputs/sandbox/demo/index.html").as_uri())
    opened.until("document.querySelectorAll('.cell').length > 0")
    return opened


def test_all_videos_are_there_by_prompt_mode_ratio_and_take(album):
    headings = [one.inner_text() for one in album.page.locator(".group h2").all()]
    first = [name.split(", done")[0] for name in album.names()[:3]]
    assert (headings[0], album.shown()) == ("a red fox in the snow", "All are shown: 960 credits ($9.60).")
    assert first == ["fox, fun 2:3 take 01", "fox, fun 2:3 take 02", "fox, fun 3:2 take 01"]


def test_markup_in_a_prompt_is_text(album):
    album.page.get_by_label("Search in prompts").fill("owl")
    album.until("document.querySelector('.group h2').textContent.includes('onerror')")
    assert (album.page.title(), album.page.locator("#grid img").count()) == ("demo - gallery", 0)


@pytest.mark.parametrize(
    ("filter_", "value", "jobs"),
    [
        ("Mode", "fun", 12),
        ("Ratio", "3:2", 12),
        ("Take", "2", 12),
        ("season", "summer", 8),
        ("place", "#2 at 100%", 8),
    ],
)
def test_it_is_filtered_by_what_its_jobs_differ_in(album, filter_, value, jobs):
    album.choose(filter_, value)
    assert album.shown() == f"{jobs} of 24 jobs are shown: {jobs * 40} credits (${jobs * 0.4:.2f})."


def test_filters_and_a_search_hold_together_and_are_cleared_together(album):
    album.choose("Mode", "fun")
    album.page.get_by_label("Search in prompts").fill("RIVER bear")
    album.until("document.querySelector('#shown').textContent.startsWith('4 of 24')")
    album.page.get_by_role("button", name="Clear").click()
    assert album.shown().startswith("All are shown")


def test_a_video_plays_while_the_pointer_or_the_focus_is_on_it(album):
    cell = album.cell("fox, fun 2:3 take 01")
    cell.hover()
    album.until("document.querySelector('.cell video').currentTime > 0.1")
    album.page.mouse.move(5, 5)
    album.until("document.querySelector('.cell video').paused")
    cell.focus()
    album.until("!document.querySelector('.cell video').paused")
    assert album.page.evaluate(
        "[document.querySelector('.cell video').muted, document.querySelector('.cell video').loop]"
    ) == [
        True,
        True,
    ]


def test_the_keys_lead_through_the_grid_and_the_large_view(album):
    album.cells().first.focus()
    album.press("ArrowRight", "ArrowDown")
    below = album.focused()
    album.press("ArrowUp", "ArrowLeft")
    assert (below, album.focused()) == ("fox, normal 3:2 take 01, done", "fox, fun 2:3 take 01, done")
    album.press("Home", "Enter")
    album.until("document.querySelector('#viewer').open")
    album.press("ArrowRight", "ArrowRight")
    title = album.page.locator("#viewer-title").inner_text()
    album.press("Escape")
    album.until("!document.querySelector('#viewer').open")
    assert (title, album.focused()) == ("fox · fun 3:2 take 01", "fox, fun 3:2 take 01, done")


def test_takes_play_side_by_side_in_the_large_view(album):
    album.cell("fox, fun 2:3 take 02").click()
    album.until("[...document.querySelectorAll('#takes video')].every(v => v.currentTime > 0.1)")
    takes = album.page.locator("#takes figcaption").all_inner_texts()
    assert [take.splitlines()[0] for take in takes] == ["take 01", "take 02"]


@pytest.mark.parametrize("prompt", ["owl", "bear"])
def test_files_with_odd_names_play(album, prompt):
    album.page.get_by_label("Search in prompts").fill(prompt)
    album.until("document.querySelector('#shown').textContent.startsWith('8 of 24')")
    album.cells().first.click()
    album.until("[...document.querySelectorAll('#takes video')].every(v => v.currentTime > 0.1)")


def test_the_keys_are_told(album):
    album.press("?")
    assert album.page.get_by_role("dialog").inner_text().splitlines()[:2] == ["Keys", "← → ↑ ↓"]


def test_dark_stays_dark(album):
    before = album.page.evaluate("document.documentElement.dataset.theme")
    album.press("d")
    assert (before, album.page.evaluate("document.documentElement.dataset.theme")) == ("light", "dark")
    album.page.reload()
    assert album.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_who_wants_no_motion_gets_none(made, open_page):
    album = open_page((made / "outputs/sandbox/demo/index.html").as_uri(), reduced_motion="reduce")
    album.cells().first.focus()
    album.until("document.querySelector('.cell video').readyState >= 1")
    assert album.page.evaluate("document.querySelector('.cell video').paused") is True


LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(made, open_page, look):
    album = open_page((made / "outputs/sandbox/demo/index.html").as_uri(), **LOOKS[look])
    album.until("document.querySelectorAll('.cell').length > 0")
    in_the_grid = album.violations()
    album.cells().first.click()
    album.until("document.querySelector('#viewer').open")
    assert (in_the_grid, album.violations()) == ([], [])


def test_nothing_is_wider_than_a_phone(made, open_page):
    album = open_page((made / "outputs/sandbox/demo/index.html").as_uri(), **LOOKS["phone"])
    assert album.page.evaluate("document.documentElement.scrollWidth <= 390") is True


def test_nothing_but_the_page_and_its_videos_is_asked_for(made, open_page):
    album = open_page("about:blank")
    asked = []
    album.page.on("request", lambda request: asked.append(request.url))
    album.page.goto((made / "outputs/sandbox/demo/index.html").as_uri())
    album.until("document.querySelectorAll('.cell video').length > 0")
    tree = (made / "outputs/sandbox/demo").as_uri()
    assert [url for url in asked if not url.startswith(tree)] == []
