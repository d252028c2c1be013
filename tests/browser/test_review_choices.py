"""Choices in the review where something else goes on: a filter that they leave, a server that is gone, keys in a hurry."""

import json

import pytest

from tests.browser.conftest import run
from tests.browser.test_review_live import choices, place, review, saved

__all__ = ["place"]

FIRST = "fox, normal 1:1 take 01"


@pytest.fixture
def finished(place):
    run(place, json.loads((place / "demo.yaml").read_text(encoding="utf-8")))
    return place


def test_what_a_choice_takes_out_of_a_filter_stays_until_the_filter_is_changed(finished, open_page):
    with review(finished) as url:
        album = open_page(url)
        album.cells().nth(1).focus()
        album.press("r")
        album.until("document.querySelectorAll('[data-filter=choice]').length === 1")
        album.choose("Choice", "none")
        before = album.shown()
        album.cells().first.focus()
        album.press("k", "4")
        album.until("document.activeElement.getAttribute('aria-label')?.includes('4 of 5 stars') === true")
        saved(album)
        focused, names = album.focused(), album.names()
        album.press("ArrowRight", "r")
        saved(album)
        album.choose("Choice", "keep")
        after = album.shown()
    assert (before[:11], focused, len(names), after[:10]) == (
        "11 of 12 jo",
        f"{FIRST}, done, kept, 4 of 5 stars",
        11,
        "1 of 12 jo",
    )
    assert choices(finished) == [
        ("fox/normal_1x1/take-01", "keep", 4, None, 0),
        ("fox/normal_1x1/take-02", "reject", None, None, 0),
        ("fox/normal_2x3/take-01", "reject", None, None, 0),
    ]


class Held:
    """Requests that are held back until they are let go: the newest first, or cut off, the oldest first."""

    def __init__(self, page, *, reaches):
        self.waiting, self.is_open, self.reaches = [], False, reaches
        page.route("**/choices", self._came)

    def let_go(self):
        self.is_open = True
        while self.waiting:
            self._pass(self.waiting.pop(-1 if self.reaches else 0))

    def _came(self, route):
        if self.is_open:
            self._pass(route)
        else:
            self.waiting.append(route)

    def _pass(self, route):
        if self.reaches:
            route.continue_()
        else:
            route.abort("connectionrefused")  # the one that the page is to bear


def test_several_choices_that_cannot_be_kept_are_all_taken_back(finished, open_page):
    with review(finished) as url:
        album = open_page(url)
        held = Held(album.page, reaches=False)
        album.cells().first.focus()
        album.press("k", "4", "m")
        album.until("document.activeElement.getAttribute('aria-label').includes('to be made again')")
        held.let_go()
        album.until("document.querySelectorAll('[data-saving]').length === 0")
        seen = album.focused(), album.page.locator("#message").inner_text()[:8]
    assert (seen, choices(finished)) == ((f"{FIRST}, done", "Not kept"), [])


def test_choices_in_a_hurry_are_kept_in_their_order(finished, open_page):
    with review(finished) as url:
        album = open_page(url)
        held = Held(album.page, reaches=True)
        album.cells().first.focus()
        album.press("k", "r", "2", "5")
        album.until("document.activeElement.getAttribute('aria-label').includes('5 of 5')")
        held.let_go()
        saved(album)
        label = album.focused()
    assert (label, choices(finished)) == (
        f"{FIRST}, done, rejected, 5 of 5 stars",
        [("fox/normal_1x1/take-01", "reject", 5, None, 0)],
    )
