"""Who sees little, or uses a phone, can use the page: axe finds nothing serious."""

import pytest

from tests.browser import chromium

pytestmark = [pytest.mark.browser, chromium.NEEDS]

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": chromium.PHONE, "has_touch": True},
}


def violations(page):
    """The rules that the page breaks seriously, with the elements."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return {one["id"]: [node["html"][:120] for node in one["nodes"]] for one in serious}


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_serious_is_wrong_with_the_static_page(browser, tree_24, look):
    with chromium.page_in(browser, **LOOKS[look]) as page:
        page.goto(tree_24.as_uri())
        grid = violations(page)
        page.click(".card .open")
        viewer = violations(page)
        page.keyboard.press("Escape")
        page.click("#help-button")
        assert (grid, viewer, violations(page)) == ({}, {}, {})


def test_a_phone_scrolls_in_one_direction_only(browser, tree_24):
    with chromium.page_in(browser, **LOOKS["phone"]) as page:
        page.goto(tree_24.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= chromium.PHONE["width"]
