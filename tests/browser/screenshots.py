"""``python -m tests.browser.screenshots``: make the pictures of docs/gallery.md anew."""

import tempfile
from pathlib import Path
from typing import Any

from tests.browser import chromium, trees
from tests.browser.chromium import until
from tests.browser.service import Service

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"
LOADED = "() => [...document.querySelectorAll('video')].every(one => one.readyState > 1)"
LIVE = "() => document.getElementById('link').textContent === 'Live'"


def picture(browser: Any, url: str, name: str, *, is_open: bool = False, **options: Any) -> None:
    """Take the picture of a page, with its first video opened large if ``is_open``."""
    with chromium.page_in(browser, reduced_motion="reduce", **options) as page:
        page.goto(url)
        if is_open:
            until(page, LIVE)
            page.click(".card[data-choice=keep] .open")
        page.wait_for_timeout(500)  # the videos are asked for once the page rests
        until(page, LOADED)
        page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Light, dark, phone, and the large view of a review."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium.running() as browser:
        url = trees.write_tree(Path(folder) / "spring", trees.twenty_four()).as_uri()
        picture(browser, url, "light", color_scheme="light")
        picture(browser, url, "dark", color_scheme="dark")
        picture(browser, url, "phone", viewport=chromium.PHONE, color_scheme="light")
        with Service(trees.twenty_four()) as service:
            picture(browser, service.url, "review", is_open=True, color_scheme="light")


if __name__ == "__main__":
    main()
