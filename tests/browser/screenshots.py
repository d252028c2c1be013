"""``python -m tests.browser.screenshots``: make the pictures of docs/gallery.md anew."""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, manifest_of, run
from tests.browser.test_review_live import review

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PROMPTS = [
    {"id": "fox", "text": "a red fox runs through deep snow at dawn", "meta": {"season": "winter"}},
    {"id": "owl", "text": "a grey owl glides over a frozen lake", "meta": {"season": "winter"}},
    {"id": "bear", "text": "a brown bear fishes in a mountain river", "meta": {"season": "summer"}},
]
LOADED = "[...document.querySelectorAll('.cell video')].every(one => one.readyState > 1)"


def opened(browser: Browser, url: str, **options: Any) -> Page:
    """A page in which no video plays by itself."""
    given = {"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce"} | options
    page = browser.new_context(**given).new_page()
    page.goto(url)
    page.locator(".cell video").first.wait_for()
    return page


def taken(page: Page, name: str) -> None:
    """Take the picture once every video in the view shows its first frame."""
    while not page.evaluate(LOADED):
        page.wait_for_timeout(50)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.context.close()


def main() -> None:
    """The page light, dark and on a phone, and the large view of a review."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        run(place, manifest_of(prompts=PROMPTS, ratios=["2:3", "3:2"], modes=["normal", "fun"], takes=2))
        with review(place) as url:
            page = opened(browser, url)
            for row, keys in enumerate(("k5", "r", "k4", "k", "rm")):
                page.locator(".cell").nth(row).focus()
                for key in keys:
                    page.keyboard.press(key)
            page.locator(".cell").nth(2).click()
            page.wait_for_timeout(300)
            taken(page, "review")
        still = (place / "outputs/sandbox/demo/index.html").as_uri()
        taken(opened(browser, still), "light")
        taken(opened(browser, still, color_scheme="dark"), "dark")
        taken(opened(browser, still, **PHONE), "phone")
        browser.close()


if __name__ == "__main__":
    main()
